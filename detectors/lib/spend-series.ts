import { floatsToText, textToFloats } from './float-text.ts';
import { SpendBaseline } from './spend-baseline.ts';

const BUCKET_MS = 300_000;
const BUCKETS_PER_HOUR = 12;
const RING = 288;
const PEAK_DAYS = 14;
const HOURS_PER_DAY = 24;
/** A window has to beat the largest one of the last two weeks by this factor: the key's own learned tail. */
const PEAK_FACTOR = 2;

export interface SpendWindow {
  feature: string;
  words: string;
  buckets: number;
  /** Times the expected spend. */
  ratio: number;
  /** Dollars above the expected spend below which nobody should be woken up. */
  floorUsd: number;
  /** The most recent buckets that must still be hot, so that what is over already raises nothing. */
  confirmBuckets: number;
}

/** Shortest first. Ratios and floors follow how burn rates of error budgets are watched: the shorter, the steeper. */
export const SPEND_WINDOWS: readonly SpendWindow[] = [
  { feature: 'burn-5m', words: '5 minutes', buckets: 1, ratio: 30, floorUsd: 5, confirmBuckets: 0 },
  { feature: 'burn-1h', words: 'hour', buckets: 12, ratio: 10, floorUsd: 3, confirmBuckets: 1 },
  { feature: 'burn-6h', words: '6 hours', buckets: 72, ratio: 5, floorUsd: 2, confirmBuckets: 6 },
  { feature: 'burn-24h', words: '24 hours', buckets: 288, ratio: 3, floorUsd: 1, confirmBuckets: 0 },
];
const CONFIRM_RATIO = 1.5;
const PEAKS_AT = RING + SpendBaseline.FLOATS;
const LIMITS_AT = SPEND_WINDOWS.length;

export interface Burning {
  window: SpendWindow;
  totalUsd: number;
  expectedUsd: number;
  /** Largest spend in such a window in the last two weeks. */
  peakUsd: number;
}

export interface SavedSpend {
  bucket: number;
  current: number;
  hourUsd: number;
  baseline: [number, number];
  /** Missing in what an older version saved. */
  numbers?: string;
}

/** What a key or team spends: 24 h in buckets of 5 minutes, what is usual, and the thresholds that follow from both.
 *  Adding to the current bucket costs next to nothing; everything else happens once in 5 minutes. */
export class SpendSeries {
  #bucket = -1;
  #current = 0;
  /** Spend of the current hour, current bucket included. */
  #hourUsd = 0;
  /** The ring of buckets, the baseline's numbers, the peaks: one array, because a view of it for each would take more
   *  memory than what is in it. */
  readonly #floats = new Float32Array(PEAKS_AT + SPEND_WINDOWS.length * PEAK_DAYS);
  readonly #baseline = new SpendBaseline(this.#floats, RING);
  /** Made from the fields above: spend of each window without the current bucket, then what would be too much. */
  readonly #made = new Float64Array(2 * SPEND_WINDOWS.length);
  #leastRoom = Infinity;
  /** After `restore` they are made when they are asked for: most often time has moved on by then, and they are made anew. */
  #isMade = true;

