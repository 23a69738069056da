import type { Event } from '../../detectors/event.ts';
import type { IncidentSnapshot } from '../incidents/incident.ts';
import type { Notification } from '../notifiers/notifier.ts';
import type { Finding } from '../topics.ts';

interface OfDetector {
  findings: Set<string>;
  incidents: Set<string>;
}

/** What a block would have changed. Dollars are those of the suspicious calls, as the detectors counted them. */
export interface Block {
  at: number;
  incident: IncidentSnapshot;
  usdBefore: number;
  usdAfter: number;
}

/** Everything that is counted during a replay. */
export class Tally {
  events = 0;
  teaching = 0;
  repeats = 0;
  notifications = 0;
  usd = 0;
  firstAt = Infinity;
  lastAt = 0;
  readonly keys = new Set<string>();
  readonly rejections = new Map<string, number>();
  /** Messages about automatic blocking itself: caps and breaker. */
  readonly pauses = new Map<string, number>();
  /** Incidents that people were told of, each with the time from its first suspicious call to the first message. */
  readonly toldAfterMs = new Map<string, number>();
  readonly detectors = new Map<string, OfDetector>();
  incidents: readonly IncidentSnapshot[] = [];
  readonly #blocked = new Map<string, { at: number; usdBefore: number }>();

  event({ ts, keyId, costUsd }: Event, isJudged: boolean): void {
    this.events += 1;
    if (!isJudged) {
      this.teaching += 1;
      return;
    }
    if (ts < this.firstAt) this.firstAt = ts;
    if (ts > this.lastAt) this.lastAt = ts;
    this.usd += costUsd;
    if (keyId !== '') this.keys.add(keyId);
  }

  rejected(code: string): void {
    this.rejections.set(code, (this.rejections.get(code) ?? 0) + 1);
  }

  repeated(): void {
    this.repeats += 1;
  }

  finding({ detector, findingId }: Finding): void {
    this.#detector(detector).findings.add(findingId);
  }

  notification({ incident, transition, at }: Omit<Notification, 'auditAnchor'>): void {
    this.notifications += 1;
    if (incident === undefined) {
      this.pauses.set(transition, (this.pauses.get(transition) ?? 0) + 1);
      return;
    }
    const { incidentId, firstEventAt } = incident;
    if (!this.toldAfterMs.has(incidentId)) this.toldAfterMs.set(incidentId, Math.max(0, at - firstEventAt));
    if (incident.containment !== 'simulated' || this.#blocked.has(incidentId)) return;
    this.#blocked.set(incidentId, { at, usdBefore: incident.usdLost });
  }

  /** The incidents as they stand at the end. */
  close(incidents: Iterable<IncidentSnapshot>): void {
    this.incidents = [...incidents];
    for (const { incidentId, evidence } of this.incidents) {
      for (const { detector } of evidence) this.#detector(detector).incidents.add(incidentId);
    }
  }

  days(): number {
    return this.lastAt > this.firstAt ? (this.lastAt - this.firstAt) / 86_400_000 : 0;
  }

  blocks(): Block[] {
    const blocks = this.incidents.flatMap((incident) => {
      const blocked = this.#blocked.get(incident.incidentId);
      if (blocked === undefined) return [];
      const usdAfter = Math.max(0, incident.usdLost - blocked.usdBefore);
      return [{ at: blocked.at, incident, usdBefore: blocked.usdBefore, usdAfter }];
    });
    return blocks.sort((a, b) => a.at - b.at);
  }

  #detector(id: string): OfDetector {
    const known = this.detectors.get(id);
    if (known !== undefined) return known;
    const fresh = { findings: new Set<string>(), incidents: new Set<string>() };
    this.detectors.set(id, fresh);
    return fresh;
  }
}
