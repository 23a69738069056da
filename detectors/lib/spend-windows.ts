import type { PeakLimit } from './day-peaks.ts';

export interface SpendWindow {
  feature: string;
  words: string;
  buckets: number;
  /** Times the expected spend. */
  ratio: number;
  /** Dollars above the expected spend below which nobody should be woken up, whoever it is. */
  leastUsd: number;
  /** What makes the excess large: a quarter of what the key spends in a usual day, within these bounds. */
  leastFloorUsd: number;
  mostFloorUsd: number;
  /** How it has to stand out from the largest such windows of the last two weeks' days. */
  peaks: PeakLimit;
  /** The most recent buckets that must still be hot, so that what is over already raises nothing. */
  confirmBuckets: number;
}

/** So much of a usual day's spend on top of the usual is much for a key, be it small or large. */
const FLOOR_DAYS = 0.25;

/** Shortest first. Ratios follow how burn rates of error budgets are watched: the shorter, the steeper. Short windows vary
 *  more by chance and are looked at more often, so that they have to stand out further; a day is the sum of many calls, and
 *  in simulated fleets (docs/accuracy.md) the window of a day alone found 38, 32 and 27 % with 2.5, 3 and 3.5 deviations, at
 *  6.8, 4.1 and 2.7 false alarms in 1,000 key-days. The other windows say sooner what the day says late. */
export const SPEND_WINDOWS: readonly SpendWindow[] = [
  {
    ...{ feature: 'burn-5m', words: '5 minutes', buckets: 1, ratio: 20, confirmBuckets: 0 },
    ...{
      leastUsd: 2,
      leastFloorUsd: 2,
      mostFloorUsd: 5,
      peaks: { deviations: 5, leastTimes: 2, mostTimes: 3 },
    },
  },
  {
    ...{ feature: 'burn-1h', words: 'hour', buckets: 12, ratio: 10, confirmBuckets: 1 },
    ...{
      leastUsd: 1.5,
      leastFloorUsd: 1.5,
      mostFloorUsd: 3,
      peaks: { deviations: 5, leastTimes: 2, mostTimes: 3 },
    },
  },
  {
    ...{ feature: 'burn-6h', words: '6 hours', buckets: 72, ratio: 5, confirmBuckets: 6 },
    ...{
      leastUsd: 1.5,
      leastFloorUsd: 1,
      mostFloorUsd: 2,
      peaks: { deviations: 3.5, leastTimes: 2, mostTimes: 2.5 },
    },
  },
  {
    ...{ feature: 'burn-24h', words: '24 hours', buckets: 288, ratio: 3, confirmBuckets: 0 },
    ...{
      leastUsd: 1.5,
      leastFloorUsd: 0.5,
      mostFloorUsd: 1,
      peaks: { deviations: 2.8, leastTimes: 1.5, mostTimes: 3 },
    },
  },
];

export function floorUsdOf({ leastFloorUsd, mostFloorUsd }: SpendWindow, meanDayUsd: number): number {
  return Math.min(mostFloorUsd, Math.max(leastFloorUsd, FLOOR_DAYS * meanDayUsd));
}
