import { describe, expect, it } from 'vitest';
import { RHYTHM_FLOATS, hourOf, learnRhythm, usualAt } from '../../../../detectors/lib/series/day-rhythm.ts';
import { SERIES_SETTINGS } from '../../../../detectors/lib/series/settings.ts';

const BY = { ...SERIES_SETTINGS, hourShrinkPoints: 2, hourSpreadFloor: 0.1, clipSpreads: 4 };

/** Hours take turns: an hour has 20 to 21 of its points, and the day lies around 10 with a spread of 1. */
function taught(points = 500): Float32Array {
  const state = new Float32Array(RHYTHM_FLOATS);
  for (let point = 1; point <= points; point += 1) {
    learnRhythm(state, 0, { hour: point % 24, value: 9 + (point % 3), points: point }, BY);
  }
  return state;
}

it.each([
  ['2026-01-05T00:00:00Z', 0],
  ['2026-01-05T00:59:59Z', 0],
  ['2026-01-05T23:00:00Z', 23],
  ['1969-12-31T23:00:00Z', 23],
])('at %s the hour is %d', (time, hour) => {
  expect(hourOf(Date.parse(time))).toBe(hour);
});

describe('what is usual', () => {
  it('at an hour never seen is that of the day, with some more spread', () => {
    const state = new Float32Array(RHYTHM_FLOATS);
    for (const [at, value] of [10, 12, 10, 12].entries())
      learnRhythm(state, 0, { hour: 3, value, points: at + 1 }, BY);
    const seen = usualAt(state, 0, 3, BY);
    const unseen = usualAt(state, 0, 4, BY);
    expect(unseen.mean).toBeCloseTo(11);
    expect(seen.mean).toBeCloseTo(11);
    expect(unseen.spread).toBeGreaterThan(0.5);
  });

  it('at an hour seen twice is half its own', () => {
    const state = new Float32Array(RHYTHM_FLOATS);
    for (let points = 1; points <= 2_000; points += 1)
      learnRhythm(state, 0, { hour: 1, value: points % 2, points }, BY);
    for (const points of [2_001, 2_002]) learnRhythm(state, 0, { hour: 7, value: 2.5, points }, BY);
    expect(usualAt(state, 0, 7, BY).mean).toBeCloseTo((0.5 + 2.5) / 2, 1);
  });

  it.each([
    { story: 'the hour of a burst hardly moves', hour: 7 },
    { story: 'other hours do not move', hour: 8 },
  ])('$story', ({ hour }) => {
    const state = taught();
    const before = usualAt(state, 0, hour, BY);
    learnRhythm(state, 0, { hour: 7, value: 1e6, points: 501 }, BY);
    const after = usualAt(state, 0, hour, BY);
    expect(Math.abs(after.mean - before.mean)).toBeLessThan(1);
    expect(after.spread).toBeLessThan(3 * before.spread);
  });
});
