import { expect, it } from 'vitest';
import { CHOICES, splitHalf } from '../../../bench/nab/split-half.ts';

const STANDARD = { tpWeight: 1, fpWeight: 0.11, fnWeight: 1 };
/** A file whose only window is found at that score, and nothing else. */
const foundAt = (threshold: number) => ({ steps: [{ threshold, change: 2 }], windows: 1 });
const EASY = Array.from({ length: 10 }, () => foundAt(0.5));
const UNEVEN = Array.from({ length: 10 }, (_, at) => foundAt(at / 10 + 0.05));

it('is the whole score where one threshold fits all files', () => {
  expect(splitHalf([EASY], STANDARD)).toEqual({ mean: 100, deviation: 0 });
});

it('is less where the other half needs another threshold', () => {
  const { mean, deviation } = splitHalf([UNEVEN], STANDARD);
  expect(mean).toBeLessThan(100);
  expect(deviation).toBeGreaterThan(0);
});

it('is the same each time', () => {
  expect(splitHalf([UNEVEN], STANDARD)).toEqual(splitHalf([UNEVEN], STANDARD));
});

it('takes the settings that are best on the half they are chosen on', () => {
  const useless = EASY.map(() => ({ steps: [], windows: 1 }));
  expect(splitHalf([useless, EASY], STANDARD).mean).toBe(100);
});

it('chooses among settings that differ', () => {
  expect(new Set(CHOICES.map((choice) => JSON.stringify(choice))).size).toBe(81);
});
