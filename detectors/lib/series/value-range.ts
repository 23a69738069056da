import { roundingOf } from './limits.ts';
import type { SeriesSettings } from './settings.ts';

/** Numbers a range takes: lowest and highest value of this span of memory, of the one before, and points of this span. A
 *  whole span is forgotten at once: a range that shrank with each point would make every daily peak a new one. */
export const RANGE_FLOATS = 5;
const LOW = 0;
const HIGH = 1;
const OLDER_LOW = 2;
const OLDER_HIGH = 3;
const POINTS = 4;

export function beginRange(state: Float32Array, at: number, value: number): void {
  state.fill(value, at + LOW, at + OLDER_HIGH + 1);
}

/** How rare a value outside all that there was is; 0 inside. */
export function judgeRange(state: Float32Array, at: number, value: number, by: SeriesSettings): number {
  const { low, high } = rangeOf(state, at);
  const beyond = Math.max(value - high, low - value);
  const span = high - low + roundingOf(value);
  const rarity = by.rangeRarity + (by.rangeRarityPerSpan * beyond) / span;
  return beyond > 0 ? Math.min(by.mostRarity, rarity) : 0;
}

/** `isBounded`: one point at most doubles the range, so that an absurd value does not hide all that come after it. */
export function learnRange(
  state: Float32Array,
  at: number,
  { value, isBounded }: { value: number; isBounded: boolean },
  by: SeriesSettings,
): void {
  const { low, high } = rangeOf(state, at);
  const most = isBounded && high > low ? high - low : Infinity;
  state[at + HIGH] = Math.max(state[at + HIGH] ?? 0, Math.min(value, high + most));
  state[at + LOW] = Math.min(state[at + LOW] ?? 0, Math.max(value, low - most));
  const points = (state[at + POINTS] ?? 0) + 1;
  state[at + POINTS] = points % by.memoryPoints;
  if (points >= by.memoryPoints) turn(state, at, Math.max(low - most, Math.min(high + most, value)));
}

function turn(state: Float32Array, at: number, value: number): void {
  state.copyWithin(at + OLDER_LOW, at + LOW, at + HIGH + 1);
  state[at + LOW] = value;
  state[at + HIGH] = value;
}

function rangeOf(state: Float32Array, at: number): { low: number; high: number } {
  return {
    low: Math.min(state[at + LOW] ?? 0, state[at + OLDER_LOW] ?? 0),
    high: Math.max(state[at + HIGH] ?? 0, state[at + OLDER_HIGH] ?? 0),
  };
}
