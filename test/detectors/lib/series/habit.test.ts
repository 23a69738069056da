import { describe, expect, it } from 'vitest';
import { HABIT_FLOATS, judgeHabit } from '../../../../detectors/lib/series/habit.ts';
import { SERIES_SETTINGS } from '../../../../detectors/lib/series/settings.ts';

const BY = { ...SERIES_SETTINGS, habitPoints: 100, habitShare: 1 };

function judgeAll(scores: readonly number[]): number[] {
  const state = new Float32Array(HABIT_FLOATS);
  return scores.map((score) => judgeHabit(state, 0, score, BY));
}

const pause = (points: number) => new Array<number>(points).fill(0);

describe('of a score', () => {
  it.each([
    { story: 'the first time, all is left', scores: [0.5], left: 0.5 },
    { story: 'the second time, half', scores: [0.5, 0.5], left: 0.25 },
    { story: 'the third time, a third', scores: [0.5, 0.5, 0.5], left: 0.167 },
    { story: 'after something less odd, all', scores: [0.3, 0.5], left: 0.5 },
    { story: 'after something odder, half', scores: [0.9, 0.5], left: 0.25 },
    { story: 'after a half-life, two thirds', scores: [0.5, ...pause(99), 0.5], left: 0.333 },
    { story: 'after very long, all', scores: [0.5, ...pause(2_000), 0.5], left: 0.5 },
    { story: 'of nothing, nothing', scores: [0.5, 0], left: 0 },
    { story: 'of the most there is, the second time, half', scores: [1, 1], left: 0.5 },
  ])('$story', ({ scores, left }) => {
    expect(judgeAll(scores).at(-1)).toBeCloseTo(left, 2);
  });
});
