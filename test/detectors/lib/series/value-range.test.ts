import { describe, expect, it } from 'vitest';
import { SERIES_SETTINGS } from '../../../../detectors/lib/series/settings.ts';
import {
  RANGE_FLOATS,
  beginRange,
  judgeRange,
  learnRange,
} from '../../../../detectors/lib/series/value-range.ts';

const BY = { ...SERIES_SETTINGS, memoryPoints: 10, rangeRarity: 2, rangeRarityPerSpan: 100, mostRarity: 8 };

/** Knows values from 0 to 100. */
function zeroToHundred(): Float32Array {
  const state = new Float32Array(RANGE_FLOATS);
  beginRange(state, 0, 0);
  learnRange(state, 0, { value: 100, isBounded: false }, BY);
  return state;
}

it.each([
  { value: 0, rarity: 0 },
  { value: 100, rarity: 0 },
  { value: 101, rarity: 3 },
  { value: -3, rarity: 5 },
  { value: 106, rarity: 8 },
  { value: 1e9, rarity: 8 },
])('outside 0 to 100, $value has a rarity of $rarity', ({ value, rarity }) => {
  expect(judgeRange(zeroToHundred(), 0, value, BY)).toBeCloseTo(rarity, 3);
});

it.each([
  { story: 'doubles at most', isBounded: true, value: 1e9, after: 201, isOutside: true },
  { story: 'doubles at most', isBounded: true, value: 1e9, after: 199, isOutside: false },
  { story: 'doubles at most downwards', isBounded: true, value: -1e9, after: -101, isOutside: true },
  {
    story: 'takes what comes during the warm-up',
    isBounded: false,
    value: 1e9,
    after: 1e8,
    isOutside: false,
  },
])(
  'a range $story: after $value, $after is outside: $isOutside',
  ({ isBounded, value, after, isOutside }) => {
    const state = zeroToHundred();
    learnRange(state, 0, { value, isBounded }, BY);
    expect(judgeRange(state, 0, after, BY) > 0).toBe(isOutside);
  },
);

describe('a value seen once', () => {
  it.each([
    { points: 8, isOutside: false },
    { points: 18, isOutside: false },
    { points: 19, isOutside: true },
  ])('after $points more points of 50 is outside: $isOutside', ({ points, isOutside }) => {
    const state = zeroToHundred();
    for (let point = 0; point < points; point += 1) learnRange(state, 0, { value: 50, isBounded: true }, BY);
    expect(judgeRange(state, 0, 90, BY) > 0).toBe(isOutside);
  });
});
