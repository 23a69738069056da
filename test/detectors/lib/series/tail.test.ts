import { describe, expect, it } from 'vitest';
import { SERIES_SETTINGS } from '../../../../detectors/lib/series/settings.ts';
import { TAIL_FLOATS, judgeTail, turnTail } from '../../../../detectors/lib/series/tail.ts';
import { seededRandom } from '../../../support/seeded-random.ts';

/** With it a known size says as much as a new one. */
const ALL_COUNT = { ...SERIES_SETTINGS, knownShare: 1 };

function judgeAll(sizes: readonly number[], state = new Float32Array(TAIL_FLOATS), by = ALL_COUNT): number[] {
  return sizes.map((size, at) => judgeTail(state, 0, { size, points: at + 1 }, by));
}

function exponential(points: number): number[] {
  const random = seededRandom(3);
  return Array.from({ length: points }, () => -5 * Math.log(1 - random()));
}

describe('rarity', () => {
  it.each([
    { rarity: 1.6, oneIn: 40 },
    { rarity: 2, oneIn: 100 },
    { rarity: 3, oneIn: 1_000 },
  ])('of $rarity comes about once in $oneIn where the tail is exponential', ({ rarity, oneIn }) => {
    const rarities = judgeAll(exponential(100_000)).slice(1_000);
    const share = rarities.filter((one) => one >= rarity).length / rarities.length;
    expect(share * oneIn).toBeGreaterThan(0.5);
    expect(share * oneIn).toBeLessThan(2);
  });

  it('does not depend on the unit', () => {
    const sizes = exponential(2_000);
    const [one, other] = [judgeAll(sizes), judgeAll(sizes.map((size) => size * 1_024))];
    one.forEach((rarity, at) => expect(other[at]).toBeCloseTo(rarity, 3));
  });

  it('is at most what the settings say, and 0 up to the quantile', () => {
    const rarities = judgeAll([...exponential(500), 1e20, 0]);
    expect(rarities.at(-2)).toBe(SERIES_SETTINGS.mostRarity);
    expect(rarities.at(-1)).toBe(0);
  });
});

describe('a size that was there before', () => {
  const state = () => {
    const floats = new Float32Array(TAIL_FLOATS);
    judgeAll([...exponential(1_000), 60], floats);
    return floats;
  };
  const judge = (floats: Float32Array, size: number, by = SERIES_SETTINGS) =>
    judgeTail(floats, 0, { size, points: 1_002 }, by);

  it('says less, by the share that the settings give', () => {
    expect(judge(state(), 59)).toBeCloseTo(0.7 * judge(state(), 59, ALL_COUNT));
    expect(judge(state(), 61)).toBe(judge(state(), 61, ALL_COUNT));
  });

  it.each([
    { turns: 1, isKnown: true },
    { turns: 2, isKnown: false },
  ])('is known after $turns turn(s): $isKnown', ({ turns, isKnown }) => {
    const floats = state();
    for (let turn = 0; turn < turns; turn += 1) turnTail(floats, 0);
    const copy = floats.slice();
    expect(judge(floats, 59) < judge(copy, 59, ALL_COUNT)).toBe(isKnown);
  });

  it('is learned bounded: after one absurd size, the next large one is new again', () => {
    const floats = state();
    judge(floats, 1e12);
    expect(judge(floats.slice(), 119)).toBeLessThan(judge(floats.slice(), 119, ALL_COUNT));
    expect(judge(floats.slice(), 121)).toBe(judge(floats.slice(), 121, ALL_COUNT));
  });
});
