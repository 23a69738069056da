import { DayPeaks, PEAK_DAYS } from './day-peaks.ts';

const BUCKET_MS = 600_000;
const BUCKETS = 6;
const BUCKETS_PER_DAY = 144;
export const MEASURES = ['calls', 'tokens'] as const;
export type Measure = (typeof MEASURES)[number];

/** Numbers of a measure: an hour's usual value and how many hours it comes from, the buckets of the last hour, and of these
 *  the part that is odd in itself. */
const USUAL = 0;
const HOURS = 1;
const ALL = 2;
const PART = ALL + BUCKETS;
const SIZE = PART + BUCKETS;
const PEAKS_AT = 1 + MEASURES.length * SIZE;
/** Hours of use that the usual value remembers. */
const MEMORY_HOURS = 100;
/** An hour counts as at most so many usual ones when it is learned from, so that a flood does not teach itself. */
const MOST_HOURS = 4;

export interface Volume {
  /** In the last hour: all, and the part of it. */
  all: number;
  part: number;
  /** A mean hour in which the key is used. */
  usual: number;
  /** The largest hour of the last two weeks' days, today not counted. */
  peak: number;
}

/** How many calls a key makes and how many tokens it uses within an hour, and how many of them fail or cost nothing. Coarse
 *  and small: 57 numbers. */
export class VolumeSeries {
  static readonly FLOATS = PEAKS_AT + MEASURES.length * PEAK_DAYS;
  readonly #floats: Float32Array;
  readonly #at: number;
  readonly #peaks: DayPeaks;

  /** Keeps its numbers at [at, at + FLOATS) of somebody else's array. */
  constructor(floats: Float32Array, at: number) {
    this.#floats = floats;
    this.#at = at;
    this.#peaks = new DayPeaks(floats, at + PEAKS_AT, MEASURES.length);
  }

  /** Goes on to a time; what is older than an hour is forgotten. */
  moveTo(ts: number, isLearning: boolean): void {
    const bucket = Math.floor(ts / BUCKET_MS);
    const last = this.#floats[this.#at] ?? 0;
    if (bucket <= last) return;
    if (last > 0) this.#close(last, bucket, isLearning);
    for (let one = Math.max(last + 1, bucket - BUCKETS + 1); one <= bucket; one += 1) {
      for (let measure = 0; measure < MEASURES.length; measure += 1) {
        this.#floats[this.#index(measure, ALL + (one % BUCKETS))] = 0;
        this.#floats[this.#index(measure, PART + (one % BUCKETS))] = 0;
      }
    }
    this.#floats[this.#at] = bucket;
  }

  add(measure: Measure, ts: number, value: number, isPart: boolean): void {
    const bucket = Math.floor(ts / BUCKET_MS);
    if (bucket <= (this.#floats[this.#at] ?? 0) - BUCKETS) return;
    const which = MEASURES.indexOf(measure);
    this.#increase(this.#index(which, ALL + (bucket % BUCKETS)), value);
    if (isPart) this.#increase(this.#index(which, PART + (bucket % BUCKETS)), value);
  }

  lastHour(measure: Measure): number {
    return this.#sum(MEASURES.indexOf(measure), ALL);
  }

  volume(measure: Measure): Volume {
    const which = MEASURES.indexOf(measure);
    return {
      all: this.#sum(which, ALL),
      part: this.#sum(which, PART),
      usual: this.#floats[this.#index(which, USUAL)] ?? 0,
      peak: this.#peaks.largest(which, dayOf(this.#floats[this.#at] ?? 0)),
    };
  }

  /** Somebody said that the present level is normal. */
  acceptLevel(): void {
    const day = dayOf(this.#floats[this.#at] ?? 0);
    for (let which = 0; which < MEASURES.length; which += 1)
      this.#peaks.note(which, day, this.#sum(which, ALL));
  }

  #close(last: number, next: number, isLearning: boolean): void {
    const isHourOver = Math.floor(next / BUCKETS) > Math.floor(last / BUCKETS);
    for (let which = 0; which < MEASURES.length; which += 1) {
      const all = this.#sum(which, ALL);
      const most = isLearning ? Infinity : 2 * Math.max(1, this.#peaks.largest(which, dayOf(last)));
      this.#peaks.note(which, dayOf(last), Math.min(all, most));
      if (isHourOver && all > 0) this.#learnHour(which, all);
    }
    this.#peaks.begin(dayOf(next), dayOf(last));
  }

  #learnHour(which: number, all: number): void {
    const usual = this.#floats[this.#index(which, USUAL)] ?? 0;
    const hours = Math.min((this.#floats[this.#index(which, HOURS)] ?? 0) + 1, MEMORY_HOURS);
    const learned = usual > 0 ? Math.min(all, MOST_HOURS * usual) : all;
    this.#floats[this.#index(which, HOURS)] = hours;
    this.#floats[this.#index(which, USUAL)] = usual + (learned - usual) / hours;
  }

  #sum(which: number, part: number): number {
    let sum = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket += 1)
      sum += this.#floats[this.#index(which, part + bucket)] ?? 0;
    return sum;
  }

  #increase(index: number, by: number): void {
    this.#floats[index] = (this.#floats[index] ?? 0) + by;
  }

  #index(which: number, number: number): number {
    return this.#at + 1 + which * SIZE + number;
  }
}

function dayOf(bucket: number): number {
  return Math.floor(bucket / BUCKETS_PER_DAY);
}
