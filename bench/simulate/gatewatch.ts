import { createCore } from '../../detectors/core.ts';
import type { Event } from '../../detectors/event.ts';
import type { Enricher } from '../../services/enrichment/enricher.ts';
import type { IncidentSnapshot } from '../../services/incidents/incident.ts';
import { StreamJudge } from '../../services/replay/stream-judge.ts';
import { createDesk } from '../../services/respond/desk/desk.ts';
import type { Desk } from '../../services/respond/desk/desk.ts';
import type { Effect } from '../../services/respond/desk/effects.ts';
import { TABLES } from '../../services/stores/tables.ts';
import type { Finding } from '../../services/topics.ts';
import { DAY_MS } from './call.ts';

const LEARNING_DAYS = 7;
const MINUTE_MS = 60_000;
/** A person looks at why automatic blocks stopped, and resumes. */
const RESUME_MS = 30 * MINUTE_MS;
/** The caps on blocks protect a fleet that is attacked far less; here the rule is measured, not the caps. */
const NO_CAPS = { per10min: 1e9, perHour: 1e9, perDay: 1e9, fleetPercent: 100, teamPercent: 100 };

/** Where a row of an incident holds the whole of it. */
const DETAIL_AT = TABLES.incidents.columns.findIndex(({ name }) => name === 'detail');

export interface Told {
  at: number;
  incident: IncidentSnapshot;
  /** True when people were told just now, false when an incident only grew. */
  isMessage: boolean;
}

/** The detectors, incidents and decisions of the product, with the stream's own time as the clock. */
export class Gatewatch {
  readonly #judge: StreamJudge;
  readonly #desk: Desk;
  readonly #onTold: (told: Told) => void;
  #resumeAt = Infinity;
  #commands = 0;
  #tickedAt = 0;
  breakerTrips = 0;

  constructor(enricher: Enricher, keys: number, onTold: (told: Told) => void) {
    const core = createCore({
      ...{ partition: 0, partitions: 1, learningMs: LEARNING_DAYS * DAY_MS },
      ...{ maxKeys: 10 * keys, maxReadyKeys: 10 * keys },
    });
    this.#judge = new StreamJudge(core, enricher);
    this.#desk = createDesk({
      ...{ mode: 'enforce', caps: NO_CAPS, protectedKeys: [], graceMs: DAY_MS },
      ...{ publicUrl: 'http://localhost', simulate: true },
    });
    this.#onTold = onTold;
  }

  take(event: Event) {
    const { context, findings, ofTime } = this.#judge.take(event);
    this.#handOn(findings);
    if (ofTime !== undefined) this.#passTime(ofTime);
    return context;
  }

  finish(): void {
    this.#passTime(this.#judge.passTime());
  }

  #passTime(findings: readonly Finding[]): void {
    const now = this.#judge.now();
    this.#handOn(findings);
    if (now - this.#tickedAt < MINUTE_MS) return;
    this.#tickedAt = now;
    if (now >= this.#resumeAt) this.#resume(now);
    else if (this.#desk.isFrozen() && this.#resumeAt === Infinity) {
      this.breakerTrips += 1;
      this.#resumeAt = now + RESUME_MS;
    }
    this.#apply(this.#desk.tick(now), now);
  }

  #resume(now: number): void {
    this.#resumeAt = Infinity;
    this.#commands += 1;
    const commandId = `resume-${this.#commands.toString()}`;
    this.#apply(
      this.#desk.applyCommand({ type: 'freeze', commandId, at: now, on: false, actor: 'operator' }, now),
      now,
    );
  }

  #handOn(findings: readonly Finding[]): void {
    const now = this.#judge.now();
    for (const finding of findings) this.#apply(this.#desk.applyFinding(finding, now), now);
  }

  #apply(effects: readonly Effect[], now: number): void {
    for (const effect of effects) {
      if (effect.type === 'row' && effect.table === 'incidents') this.#tell(effect.row, now);
      if (effect.type !== 'notify') continue;
      const { incident, at } = effect.notification;
      if (incident !== undefined) this.#onTold({ at, incident, isMessage: true });
    }
  }

  #tell(row: string, at: number): void {
    const detail = (JSON.parse(row) as unknown[])[DETAIL_AT] as string;
    const incident = JSON.parse(detail) as IncidentSnapshot;
    if (incident.status !== 'resolved') this.#onTold({ at, incident, isMessage: false });
  }
}
