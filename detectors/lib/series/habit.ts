import { COUNT_AT_MOST } from './limits.ts';
import type { SeriesSettings } from './settings.ts';

const BINS = 16;
/** Numbers a habit takes: points since it last changed, then how many there were, by how odd they were. */
export const HABIT_FLOATS = BINS + 1;

/** What is left of a score when as odd a thing was seen again and again lately, and remembers it: a job that runs each
 *  night deviates each night. A score of 0 only lets time pass. */
export function judgeHabit(state: Float32Array, at: number, score: number, by: SeriesSettings): number {
  const since = Math.min((state[at] ?? 0) + 1, COUNT_AT_MOST);
  state[at] = since;
  if (score === 0) return 0;
  state[at] = 0;
  const kept = 2 ** (-since / by.habitPoints);
  const own = Math.min(Math.floor(score * BINS), BINS - 1);
  let asOdd = 0;
  for (let bin = 0; bin < BINS; bin += 1) {
    const count = (state[at + 1 + bin] ?? 0) * kept;
    state[at + 1 + bin] = bin === own ? count + 1 : count;
    if (bin >= own) asOdd += count;
  }
  return score / (1 + by.habitShare * asOdd);
}
