import type { Context, Core } from '../../detectors/detector.ts';
import type { Event } from '../../detectors/event.ts';
import { createJudge } from '../detect/judge.ts';
import type { Judge } from '../detect/judge.ts';
import type { Enricher } from '../enrichment/enricher.ts';
import type { Finding } from '../topics.ts';

const MINUTE_MS = 60_000;

export interface StreamJudged {
  context: Context;
  /** What the event itself led to. */
  findings: readonly Finding[];
  /** What the minutes that passed led to, for teams as well as for keys; undefined when none passed. */
  ofTime: readonly Finding[] | undefined;
}

/** Judges recorded events as detect judges live ones. The clock is the newest event time so far. */
export class StreamJudge {
  readonly #core: Core;
  readonly #judge: Judge;
  #clock = 0;
  #minuteEnds = 0;

  constructor(core: Core, enricher: Enricher) {
    this.#core = core;
    this.#judge = createJudge(core, enricher);
  }

  /** Epoch milliseconds of the stream; 0 before the first event. */
  now(): number {
    return this.#clock;
  }

  take(event: Event): StreamJudged {
    this.#clock = Math.max(this.#clock, event.ts);
    // As if it had come in live, at the time at which the stream is.
    event.receivedAt = this.#clock;
    event.isImport = false;
    const { context, findings } = this.#judge.judgeEvent(event);
    return { context, findings, ofTime: this.#clock < this.#minuteEnds ? undefined : this.passTime() };
  }

  /** To be called at the end of the stream, too. */
  passTime(): readonly Finding[] {
    this.#minuteEnds = (Math.floor(this.#clock / MINUTE_MS) + 1) * MINUTE_MS;
    const origin = { receivedAt: this.#clock, isImport: false };
    const findings = [...this.#judge.tick(this.#clock, origin)];
    for (const rollup of this.#core.drainRollups()) this.#core.takeRollup(rollup);
    for (const minute of this.#core.closeMinutes(Infinity))
      findings.push(...this.#judge.judgeRollup(minute, origin));
    return findings;
  }
}
