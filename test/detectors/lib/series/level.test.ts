import { expect, it } from 'vitest';
import { moved } from '../../../../detectors/lib/series/level.ts';

it.each([
  { story: 'a value nearby', value: 14, mean: 10.4, spread: 2.2 },
  { story: 'just as far as it may', value: 18, mean: 10.8, spread: 2.6 },
  { story: 'a burst: counts as 8 away, its deviation as 16', value: 1e9, mean: 10.8, spread: 3.4 },
  { story: 'a collapse', value: -1e9, mean: 9.2, spread: 3.4 },
])('learns a tenth of $story', ({ value, mean, spread }) => {
  const level = moved({ mean: 10, spread: 2 }, value, { rate: 0.1, farthest: 8 });
  expect(level.mean).toBeCloseTo(mean);
  expect(level.spread).toBeCloseTo(spread);
});
