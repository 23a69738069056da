import { COUNT_AT_MOST } from './limits.ts';
import type { SeriesSettings } from './settings.ts';

/** Numbers a tail takes. */
export const TAIL_FLOATS = 4;
const QUANTILE = 0;
const EXCESS = 1;
const USUAL = 2;
const EXCEEDED = 3;

/** A point counts as at most so many mean excesses when the tail learns from it. */
const CLIP_EXCESSES = 10;
const USUAL_RATE = 0.002;
/** Steps of the quantile, in usual sizes; larger ones first, so that it is found within the warm-up. */
const STEP = 0.01;
const FIRST_STEP_FACTOR = 5;

export interface Size {
  /** How far a point deviates, in any unit; at least 0. */
  size: number;
  /** How many points there were, this one included. */
  points: number;
}

/** How rare so large a deviation is in its stream, as -log10 of its probability: 0 up to the quantile, from there an
 *  exponential tail. The quantile is found by stochastic approximation (Robbins and Monro 1951), the tail by its mean
 *  excess: peaks over a threshold (Siffer et al., KDD 2017) with two numbers in place of a fitted Pareto distribution.
 *  Learns from the point afterwards. */
export function judgeTail(
  state: Float32Array,
  at: number,
  { size, points }: Size,
  by: SeriesSettings,
): number {
  const over = size - (state[at + QUANTILE] ?? 0);
  const rarity = over > 0 ? rarityOf(state, at, over, by) : 0;
  learn(state, at, { size, points }, by);
  return rarity;
}

function rarityOf(state: Float32Array, at: number, over: number, by: SeriesSettings): number {
  const excess = state[at + EXCESS] ?? 0;
  const rarity = -Math.log10(1 - by.quantile) + (excess > 0 ? (over / excess) * Math.LOG10E : Infinity);
  return Math.min(rarity, by.mostRarity);
}

function learn(state: Float32Array, at: number, { size, points }: Size, by: SeriesSettings): void {
  const quantile = state[at + QUANTILE] ?? 0;
  const excess = state[at + EXCESS] ?? 0;
  const before = state[at + USUAL] ?? 0;
  const counted = before > 0 ? Math.min(size, CLIP_EXCESSES * (before + excess)) : size;
  const usual = before + Math.max(1 / points, USUAL_RATE) * (counted - before);
  state[at + USUAL] = usual;
  const step = usual * Math.max(1 / points, STEP);
  if (size <= quantile) {
    state[at + QUANTILE] = quantile - step * (1 - by.quantile);
    return;
  }
  state[at + QUANTILE] = quantile + step * by.quantile * (points < by.warmUpPoints ? FIRST_STEP_FACTOR : 1);
  const exceeded = Math.min((state[at + EXCEEDED] ?? 0) + 1, COUNT_AT_MOST);
  state[at + EXCEEDED] = exceeded;
  const over = excess > 0 ? Math.min(size - quantile, CLIP_EXCESSES * excess) : size - quantile;
  state[at + EXCESS] = excess + Math.max(1 / exceeded, by.excessRate) * (over - excess);
}
