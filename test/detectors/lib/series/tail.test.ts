import { describe, expect, it } from 'vitest';
import { SERIES_SETTINGS } from '../../../../detectors/lib/series/settings.ts';
import { TAIL_FLOATS, judgeTail } from '../../../../detectors/lib/series/tail.ts';
import { seededRandom } from '../../../support/seeded-random.ts';

function judgeAll(sizes: readonly number[], state = new Float32Array(TAIL_FLOATS)): number[] {
  return sizes.map((size, at) => judgeTail(state, 0, { size, points: at + 1 }, SERIES_SETTINGS));
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

it('one absurd size does not hide the large ones after it', () => {
  const rarities = judgeAll([...exponential(1_000), 1e12, ...exponential(300), 100]);
  expect(rarities.at(-1)).toBeGreaterThan(5);
});
