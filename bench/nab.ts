import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { RateSeries } from '../detectors/lib/series/rate-series.ts';
import { UsageError, readCorpus } from './nab/corpus.ts';
import type { Corpus } from './nab/corpus.ts';
import { judgeFile, readScores, writeScores } from './nab/judge-corpus.ts';
import { bestThreshold, normalisedScore, stepsOf, worthOf } from './nab/scoring.ts';
import type { CostProfile, Worth } from './nab/scoring.ts';
import { CHOICES, splitHalf } from './nab/split-half.ts';
import type { Scored } from './nab/split-half.ts';

/** `npm run bench:nab -- --data DIR --out DIR`: how well odd values are found in the 58 series of the Numenta Anomaly
 *  Benchmark. `--settings` chooses settings on half of the files, too (minutes); `--scores DIR` scores what is written
 *  there instead. */
const USAGE = `npm run bench:nab -- --data DIR --out DIR [--settings]
npm run bench:nab -- --data DIR --scores DIR

  --data      a checkout of the Numenta Anomaly Benchmark 1.1 (git clone https://github.com/numenta/NAB):
              data/, labels/combined_windows.json, config/profiles.json, and results/final_results.json for comparison
  --out       where the scores go, one file for each of data/
  --settings  choose settings, not only the threshold, on one half of the files for the other
  --scores    score these files in place of the detector`;
const PROFILES = { standard: 'standard', 'low FP': 'reward_low_FP_rate', 'low FN': 'reward_low_FN_rate' };

const print = (text: string) => process.stdout.write(`${text}\n`);
const row = (...cells: (string | number)[]) => {
  print(`| ${cells.map((cell) => (typeof cell === 'number' ? cell.toFixed(2) : cell)).join(' | ')} |`);
};

try {
  main();
} catch (cause) {
  if (!(cause instanceof UsageError)) throw cause;
  process.stderr.write(`${cause.message}\n\n${USAGE}\n`);
  process.exitCode = 2;
}

function main(): void {
  const { data, out, scores, settings } = readArguments();
  const corpus = readCorpus(data);
  const worths = corpus.files.map(({ points, windows }) => worthOf(points, windows));
  const given = scores === undefined ? judgeAll(corpus, out) : readAll(corpus, scores);
  compare(corpus, worths, given);
  const profile = profileOf(corpus, PROFILES.standard);
  printHalves('threshold', [scored(given, worths, profile)], profile);
  if (!settings) return;
  const candidates = CHOICES.map((choice) => {
    const ofChoice = corpus.files.map((file) => judgeFile(file, choice));
    return scored(ofChoice, worths, profile);
  });
  printHalves(`threshold and one of ${CHOICES.length} settings`, candidates, profile);
}

function readArguments(): { data: string; out: string; scores: string | undefined; settings: boolean } {
  const { data, out, scores, settings } = parsed();
  if (data === undefined) throw new UsageError('Where is the benchmark? Give its folder with --data.');
  if ((out === undefined) === (scores === undefined))
    throw new UsageError('Give a folder for the scores with --out, or one with scores with --scores.');
  if (out !== undefined && [resolve(data), resolve(data, 'data')].includes(resolve(out)))
    throw new UsageError('--out would overwrite the benchmark: give another folder.');
  return { data, out: out ?? '', scores, settings };
}

function parsed() {
  try {
    return parseArgs({
      options: {
        data: { type: 'string' },
        out: { type: 'string' },
        scores: { type: 'string' },
        settings: { type: 'boolean', default: false },
      },
    }).values;
  } catch (cause) {
    throw new UsageError((cause as Error).message, { cause });
  }
}

function judgeAll(corpus: Corpus, out: string): Float64Array[] {
  const startedAt = performance.now();
  const all = corpus.files.map((file) => judgeFile(file));
  const points = all.reduce((sum, { length }) => sum + length, 0);
  const microseconds = ((performance.now() - startedAt) * 1_000) / points;
  corpus.files.forEach((file, at) => writeScores(out, file, all[at] ?? new Float64Array()));
  print(`${all.length} files, ${points.toLocaleString('en')} points: scores are in ${out}.`);
  print(`${microseconds.toFixed(2)} µs a point, ${RateSeries.STATE_BYTES} bytes a stream.\n`);
  return all;
}

function readAll(corpus: Corpus, folder: string): Float64Array[] {
  return corpus.files.map((file) => readScores(folder, file));
}

function compare(
  { board, profiles }: Corpus,
  worths: readonly Worth[],
  scores: readonly Float64Array[],
): void {
  const own: Record<string, number> = {};
  for (const [name, profile] of Object.entries(profiles)) {
    const files = scored(scores, worths, profile);
    const threshold = bestThreshold(files.map(({ steps }) => steps));
    own[name] = normalisedScore(files, threshold, profile);
    print(`${name}: ${counted(worths, scores, threshold)} at a score of ${threshold.toFixed(3)}.`);
  }
  print('');
  row('detector', ...Object.keys(PROFILES));
  row('---', '---', '---', '---');
  const ranked = Object.entries({ ...board, '**these scores**': own }).sort(
    ([, one], [, other]) => (other[PROFILES.standard] ?? 0) - (one[PROFILES.standard] ?? 0),
  );
  for (const [name, totals] of ranked)
    row(name, ...Object.values(PROFILES).map((profile) => totals[profile] ?? 0));
  print('');
}

function counted(worths: readonly Worth[], scores: readonly Float64Array[], threshold: number): string {
  let [found, outside, windows] = [0, 0, 0];
  worths.forEach(({ windowOf, windows: ofFile }, at) => {
    const hit = windowOf.filter((_, index) => (scores[at]?.[index] ?? 0) >= threshold);
    found += new Set(hit.filter((window) => window >= 0)).size;
    outside += hit.filter((window) => window === -1).length;
    windows += ofFile;
  });
  return `${found} of ${windows} windows found, ${outside} detections outside`;
}

function scored(scores: readonly Float64Array[], worths: readonly Worth[], profile: CostProfile): Scored[] {
  return worths.map((worth, at) => ({
    steps: stepsOf(scores[at] ?? [], worth, profile),
    windows: worth.windows,
  }));
}

function printHalves(what: string, candidates: Scored[][], profile: CostProfile): void {
  const { mean, deviation } = splitHalf(candidates, profile);
  print(
    `Standard, ${what} chosen on the other half of the files: ${mean.toFixed(2)} ± ${deviation.toFixed(2)}.`,
  );
}

function profileOf({ profiles }: Corpus, name: string): CostProfile {
  const profile = profiles[name];
  if (profile === undefined) throw new UsageError(`config/profiles.json has no profile ${name}.`);
  return profile;
}
