/** Numbers a level takes: mean and spread. */
export const LEVEL_FLOATS = 2;

/** The usual value, and how far values usually lie from it: exponentially weighted mean and mean absolute deviation. */
export interface Level {
  mean: number;
  spread: number;
}

export function levelAt(state: Float32Array, at: number): Level {
  return { mean: state[at] ?? 0, spread: state[at + 1] ?? 0 };
}

export function setLevel(state: Float32Array, at: number, { mean, spread }: Level): void {
  state[at] = mean;
  state[at + 1] = spread;
}

/** Moves a level toward a value by `rate`. The value counts as at most `farthest` away, so that a burst cannot teach
 *  itself; its deviation as at most twice that, so that what becomes wilder is learned in the end. */
export function moved(
  level: Level,
  value: number,
  { rate, farthest }: { rate: number; farthest: number },
): Level {
  const distance = value - level.mean;
  const deviation = Math.min(Math.abs(distance), 2 * farthest);
  return {
    mean: level.mean + rate * Math.max(-farthest, Math.min(farthest, distance)),
    spread: level.spread + rate * (deviation - level.spread),
  };
}
