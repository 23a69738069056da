import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { CostProfile, Point, Window } from './scoring.ts';

export interface SeriesFile {
  /** `group/file.csv`. */
  name: string;
  points: Point[];
  windows: Window[];
  /** Lines of the file without its header, to be written back as they are. */
  lines: string[];
}

export interface Corpus {
  files: SeriesFile[];
  profiles: Record<string, CostProfile>;
  /** Published totals, detector by profile; empty where the folder holds none. */
  board: Record<string, Record<string, number>>;
}

/** What the person at the command line can put right. */
export class UsageError extends Error {}

/** Start and end of each window, by file. */
type Labels = Record<string, [string, string][]>;

/** Of a folder in the shape of a checkout of NAB. */
export function readCorpus(folder: string): Corpus {
  for (const needed of ['data', 'labels/combined_windows.json', 'config/profiles.json']) {
    if (!existsSync(join(folder, needed))) throw new UsageError(`${folder} holds no ${needed}.`);
  }
  const labels = readJson(folder, 'labels/combined_windows.json') as Labels;
  const profiles = readJson(folder, 'config/profiles.json') as Record<string, { CostMatrix: CostProfile }>;
  const hasBoard = existsSync(join(folder, 'results/final_results.json'));
  return {
    files: namesIn(join(folder, 'data')).map((name) => readSeries(folder, name, labels[name])),
    profiles: Object.fromEntries(Object.entries(profiles).map(([name, one]) => [name, one.CostMatrix])),
    board: hasBoard ? (readJson(folder, 'results/final_results.json') as Corpus['board']) : {},
  };
}

function readJson(folder: string, path: string): unknown {
  return JSON.parse(readFileSync(join(folder, path), 'utf8'));
}

function namesIn(data: string): string[] {
  const groups = readdirSync(data, { withFileTypes: true }).filter((one) => one.isDirectory());
  const names = groups.flatMap(({ name }) => readdirSync(join(data, name)).map((file) => `${name}/${file}`));
  return names.filter((name) => name.endsWith('.csv')).sort();
}

function readSeries(folder: string, name: string, labels: Labels[string] | undefined): SeriesFile {
  if (labels === undefined) throw new UsageError(`labels/combined_windows.json says nothing of ${name}.`);
  const [, ...lines] = readFileSync(join(folder, 'data', name), 'utf8')
    .trimEnd()
    .split(/\r?\n/);
  return {
    name,
    lines,
    points: lines.map((line) => {
      const [time = '', value = ''] = line.split(',');
      return { timestampMs: toMs(time), value: Number(value) };
    }),
    windows: labels.map(([start, end]) => ({ startMs: toMs(start), endMs: toMs(end) })),
  };
}

/** NAB's times name no zone. */
function toMs(text: string): number {
  return Date.parse(`${text.trim().slice(0, 19).replace(' ', 'T')}Z`);
}
