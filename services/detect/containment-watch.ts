import type { Fact } from '../../detectors/detector.ts';
import type { Event } from '../../detectors/event.ts';
import type { Command } from '../topics.ts';

/** Successes of a blocked key that are reported one by one; after that, one in this many milliseconds. */
const FIRST_SUCCESSES = 3;
const REPORT_EVERY_MS = 10_000;
/** Keys whose newest denial is remembered in case their block is not known here yet. */
const MAX_EARLY = 1_000;

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
  /** Oldest first. A thief may be refused, and give up, before the fact of the block has come here. */
  readonly #early = new Map<string, Command & { type: 'observed' }>();

  /** Returns the proof when it came before the fact. */
  applyFact(fact: Fact): Command | undefined {
    if (fact.type === 'restored') this.#watched.delete(fact.keyId);
    if (fact.type !== 'revoked') return undefined;
    const { keyId, at: since, sentAt: deniedFrom = since } = fact;
    const early = this.#early.get(keyId);
    this.#early.delete(keyId);
    const proof = early !== undefined && early.endedAt >= deniedFrom ? early : undefined;
    const denials = proof === undefined ? 0 : 1;
    this.#watched.set(keyId, { since, deniedFrom, denials, successes: 0, reportedAt: 0 });
    return proof;
  }

  /** What respond has to know about this event, if anything. */
  observe(event: Event): Command | undefined {
    const watched = this.#watched.get(event.keyId);
    if (event.isImport) return undefined;
    if (watched === undefined) {
      if (event.outcome === 'blocked_key') this.#noteEarly(event);
      return undefined;
    }
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
    return JSON.stringify({ watched: [...this.#watched], early: [...this.#early] });
  }

  restore(text: string): void {
    const saved = JSON.parse(text) as {
      watched: [string, Watched][];
      early: [string, Command & { type: 'observed' }][];
    };
    for (const [keyId, watched] of saved.watched) this.#watched.set(keyId, watched);
    for (const [keyId, denial] of saved.early) this.#early.set(keyId, denial);
  }

  #noteEarly(event: Event): void {
    this.#early.delete(event.keyId);
    this.#early.set(event.keyId, toCommand(event, 'denied', event.ts - event.durationMs));
    if (this.#early.size <= MAX_EARLY) return;
    const [oldest] = this.#early.keys();
    if (oldest !== undefined) this.#early.delete(oldest);
  }
}

function toCommand(
  event: Event,
  outcome: 'success' | 'denied',
  startedAt: number,
): Command & { type: 'observed' } {
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
