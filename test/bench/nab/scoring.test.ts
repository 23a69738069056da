import { describe, expect, it } from 'vitest';
import { bestThreshold, normalisedScore, stepsOf, worthOf } from '../../../bench/nab/scoring.ts';
import type { Window } from '../../../bench/nab/scoring.ts';

const STANDARD = { tpWeight: 1, fpWeight: 0.11, fnWeight: 1 };
const LOW_FN = { ...STANDARD, fnWeight: 2 };
const POINTS = Array.from({ length: 100 }, (_, at) => ({ timestampMs: at * 60_000, value: 0 }));
/** The first 15 points are the time to learn in; the window is 10 points wide. */
const WINDOW = spanning(50, 59);

function spanning(first: number, last: number): Window {
  return { startMs: first * 60_000, endMs: last * 60_000 };
}

function detecting(at: readonly number[], score = 1): Float64Array {
  const scores = new Float64Array(POINTS.length);
  for (const index of at) scores[index] = score;
  return scores;
}

function scoreOf(detections: readonly number[], windows = [WINDOW], profile = STANDARD): number {
  const file = worthOf(POINTS, windows);
  const steps = stepsOf(detecting(detections), file, profile);
  return normalisedScore([{ steps, windows: windows.length }], 1, profile);
}

describe('the score of one file', () => {
  it.each([
    { story: 'nothing said', detections: [], score: 0 },
    { story: 'the first point of the window', detections: [50], score: 100 },
    { story: 'the middle of the window', detections: [55], score: 92.99 },
    { story: 'its last point', detections: [59], score: 62.41 },
    { story: 'twice in the window: the earlier pays, once', detections: [50, 59], score: 100 },
    { story: 'the time to learn in: nothing counts', detections: [0, 14], score: 0 },
    { story: 'just after that', detections: [15], score: -5.5 },
    { story: 'long before the window', detections: [30], score: -5.5 },
    { story: 'the point behind the window: cheap', detections: [60], score: -1.49 },
    { story: 'three widths behind it: the full price', detections: [88], score: -5.5 },
    { story: 'the window and twice outside', detections: [50, 20, 30], score: 89 },
  ])('$story', ({ detections, score }) => {
    expect(scoreOf(detections)).toBeCloseTo(score, 1);
  });

  it('weighs what is missed by the profile', () => {
    expect(scoreOf([50], [WINDOW, spanning(70, 79)])).toBeCloseTo(50);
    expect(scoreOf([50], [WINDOW, spanning(70, 79)], LOW_FN)).toBeCloseTo(50);
    expect(scoreOf([30], [WINDOW], LOW_FN)).toBeCloseTo(-11 / 3);
  });

  it('refuses windows that the file does not hold', () => {
    expect(() => worthOf(POINTS, [{ startMs: 1, endMs: 2 }])).toThrow('does not hold');
  });
});

describe('the threshold', () => {
  const file = worthOf(POINTS, [WINDOW]);
  const steps = (scores: Float64Array) => stepsOf(scores, file, STANDARD);

  it('is the highest that earns most on all files together', () => {
    const [one, other] = [detecting([50], 0.6), detecting([51], 0.4)];
    one[20] = 0.5;
    other[20] = 0.3;
    expect(bestThreshold([steps(one), steps(other)])).toBe(0.4);
    expect(bestThreshold([steps(one)])).toBe(0.6);
  });

  it('takes points with the same score together', () => {
    const scores = detecting(
      [50, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34],
      0.5,
    );
    expect(bestThreshold([steps(scores)])).toBe(Infinity);
  });

  it('is out of reach where every detection costs', () => {
    const threshold = bestThreshold([steps(detecting([20, 30]))]);
    expect(normalisedScore([{ steps: steps(detecting([20, 30])), windows: 1 }], threshold, STANDARD)).toBe(0);
  });
});
