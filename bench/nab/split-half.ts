import { mean, sampleStandardDeviation } from 'simple-statistics';
import { SERIES_SETTINGS } from '../../detectors/lib/series/settings.ts';
import type { SeriesSettings } from '../../detectors/lib/series/settings.ts';
import { seededRandom } from '../../test/support/seeded-random.ts';
import { bestThreshold, normalisedScore } from './scoring.ts';
import type { CostProfile, Step } from './scoring.ts';

export interface Scored {
  steps: readonly Step[];
  windows: number;
}

const REPEATS = 20;
const SEED = 1;

/** Where a choice of settings is part of what is measured: all of these in all combinations. */
export const CHOICES: SeriesSettings[] = [0.95, 0.97, 0.985].flatMap((quantile) =>
  [1, 2, 4].flatMap((rangeRarity) =>
    [2, 3, 6].flatMap((norm) =>
      [50, 100, 200].map((quietPoints) => ({ ...SERIES_SETTINGS, quantile, rangeRarity, norm, quietPoints })),
    ),
  ),
);

/** What can be hoped for on streams never seen: the threshold, and the settings where several are given, are chosen on
 *  half of the files and scored on the other half. `candidates`: for each setting all files, in one order. */
export function splitHalf(
  candidates: readonly (readonly Scored[])[],
  profile: CostProfile,
): { mean: number; deviation: number } {
  const random = seededRandom(SEED);
  const scores = Array.from({ length: REPEATS }, () => {
    const order = shuffled(candidates[0]?.length ?? 0, random);
    const half = Math.floor(order.length / 2);
    return scoreOfHalf(candidates, { seen: order.slice(0, half), unseen: order.slice(half) }, profile);
  });
  return { mean: mean(scores), deviation: sampleStandardDeviation(scores) };
}

function scoreOfHalf(
  candidates: readonly (readonly Scored[])[],
  { seen, unseen }: { seen: number[]; unseen: number[] },
  profile: CostProfile,
): number {
  let [best, unseenScore] = [-Infinity, 0];
  for (const files of candidates) {
    const learned = pick(files, seen);
    const threshold = bestThreshold(learned.map(({ steps }) => steps));
    const score = normalisedScore(learned, threshold, profile);
    if (score <= best) continue;
    best = score;
    unseenScore = normalisedScore(pick(files, unseen), threshold, profile);
  }
  return unseenScore;
}

function pick(files: readonly Scored[], at: readonly number[]): Scored[] {
  return at.flatMap((index) => files[index] ?? []);
}

function shuffled(length: number, random: () => number): number[] {
  const order = Array.from({ length }, (_, at) => ({ at, by: random() }));
  return order.sort((one, other) => one.by - other.by).map(({ at }) => at);
}
