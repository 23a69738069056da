/** Spreads below this share of the level are rounding of Float32. */
const ROUNDING = 1e-6;
const LEAST_SPREAD = 1e-12;

/** Counts beyond it change no rate any more, and stay exact as Float32. */
export const COUNT_AT_MOST = 1e6;

/** To be added to a spread before something is divided by it. */
export function roundingOf(value: number): number {
  return ROUNDING * Math.abs(value) + LEAST_SPREAD;
}
