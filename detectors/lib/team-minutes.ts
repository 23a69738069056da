import type { Rollup } from '../detector.ts';
import { addSpend, largestOf, MinuteBook } from './minute-book.ts';
import { MAX_ROLLUP_KEYS } from './rollup-book.ts';

/** Puts together what the partitions say about a team's minute, so that it is judged once and as a whole. */
export class TeamMinutes {
  readonly #book = new MinuteBook();
  /** Minutes before this one were given out; what still comes of them is booked on the oldest open one. */
  #openFrom = 0;
  #isChanged = false;

  add(rollup: Rollup): void {
    const open = this.#book.of(rollup.team, Math.max(this.#openFrom, rollup.minute));
    open.calls += rollup.calls;
    open.totalTokens += rollup.totalTokens;
    open.costUsd += rollup.costUsd;
    for (const key of rollup.keys) addSpend(open, key);
    this.#isChanged = true;
  }

  /** Minutes that are whole, because every partition has given out all before this one; oldest first. */
  takeBefore(minute: number): Rollup[] {
    if (minute <= this.#openFrom) return [];
    const taken = this.#book.takeBefore(minute).map((open) => ({
      ...open,
      partition: 0,
      keys: largestOf(open, MAX_ROLLUP_KEYS),
    }));
    const openFrom = Number.isFinite(minute) ? minute : (taken.at(-1)?.minute ?? 0);
    if (taken.length === 0 && openFrom <= this.#openFrom) return [];
    this.#openFrom = Math.max(this.#openFrom, openFrom);
    this.#isChanged = true;
    return taken;
  }

  /** True once after each change. */
  takeChanged(): boolean {
    const isChanged = this.#isChanged;
    this.#isChanged = false;
    return isChanged;
  }

  save(): string {
    return JSON.stringify({ openFrom: this.#openFrom, open: this.#book.save() });
  }

  restore(text: string): void {
    const saved = JSON.parse(text) as { openFrom: number; open: ReturnType<MinuteBook['save']> };
    this.#openFrom = saved.openFrom;
    this.#book.restore(saved.open);
  }
}
