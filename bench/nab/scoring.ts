/** What NAB 1.1 pays, by the rules of its paper (Lavin and Ahmad 2015, arXiv 1510.03336): a window pays once, the more the
 *  earlier it is found; a detection outside costs, the more the farther behind a window; what is missed costs; one
 *  threshold serves the whole corpus. */
export interface CostProfile {
  tpWeight: number;
  fpWeight: number;
  fnWeight: number;
}

export interface Point {
  /** Epoch milliseconds. */
  timestampMs: number;
  value: number;
}

export interface Window {
  startMs: number;
  endMs: number;
}

/** What each point of a file would bring, whatever detector looks at it. */
export interface Worth {
  /** Of the window the point lies in; OUTSIDE; or PROBATION, where nothing counts. */
  windowOf: Int32Array;
  /** 1 to 0 within a window, 0 to -1 outside; to be multiplied by the weight of its kind. */
  worth: Float64Array;
  windows: number;
}

/** At this threshold the total of a file changes by so much. */
export interface Step {
  threshold: number;
  change: number;
}

export const OUTSIDE = -1;
export const PROBATION = -2;
const PROBATION_SHARE = 0.15;
const PROBATION_POINTS_AT_MOST = 5_000;
/** So many widths behind a window a false alarm costs all it can. */
const FAR = 3;
const STEEPNESS = 5;

function sigmoid(position: number): number {
  return position > FAR ? -1 : 2 / (1 + Math.exp(STEEPNESS * position)) - 1;
}
const FULL = sigmoid(-1);

export function worthOf(points: readonly Point[], windows: readonly Window[]): Worth {
  const windowOf = new Int32Array(points.length).fill(OUTSIDE);
  const worth = new Float64Array(points.length).fill(-1);
  const spans = windows.map((window) => spanOf(points, window));
  spans.forEach(({ first, last }, at) => {
    const width = last - first + 1;
    const next = spans[at + 1]?.first ?? points.length;
    for (let index = first; index <= last; index += 1) {
      windowOf[index] = at;
      worth[index] = sigmoid((index - last - 1) / width) / FULL;
    }
    for (let index = last + 1; index < next; index += 1) worth[index] = sigmoid((index - last) / (width - 1));
  });
  windowOf.fill(PROBATION, 0, probationOf(points.length));
  return { windowOf, worth, windows: windows.length };
}

export function probationOf(points: number): number {
  return Math.floor(PROBATION_SHARE * Math.min(points, PROBATION_POINTS_AT_MOST));
}

function spanOf(points: readonly Point[], { startMs, endMs }: Window): { first: number; last: number } {
  const first = points.findIndex(({ timestampMs }) => timestampMs === startMs);
  const last = points.findIndex(({ timestampMs }) => timestampMs === endMs);
  if (first < 0 || last < first) throw new Error('A label window names times that its file does not hold.');
  return { first, last };
}

/** From the highest threshold down. Without any detection a file's total is -fnWeight for each window. */
export function stepsOf(scores: ArrayLike<number>, file: Worth, profile: CostProfile): Step[] {
  const steps: Step[] = [];
  const gained = new Float64Array(file.windows).fill(-profile.fnWeight);
  for (const index of fromHighest(scores, file.windowOf)) {
    const threshold = scores[index] ?? 0;
    const window = file.windowOf[index] ?? OUTSIDE;
    const worth = file.worth[index] ?? 0;
    if (window === OUTSIDE) {
      steps.push({ threshold, change: worth * profile.fpWeight });
      continue;
    }
    const before = gained[window] ?? 0;
    const now = worth * profile.tpWeight;
    if (now <= before) continue;
    gained[window] = now;
    steps.push({ threshold, change: now - before });
  }
  return steps;
}

function fromHighest(scores: ArrayLike<number>, windowOf: Int32Array): number[] {
  const counted: number[] = [];
  windowOf.forEach((window, index) => {
    if (window !== PROBATION) counted.push(index);
  });
  return counted.sort((one, other) => (scores[other] ?? 0) - (scores[one] ?? 0));
}

/** The threshold that earns most on these files; the highest of several. */
export function bestThreshold(files: readonly (readonly Step[])[]): number {
  const steps = files.flat().sort((one, other) => other.threshold - one.threshold);
  let [best, bestAt, total] = [0, Infinity, 0];
  steps.forEach(({ threshold, change }, at) => {
    total += change;
    if (steps[at + 1]?.threshold === threshold || total <= best) return;
    best = total;
    bestAt = threshold;
  });
  return bestAt;
}

/** 0 is a detector that says nothing, 100 one that finds each window at its first point and raises nothing else. */
export function normalisedScore(
  files: readonly { steps: readonly Step[]; windows: number }[],
  threshold: number,
  { tpWeight, fnWeight }: CostProfile,
): number {
  const windows = files.reduce((sum, file) => sum + file.windows, 0);
  let gained = 0;
  for (const { steps } of files)
    for (const step of steps) if (step.threshold >= threshold) gained += step.change;
  return (100 * gained) / (windows * (tpWeight + fnWeight));
}
