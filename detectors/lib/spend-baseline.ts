const HOURS = 24;
const BINS = 2 * HOURS;
/** Two weeks of hours: what the baseline remembers. */
const MEMORY_HOURS = 336;
/** A bin's memory, in visits of that hour: two weeks of working days. */
const MEMORY_VISITS = 10;
/** How many visits a bin needs before it weighs as much as the key's mean. */
const SHRINK_VISITS = 12;
const BUCKETS_PER_HOUR = 12;
/** Lets a key that never spent anything begin to. */
const LEAST_HOUR_USD = 0.01;

/** What an hour usually costs: working days and weekends by hour of day, shrunk to the mean. A spike cannot teach
 *  itself: what is learned from one hour is clipped. */
export class SpendBaseline {
  static readonly FLOATS = 2 * BINS;
  /** From `#meansAt` on the means, behind them how often each was visited. */
  readonly #floats: Float32Array;
  readonly #meansAt: number;
  readonly #visitsAt: number;
  #meanHourUsd = 0;
  #hours = 0;

  /** Keeps its numbers at [at, at + FLOATS) of somebody else's array. */
  constructor(floats: Float32Array, at: number) {
    this.#floats = floats;
    this.#meansAt = at;
    this.#visitsAt = at + BINS;
  }

  meanHourUsd(): number {
    return this.#meanHourUsd;
  }

  learnHour(hour: number, usd: number, isLearning: boolean): void {
    const bin = binOf(hour);
    const most = 4 * this.#expectedHourUsd(bin) + 0.5 * this.#meanHourUsd + LEAST_HOUR_USD;
    const learned = isLearning ? usd : Math.min(usd, most);
    this.#hours = Math.min(this.#hours + 1, MEMORY_HOURS);
    this.#meanHourUsd += (learned - this.#meanHourUsd) / this.#hours;
    const visits = Math.min(this.#visits(bin) + 1, MEMORY_VISITS);
    this.#floats[this.#visitsAt + bin] = visits;
    this.#floats[this.#meansAt + bin] = this.#mean(bin) + (learned - this.#mean(bin)) / visits;
  }

  /** Usual spend of the window of 5-minute buckets that ends with `bucket`. */
  expectedUsd(bucket: number, buckets: number): number {
    let left = buckets;
    let usd = 0;
    let hour = Math.floor(bucket / BUCKETS_PER_HOUR);
    let part = Math.min(left, (bucket % BUCKETS_PER_HOUR) + 1);
    while (left > 0) {
      usd += (this.#expectedHourUsd(binOf(hour)) * part) / BUCKETS_PER_HOUR;
      left -= part;
      part = Math.min(left, BUCKETS_PER_HOUR);
      hour -= 1;
    }
    return usd;
  }

  raiseTo(hourUsd: number): void {
    if (hourUsd <= this.#meanHourUsd) return;
    const factor = this.#meanHourUsd === 0 ? 0 : hourUsd / this.#meanHourUsd;
    for (let bin = 0; bin < BINS; bin += 1) this.#floats[this.#meansAt + bin] = this.#mean(bin) * factor;
    this.#meanHourUsd = hourUsd;
  }

  save(): [number, number] {
    return [this.#meanHourUsd, this.#hours];
  }

  restore([meanHourUsd, hours]: [number, number]): void {
    this.#meanHourUsd = meanHourUsd;
    this.#hours = hours;
  }

  #expectedHourUsd(bin: number): number {
    const visits = this.#visits(bin);
    const own = visits / (visits + SHRINK_VISITS);
    return own * this.#mean(bin) + (1 - own) * this.#meanHourUsd;
  }

  #mean(bin: number): number {
    return this.#floats[this.#meansAt + bin] ?? 0;
  }

  #visits(bin: number): number {
    return this.#floats[this.#visitsAt + bin] ?? 0;
  }
}

/** Epoch day 0 was a Thursday. */
function binOf(hour: number): number {
  const weekday = (Math.floor(hour / HOURS) + 4) % 7;
  const isWeekend = weekday === 0 || weekday === 6;
  return (isWeekend ? HOURS : 0) + (hour % HOURS);
}
