import { transition } from '../../incidents/lifecycle.ts';
import type { Change } from '../../incidents/lifecycle.ts';
import type { ActionSnapshot } from '../../incidents/incident.ts';
import type { Fact } from '../../../detectors/detector.ts';
import type { AuditEntry } from '../../audit/audit-log.ts';
import type { Archive } from './archive.ts';
import type { Dossier } from './dossier.ts';
import type { Effect, PlannedAction } from './effects.ts';
import { noticeOf } from './notices.ts';
import type { Notice, NoticeOptions } from './notices.ts';
import { actionRow, changeRow, incidentRow } from './rows.ts';
import type { Situation } from './situation.ts';

export interface TurnParts {
  archive: Archive;
  situation: Situation;
  publicUrl: string;
  simulate: boolean;
}

/** `ref` is the same when the same decision is made again: a crash must not audit it twice. */
type AuditDetail = Record<string, unknown> & { ref: string };

/** Everything one input leads to: changes of incidents, and the effects in the order in which they must happen. */
export class Turn {
  readonly now: number;
  readonly archive: Archive;
  readonly situation: Situation;
  readonly simulate: boolean;
  readonly #publicUrl: string;
  readonly #effects: Effect[] = [];
  /** Rows come last: what acts and what tells must not wait for them. */
  readonly #rows: Effect[] = [];
  readonly #touched = new Set<Dossier>();

  constructor(parts: TurnParts, now: number) {
    this.now = now;
    this.archive = parts.archive;
    this.situation = parts.situation;
    this.simulate = parts.simulate;
    this.#publicUrl = parts.publicUrl;
  }

  /** Moves an incident; false when the change says nothing new or is refused. */
  change(dossier: Dossier, change: Change): boolean {
    const before = dossier.incident;
    const after = transition(before, change);
    if (after === before) return false;
    dossier.incident = after;
    this.touch(dossier);
    const entry = after.timeline.at(-1);
    if (entry !== undefined && entry !== before.timeline.at(-1)) {
      this.#rows.push(changeRow(after, entry));
      this.count('incident', after.kind, entry.change);
    }
    return true;
  }

  opened(dossier: Dossier): void {
    const { incident } = dossier;
    this.archive.add(dossier);
    this.touch(dossier);
    for (const entry of incident.timeline) this.#rows.push(changeRow(incident, entry));
    this.count('incident', incident.kind, 'opened');
  }

  /** Something of the dossier changed, if only what people do not see. */
  touch(dossier: Dossier): void {
    this.#touched.add(dossier);
  }

  row(row: Effect & { type: 'row' }): void {
    this.#rows.push(row);
  }

  actionRow(dossier: Dossier, action: ActionSnapshot, latencyMs: number): void {
    this.#rows.push(actionRow(dossier.incident, action, { at: this.now, latencyMs }));
    this.count('action', action.kind, action.state);
  }

  audit(entry: Omit<AuditEntry, 'ts' | 'detail'> & { detail: AuditDetail }): void {
    this.#effects.push({ type: 'audit', entry: { ts: this.now, ...entry } });
  }

  act(action: PlannedAction): void {
    this.#effects.push({ type: 'act', action });
  }

  fact(fact: Fact): void {
    if (!this.simulate) this.#effects.push({ type: 'fact', fact });
  }

  judged({ incident }: Dossier): void {
    if (!this.simulate) this.#effects.push({ type: 'judged', incident });
  }

  /** Tells people about a transition, unless they were told. */
  notify(dossier: Dossier, options: Omit<NoticeOptions, 'at' | 'publicUrl'>): void {
    const notice = noticeOf(dossier.incident, { ...options, at: this.now, publicUrl: this.#publicUrl });
    if (dossier.told.includes(notice.notificationId)) return;
    dossier.told.push(notice.notificationId);
    dossier.tellAt = undefined;
    dossier.toldSeverity = dossier.incident.severity;
    dossier.toldKind = dossier.incident.kind;
    this.touch(dossier);
    this.announce(notice);
  }

  announce(notice: Notice): void {
    this.#effects.push({ type: 'notify', notification: notice });
  }

  count(what: 'incident' | 'action', kind: string, state: string): void {
    this.#rows.push({ type: 'count', what, kind, state });
  }

  publicUrl(): string {
    return this.#publicUrl;
  }

  finish(): Effect[] {
    for (const dossier of this.#touched) {
      this.archive.markChanged(dossier);
      this.#rows.push(incidentRow(dossier.incident));
    }
    return [...this.#effects, ...this.#rows];
  }
}
