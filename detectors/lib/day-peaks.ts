/** Days that are remembered, today included. */
export const PEAK_DAYS = 14;
/** What is believed of a key before its days are known: the largest windows of its days differ by about a third, and this
 *  weighs as much as four days of its own. Without it, two days alike would make the third one an event. */
const PRIOR_DEVIATION = 0.3;
const PRIOR_DAYS = 4;

export interface PeakLimit {
  /** Standard deviations of the logarithm over the usual day. */
  deviations: number;
  /** Times the largest day of all: at least, because what was there nearly as large is nothing new; and at most, because
   *  one day far out makes the deviation as wide as itself. */
  leastTimes: number;
  mostTimes: number;
}

/** The largest value of each of the last two weeks' days, for several measures: what a key did at most, and how much its
 *  days differ. A key whose days are alike has a close limit, a lumpy one a wide one. */
export class DayPeaks {
  readonly #floats: Float32Array;
  readonly #at: number;
  readonly #measures: number;

  /** Keeps its numbers at [at, at + measures * PEAK_DAYS) of somebody else's array. */
  constructor(floats: Float32Array, at: number, measures: number) {
    this.#floats = floats;
    this.#at = at;
    this.#measures = measures;
  }

  /** Days from the one after `last` up to `day` have nothing yet. */
  begin(day: number, last: number): void {
    for (let one = Math.max(last + 1, day - PEAK_DAYS + 1); one <= day; one += 1)
      for (let measure = 0; measure < this.#measures; measure += 1)
        this.#floats[this.#index(measure, one)] = 0;
  }

  note(measure: number, day: number, value: number): void {
    const index = this.#index(measure, day);
    this.#floats[index] = Math.max(this.#floats[index] ?? 0, value);
  }

  /** Of the days before this one. */
  largest(measure: number, day: number): number {
    let largest = 0;
    for (let before = 1; before < PEAK_DAYS; before += 1)
      largest = Math.max(largest, this.#floats[this.#index(measure, day - before)] ?? 0);
    return largest;
  }

  /** What would be far too much on this day, judged by the days before it; days of rest do not count. 0 when there are
   *  none. */
  limit(measure: number, day: number, { deviations, leastTimes, mostTimes }: PeakLimit): number {
    let days = 0;
    let sum = 0;
    let squares = 0;
    for (let before = 1; before < PEAK_DAYS; before += 1) {
      const value = this.#floats[this.#index(measure, day - before)] ?? 0;
      if (value <= 0) continue;
      const log = Math.log(value);
      days += 1;
      sum += log;
      squares += log * log;
    }
    if (days === 0) return 0;
    const mean = sum / days;
    const own = Math.max(0, squares - days * mean * mean);
    const variance = (own + PRIOR_DAYS * PRIOR_DEVIATION ** 2) / (days - 1 + PRIOR_DAYS);
    // The mean of few days is itself uncertain.
    const tail = Math.exp(mean + deviations * Math.sqrt(variance * (1 + 1 / days)));
    const largest = this.largest(measure, day);
    return Math.min(mostTimes * largest, Math.max(leastTimes * largest, tail));
  }

  #index(measure: number, day: number): number {
    return this.#at + measure * PEAK_DAYS + (((day % PEAK_DAYS) + PEAK_DAYS) % PEAK_DAYS);
  }
}
