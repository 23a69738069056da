import type { Mark } from '../topics.ts';
import { isWaiting } from './worth-saying.ts';

/** What is younger is judged at once, wherever the others are: they cannot be far behind without being behind the clock. */
const LIVE_MS = 10 * 60_000;
/** Older events (an import, a backlog) are judged at most so far ahead of other partitions. Well below the day after which a
 *  network that another partition tells of counts, and much, because each step of all costs a round through the log. */
export const MAX_LEAD_MS = 12 * 3_600_000;
/** What is sent at once comes to all partitions within this time. */
const ARRIVAL_MS = 300;
/** A partition that says nothing for so long has no process, or hangs; the others must not. Much longer than another process
 *  takes to go on with it, also on a machine that is overloaded. */
const SILENT_MS = 2 * 60_000;
/** Live events may wait behind older ones of their partition, so one that speaks and does not come near is not waited for
 *  for ever. */
export const LONGEST_WAIT_MS = 5 * 60_000;
/** So that it is noticed when somebody has been silent for too long. */
const LOOK_EVERY_MS = 3_000;

interface Heard {
  mark: Mark;
  /** By our own clock. */
  at: number;
}

/** What one partition knows of the others. */
export class Peers {
  readonly #own: number;
  readonly #count: number;
  readonly #now: () => number;
  readonly #openedAt: number;
  readonly #heard = new Map<number, Heard>();
  #wake: () => void = () => undefined;

  constructor({ partition, partitions, now }: { partition: number; partitions: number; now: () => number }) {
    this.#own = partition;
    this.#count = partitions;
    this.#now = now;
    this.#openedAt = now();
  }

  note(mark: Mark): void {
    this.#heard.set(mark.partition, { mark, at: this.#now() });
    this.#wake();
  }

  /** Says of an event time whether our partition may be judged so far now. `busySince`: when events began to come after a
   *  silence. That others had nothing left before then says nothing about what has come for them meanwhile. */
  horizon(busySince: number): (ts: number) => boolean {
    let slowest = Infinity;
    for (const { mark, at } of this.#others()) {
      const hasNothing = mark.isIdle && at - busySince > ARRIVAL_MS;
      if (!hasNothing) slowest = Math.min(slowest, mark.next);
    }
    const judgeTo = slowest + MAX_LEAD_MS;
    const liveFrom = this.#now() - LIVE_MS;
    return (ts) => ts <= judgeTo || ts >= liveFrom;
  }

  /** Somebody is held up, and wants to know where everybody is. */
  areWaiting(): boolean {
    return this.#others().some(({ mark }) => isWaiting(mark));
  }

  /** All partitions, our own too, have given out their rollups of minutes before this one. Whoever is so far behind that
   *  nobody waits for it to be judged is not waited for here either. */
  closedBefore(): number {
    if (this.#count === 1) return Infinity;
    const own = this.#heard.get(this.#own)?.mark.openFrom ?? 0;
    const others = this.#others().map(({ mark }) => mark);
    const least = Math.max(own, ...others.map(({ openFrom }) => openFrom)) - 2 * MAX_LEAD_MS;
    const near = others.filter(({ openFrom }) => openFrom === 0 || openFrom >= least);
    return Math.min(own, ...near.map(({ openFrom }) => openFrom));
  }

  /** Newest event that any partition has judged. */
  watermark(): number {
    return Math.max(0, ...[...this.#heard.values()].map(({ mark }) => mark.watermark));
  }

  /** Resolves when one of them has said something, or is silent for too long, or `signal` is aborted. */
  async change(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, LOOK_EVERY_MS);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
      signal.addEventListener('abort', this.#wake, { once: true });
    });
    signal.removeEventListener('abort', this.#wake);
  }

  /** Those that count: one that was never heard of has all before it. */
  #others(): Heard[] {
    const others: Heard[] = [];
    for (let partition = 0; partition < this.#count; partition += 1) {
      if (partition === this.#own) continue;
      const heard = this.#heard.get(partition);
      if (this.#now() - (heard?.at ?? this.#openedAt) > SILENT_MS) continue;
      others.push(heard ?? { mark: unheard(partition), at: this.#openedAt });
    }
    return others;
  }
}

function unheard(partition: number): Mark {
  const news = { networks: [], probes: [] };
  return { partition, watermark: 0, next: 0, openFrom: 0, isIdle: false, news };
}