  /** Adds dollars at a time; what is older than a day changes nothing any more. */
  add(ts: number, usd: number, isLearning: boolean): void {
    const bucket = Math.floor(ts / BUCKET_MS);
    if (bucket === this.#bucket) {
      this.#current += usd;
      this.#hourUsd += usd;
    } else if (bucket > this.#bucket) {
      this.#moveTo(bucket, isLearning);
      this.#current = usd;
      this.#hourUsd += usd;
    } else if (bucket > this.#bucket - RING) {
      this.#floats[bucket % RING] = (this.#floats[bucket % RING] ?? 0) + usd;
      if (hourOf(bucket) === hourOf(this.#bucket)) this.#hourUsd += usd;
      this.#refresh();
    }
  }

  /** Every window that spends too much now, shortest first. */
  burning(): Burning[] {
    this.#make();
    if (this.#current < this.#leastRoom) return [];
    const found: Burning[] = [];
    for (let at = 0; at < SPEND_WINDOWS.length; at += 1) {
      const window = SPEND_WINDOWS[at];
      if (window === undefined || this.#windowUsd(at) < (this.#made[LIMITS_AT + at] ?? Infinity)) continue;
      if (!this.#isStillHot(window)) continue;
      found.push({
        window,
        totalUsd: this.#windowUsd(at),
        expectedUsd: this.#expectedUsd(window.buckets),
        peakUsd: this.#peak(at),
      });
    }
    return found;
  }

  lastHourUsd(): number {
    return this.#windowUsd(1);
  }

  lastDayUsd(): number {
    return this.#windowUsd(3);
  }

  expectedHourUsd(): number {
    return this.#expectedUsd(BUCKETS_PER_HOUR);
  }

  meanDayUsd(): number {
    return this.#baseline.meanHourUsd() * HOURS_PER_DAY;
  }

  /** Somebody said that the present level is normal. */
  acceptLevel(): void {
    this.#baseline.raiseTo(this.lastDayUsd() / HOURS_PER_DAY);
    for (let at = 0; at < SPEND_WINDOWS.length; at += 1) this.#notePeak(at, this.#windowUsd(at), true);
    this.#refresh();
  }

  save(): SavedSpend {
    return {
      bucket: this.#bucket,
      current: this.#current,
      hourUsd: this.#hourUsd,
      baseline: this.#baseline.save(),
      numbers: floatsToText(this.#floats),
    };
  }

  /** What an older version saved is learned anew. */
  restore(saved: SavedSpend): void {
    if (saved.numbers === undefined) return;
    this.#bucket = saved.bucket;
    this.#current = saved.current;
    this.#hourUsd = saved.hourUsd;
    this.#baseline.restore(saved.baseline);
    textToFloats(saved.numbers, this.#floats);
    this.#isMade = this.#bucket < 0;
  }

  #make(): void {
    if (!this.#isMade) this.#refresh();
  }

  #moveTo(bucket: number, isLearning: boolean): void {
    if (this.#bucket >= 0) {
      this.#closeBucket(isLearning);
      this.#closeHours(hourOf(bucket), isLearning);
      this.#closeDays(dayOf(bucket));
      const zeroUntil = Math.min(bucket, this.#bucket + RING);
      for (let at = this.#bucket + 1; at <= zeroUntil; at += 1) this.#floats[at % RING] = 0;
    }
    this.#bucket = bucket;
    this.#current = 0;
    this.#refresh();
  }

  #closeBucket(isLearning: boolean): void {
    this.#floats[this.#bucket % RING] = this.#current;
    if (this.#current === 0) return;
    for (let at = 0; at < SPEND_WINDOWS.length; at += 1) this.#notePeak(at, this.#windowUsd(at), isLearning);
  }

  #closeHours(nextHour: number, isLearning: boolean): void {
    const hour = hourOf(this.#bucket);
    if (nextHour === hour) return;
    this.#baseline.learnHour(hour, this.#hourUsd, isLearning);
    this.#hourUsd = 0;
    const from = Math.max(hour + 1, nextHour - PEAK_DAYS * HOURS_PER_DAY);
    for (let at = from; at < nextHour; at += 1) this.#baseline.learnHour(at, 0, isLearning);
  }

  #closeDays(nextDay: number): void {
    const from = Math.max(dayOf(this.#bucket) + 1, nextDay - PEAK_DAYS + 1);
    for (let day = from; day <= nextDay; day += 1) {
      for (let at = 0; at < SPEND_WINDOWS.length; at += 1)
        this.#floats[PEAKS_AT + at * PEAK_DAYS + (day % PEAK_DAYS)] = 0;
    }
  }

  /** Largest window of the days before today. */
  #peak(at: number): number {
    const today = dayOf(this.#bucket) % PEAK_DAYS;
    let peak = 0;
    for (let day = 0; day < PEAK_DAYS; day += 1) {
      if (day !== today) peak = Math.max(peak, this.#floats[PEAKS_AT + at * PEAK_DAYS + day] ?? 0);
    }
    return peak;
  }

  /** Bounded influence: after learning, one day can at most double what counts as the largest window so far. */
  #notePeak(at: number, usd: number, isFree: boolean): void {
    const floorUsd = SPEND_WINDOWS[at]?.floorUsd ?? 0;
    const most = isFree ? Infinity : Math.max(this.#peak(at) * 2, floorUsd / 2);
    const index = PEAKS_AT + at * PEAK_DAYS + (dayOf(this.#bucket) % PEAK_DAYS);
    this.#floats[index] = Math.max(this.#floats[index] ?? 0, Math.min(usd, most));
  }

  #windowUsd(at: number): number {
    this.#make();
    return (this.#made[at] ?? 0) + this.#current;
  }

  #closedUsd(buckets: number): number {
    let usd = 0;
    for (let at = this.#bucket - buckets + 1; at < this.#bucket; at += 1)
      usd += this.#floats[mod(at, RING)] ?? 0;
    return usd;
  }

  #expectedUsd(buckets: number): number {
    if (buckets === RING) return this.meanDayUsd();
    return this.#baseline.expectedUsd(this.#bucket, buckets);
  }

  #isStillHot({ confirmBuckets }: SpendWindow): boolean {
    if (confirmBuckets === 0) return true;
    // The current bucket has only begun, so the one before it counts too.
    const recentUsd = this.#closedUsd(confirmBuckets + 1) + this.#current;
    return recentUsd > CONFIRM_RATIO * this.#expectedUsd(confirmBuckets);
  }

  #refresh(): void {
    this.#isMade = true;
    this.#leastRoom = Infinity;
    for (let at = 0; at < SPEND_WINDOWS.length; at += 1) {
      const window = SPEND_WINDOWS[at];
      if (window === undefined) continue;
      const expectedUsd = this.#expectedUsd(window.buckets);
      const closedUsd = this.#closedUsd(window.buckets);
      const limit = Math.max(
        window.ratio * expectedUsd,
        expectedUsd + window.floorUsd,
        PEAK_FACTOR * this.#peak(at),
      );
      this.#made[at] = closedUsd;
      this.#made[LIMITS_AT + at] = limit;
      this.#leastRoom = Math.min(this.#leastRoom, limit - closedUsd);
    }
  }
}

function hourOf(bucket: number): number {
  return Math.floor(bucket / BUCKETS_PER_HOUR);
}

function dayOf(bucket: number): number {
  return Math.floor(bucket / RING);
}

function mod(value: number, by: number): number {
  return ((value % by) + by) % by;
}
