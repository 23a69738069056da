import type { Line } from '../detector.ts';
import { clamp, roundBits } from './bits.ts';
import type { Burning } from './spend-series.ts';
import { money } from './words.ts';

const MAX_BITS = 12;
/** Just over every limit is not worth telling: it takes steepness or size well beyond. */
const LEAST_BITS = 4;

/** Large is fast and certain, small is slow and mild. */
export function burnBits({ floorUsd, totalUsd, expectedUsd }: Burning): number {
  const ratio = totalUsd / Math.max(expectedUsd, floorUsd / 20);
  const excess = Math.max(0, totalUsd - expectedUsd);
  return clamp(Math.log2(ratio) * Math.log10(1 + excess / floorUsd) * 2, 0, MAX_BITS);
}

/** The windows overlap and see the same money: the shortest speaks first, and the clearest adds what it weighs beyond. */
export function burnLines(burning: readonly Burning[], whose: string): Line[] {
  const [shortest] = burning;
  if (shortest === undefined) return [];
  const clearest = burning.reduce((a, b) => (burnBits(b) > burnBits(a) ? b : a), shortest);
  const bits = roundBits(burnBits(clearest));
  if (bits < LEAST_BITS) return [];
  const first = roundBits(burnBits(shortest));
  const lines = [lineOf(shortest, first, whose)];
  if (bits > first) lines.push(lineOf(clearest, roundBits(bits - first), whose));
  return lines;
}

function lineOf({ window, totalUsd, expectedUsd, peakUsd }: Burning, bits: number, whose: string): Line {
  const usual = money(expectedUsd);
  return {
    family: 'spend',
    feature: window.feature,
    observed: `${money(totalUsd)} in the last ${window.words}`,
    normal: `${usual} at this time, ${money(peakUsd)} at most in two weeks`,
    bits,
    text: `${whose} spent ${money(totalUsd)} in the last ${window.words}; usual for this time is ${usual}.`,
  };
}
