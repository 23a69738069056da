import { describe, expect, it } from 'vitest';
import { DayPeaks, PEAK_DAYS } from '../../../detectors/lib/day-peaks.ts';

const LIMIT = { deviations: 3, leastTimes: 1.5, mostTimes: 4 };
const TODAY = 20_000;

function peaksOf(values: readonly number[]): DayPeaks {
  const peaks = new DayPeaks(new Float32Array(PEAK_DAYS), 0, 1);
  peaks.begin(TODAY - PEAK_DAYS + 1, TODAY - PEAK_DAYS);
  values.forEach((value, at) => {
    const day = TODAY - values.length + at;
    peaks.begin(day, day - 1);
    peaks.note(0, day, value);
  });
  peaks.begin(TODAY, TODAY - 1);
  return peaks;
}

describe('what would be far too much on a day', () => {
  it('is unknown without days before it', () => {
    expect(peaksOf([]).limit(0, TODAY, LIMIT)).toBe(0);
  });

  it('is closer for days that are alike than for days that differ', () => {
    const alike = peaksOf([8, 8, 9, 8, 8, 9, 8, 8, 9, 8]).limit(0, TODAY, LIMIT);
    const lumpy = peaksOf([3, 9, 2, 7, 3, 9, 2, 6, 3, 9]).limit(0, TODAY, LIMIT);
    expect(alike).toBeLessThan(2 * 9);
    expect(lumpy).toBeGreaterThan(2.5 * 9);
  });

  it('is wider while only few days are known', () => {
    const few = peaksOf([8]).limit(0, TODAY, LIMIT);
    expect(few).toBeGreaterThan(peaksOf(new Array<number>(13).fill(8)).limit(0, TODAY, LIMIT));
  });

  it('lies between the least and the most times the largest', () => {
    expect(peaksOf([1, 1, 1, 1, 1, 1, 1, 50]).limit(0, TODAY, LIMIT)).toBe(75);
    expect(peaksOf([0.01, 10]).limit(0, TODAY, LIMIT)).toBeLessThanOrEqual(40);
  });

  it('takes no notice of days of rest and of today', () => {
    const peaks = peaksOf([8, 0, 8, 0, 8]);
    const before = peaks.limit(0, TODAY, LIMIT);
    peaks.note(0, TODAY, 1_000);
    expect(peaks.limit(0, TODAY, LIMIT)).toBe(before);
    expect(before).toBeCloseTo(peaksOf([8, 8, 8]).limit(0, TODAY, LIMIT));
  });

  it('forgets after two weeks', () => {
    const peaks = peaksOf([100]);
    peaks.begin(TODAY + PEAK_DAYS, TODAY);
    expect(peaks.largest(0, TODAY + PEAK_DAYS)).toBe(0);
  });
});
