import type { Fact } from '../../detectors/detector.ts';
import type { Event } from '../../detectors/event.ts';
import type { Command } from '../topics.ts';

/** Successes of a blocked key that are reported one by one; after that, one in this many milliseconds. */
const FIRST_SUCCESSES = 3;
const REPORT_EVERY_MS = 10_000;

interface Watched {
  since: number;
  /** Denials from then on are ours. */
  deniedFrom: number;
  denials: number;
  successes: number;
  reportedAt: number;
}

/** Looks at the traffic of keys that were taken out of service: the proof that a block works, or that it does not. */
export class ContainmentWatch {
  readonly #watched = new Map<string, Watched>();

  applyFact(fact: Fact): void {
    if (fact.type === 'revoked') {
      const { keyId, at: since, sentAt: deniedFrom = since } = fact;
      this.#watched.set(keyId, { since, deniedFrom, denials: 0, successes: 0, reportedAt: 0 });
    } else if (fact.type === 'restored') {
      this.#watched.delete(fact.keyId);
    }
  }

  /** What respond has to know about this event, if anything. */
  observe(event: Event): Command | undefined {
    const watched = this.#watched.get(event.keyId);
    if (watched === undefined || event.isImport) return undefined;
    const startedAt = event.ts - event.durationMs;
    if (event.outcome === 'blocked_key') {
      // Earlier ones come from another block and prove nothing about this one; the next must still be reported.
      if (event.ts < watched.deniedFrom) return undefined;
      watched.denials += 1;
      return watched.denials === 1 ? toCommand(event, 'denied', startedAt) : undefined;
    }
    if (event.status !== 'success' || startedAt <= watched.since) return undefined;
    watched.successes += 1;
    watched.denials = 0;
    if (watched.successes > FIRST_SUCCESSES && event.ts - watched.reportedAt < REPORT_EVERY_MS)
      return undefined;
    watched.reportedAt = event.ts;
    return toCommand(event, 'success', startedAt);
  }

  save(): string {
    return JSON.stringify([...this.#watched]);
  }

  restore(text: string): void {
    for (const [keyId, watched] of JSON.parse(text) as [string, Watched][]) this.#watched.set(keyId, watched);
  }
}

function toCommand(event: Event, outcome: 'success' | 'denied', startedAt: number): Command {
  return {
    type: 'observed',
    // A caller may choose the id of a call, and must not hide one success behind another.
    commandId: `obs_${event.eventId}_${event.ts}`,
    at: event.receivedAt,
    keyId: event.keyId,
    eventId: event.eventId,
    outcome,
    startedAt,
    endedAt: event.ts,
  };
}
