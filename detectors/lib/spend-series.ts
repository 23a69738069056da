import { DayPeaks, PEAK_DAYS } from './day-peaks.ts';
import { floatsToText, textToFloats } from './float-text.ts';
import { SpendBaseline } from './spend-baseline.ts';
import { floorUsdOf, SPEND_WINDOWS } from './spend-windows.ts';
import type { SpendWindow } from './spend-windows.ts';
import { VolumeSeries } from './volume-series.ts';

const BUCKET_MS = 300_000;
const BUCKETS_PER_HOUR = 12;
const RING = 288;
const HOURS_PER_DAY = 24;
const CONFIRM_RATIO = 1.5;
const PEAKS_AT = RING + SpendBaseline.FLOATS;
const VOLUME_AT = PEAKS_AT + SPEND_WINDOWS.length * PEAK_DAYS;
const LIMITS_AT = SPEND_WINDOWS.length;
const PEAK_LIMITS_AT = 2 * SPEND_WINDOWS.length;

export interface Burning {
  window: SpendWindow;
  floorUsd: number;
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
  series?: string;
}

/** What a key or team spends: 24 h in buckets of 5 minutes, what is usual, and the thresholds that follow from both.
 *  Adding to the current bucket costs next to nothing; everything else happens once in 5 minutes. */
export class SpendSeries {
  #bucket = -1;
  #current = 0;
  /** Spend of the current hour, current bucket included. */
  #hourUsd = 0;
  /** The ring of buckets, the baseline's numbers, the peaks, the volume: one array, because a view of it for each would take more
   *  memory than what is in it. */
  readonly #floats = new Float32Array(VOLUME_AT + VolumeSeries.FLOATS);
  readonly #baseline = new SpendBaseline(this.#floats, RING);
  readonly #peaks = new DayPeaks(this.#floats, PEAKS_AT, SPEND_WINDOWS.length);
  readonly volume = new VolumeSeries(this.#floats, VOLUME_AT);
  /** Made from the fields above: spend of each window without the current bucket, then what would be too much, then the
   *  part of that which the days before today say, made once a day. */
  readonly #made = new Float64Array(3 * SPEND_WINDOWS.length);
  #peaksDay = -1;
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
        floorUsd: this.#floorUsd(window),
        totalUsd: this.#windowUsd(at),
        expectedUsd: this.#expectedUsd(window.buckets),
        peakUsd: this.#peaks.largest(at, dayOf(this.#bucket)),
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
    this.volume.acceptLevel();
    this.#refresh();
  }

  save(): SavedSpend {
    return {
      bucket: this.#bucket,
      current: this.#current,
      hourUsd: this.#hourUsd,
      baseline: this.#baseline.save(),
      series: floatsToText(this.#floats),
    };
  }

  /** What an older version saved is learned anew. */
  restore(saved: SavedSpend): void {
    if (saved.series === undefined) return;
    this.#bucket = saved.bucket;
    this.#current = saved.current;
    this.#hourUsd = saved.hourUsd;
    this.#baseline.restore(saved.baseline);
    textToFloats(saved.series, this.#floats);
    this.#peaksDay = -1;
    this.#isMade = this.#bucket < 0;
  }

  #make(): void {
    if (!this.#isMade) this.#refresh();
  }

  #moveTo(bucket: number, isLearning: boolean): void {
    if (this.#bucket >= 0) {
      this.#closeBucket(isLearning);
      this.#closeHours(hourOf(bucket), isLearning);
      this.#peaks.begin(dayOf(bucket), dayOf(this.#bucket));
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

  /** Bounded influence: after learning, one day can at most double what counts as the largest window so far. */
  #notePeak(at: number, usd: number, isFree: boolean): void {
    const window = SPEND_WINDOWS[at];
    if (window === undefined) return;
    const day = dayOf(this.#bucket);
    const most = isFree ? Infinity : Math.max(this.#peaks.largest(at, day) * 2, this.#floorUsd(window) / 2);
    this.#peaks.note(at, day, Math.min(usd, most));
  }

  #floorUsd(window: SpendWindow): number {
    return floorUsdOf(window, this.meanDayUsd());
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
    this.#makePeakLimits();
    for (let at = 0; at < SPEND_WINDOWS.length; at += 1) {
      const window = SPEND_WINDOWS[at];
      if (window === undefined) continue;
      const expectedUsd = this.#expectedUsd(window.buckets);
      const closedUsd = this.#closedUsd(window.buckets);
      const limit = Math.max(
        window.ratio * expectedUsd,
        expectedUsd + Math.max(window.leastUsd, this.#floorUsd(window)),
        this.#made[PEAK_LIMITS_AT + at] ?? 0,
      );
      this.#made[at] = closedUsd;
      this.#made[LIMITS_AT + at] = limit;
      this.#leastRoom = Math.min(this.#leastRoom, limit - closedUsd);
    }
  }

  #makePeakLimits(): void {
    const day = dayOf(this.#bucket);
    if (day === this.#peaksDay) return;
    this.#peaksDay = day;
    SPEND_WINDOWS.forEach(({ peaks }, at) => {
      this.#made[PEAK_LIMITS_AT + at] = this.#peaks.limit(at, day, peaks);
    });
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
