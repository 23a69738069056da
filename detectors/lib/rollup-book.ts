import type { Rollup } from '../detector.ts';
import type { Event } from '../event.ts';
import { addSpend, largestOf, MinuteBook } from './minute-book.ts';

const MINUTE_MS = 60_000;
/** A minute is closed when event time is this far past its end; what comes later is booked on the oldest open one. */
const LATENESS_MS = 2 * MINUTE_MS;
export const MAX_ROLLUP_KEYS = 8;

/** Spend per team and minute, until the minute is over. Each is given out once, and no call is left out. */
export class RollupBook {
  readonly #partition: number;
  readonly #book = new MinuteBook();
  /** Minutes before this one are closed. */
  #openFrom = 0;
  #watermark = 0;
  #isChanged = false;

  constructor(partition: number) {
    this.#partition = partition;
  }

  add(event: Event): void {
    if (event.ts > this.#watermark) this.#watermark = event.ts;
    if (event.team === '') return;
    this.#isChanged = true;
    const minute = Math.max(this.#openFrom, Math.floor(event.ts / MINUTE_MS) * MINUTE_MS);
    const open = this.#book.of(event.team, minute);
    open.calls += 1;
    open.totalTokens += event.totalTokens;
    open.costUsd += event.costUsd;
    addSpend(open, event);
  }

  moveTo(watermark: number): void {
    if (watermark > this.#watermark) this.#watermark = watermark;
  }

  /** All before it was given out. */
  openFrom(): number {
    return this.#openFrom;
  }

  drain(): Rollup[] {
    const openFrom = Math.floor((this.#watermark - LATENESS_MS) / MINUTE_MS) * MINUTE_MS;
    if (openFrom <= this.#openFrom) return [];
    this.#openFrom = openFrom;
    this.#isChanged = true;
    return this.#book.takeBefore(openFrom).map((open) => ({
      ...open,
      partition: this.#partition,
      keys: largestOf(open, MAX_ROLLUP_KEYS),
    }));
  }

  /** True once after each change. */
  takeChanged(): boolean {
    const isChanged = this.#isChanged;
    this.#isChanged = false;
    return isChanged;
  }

  save(): string {
    return JSON.stringify({
      openFrom: this.#openFrom,
      watermark: this.#watermark,
      open: this.#book.save(),
    });
  }

  restore(text: string): void {
    const saved = JSON.parse(text) as {
      openFrom: number;
      watermark: number;
      open: ReturnType<MinuteBook['save']>;
    };
    this.#openFrom = saved.openFrom;
    this.#watermark = saved.watermark;
    this.#book.restore(saved.open);
  }
}
