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

/** Of a folder in the shape of a checkout of NAB. */
export function readCorpus(folder: string): Corpus {
  for (const needed of ['data', 'labels/combined_windows.json', 'config/profiles.json']) {
    if (!existsSync(join(folder, needed))) throw new Error(`${folder} holds no ${needed}.`);
  }
  const labels = readJson<Record<string, [string, string][]>>(folder, 'labels/combined_windows.json');
  const profiles = readJson<Record<string, { CostMatrix: CostProfile }>>(folder, 'config/profiles.json');
  const hasBoard = existsSync(join(folder, 'results/final_results.json'));
  return {
    files: namesIn(join(folder, 'data')).map((name) => readSeries(folder, name, labels[name])),
    profiles: Object.fromEntries(Object.entries(profiles).map(([name, one]) => [name, one.CostMatrix])),
    board: hasBoard ? readJson(folder, 'results/final_results.json') : {},
  };
}

function readJson<Shape>(folder: string, path: string): Shape {
  return JSON.parse(readFileSync(join(folder, path), 'utf8')) as Shape;
}

function namesIn(data: string): string[] {
  const groups = readdirSync(data, { withFileTypes: true }).filter((one) => one.isDirectory());
  const names = groups.flatMap(({ name }) => readdirSync(join(data, name)).map((file) => `${name}/${file}`));
  return names.filter((name) => name.endsWith('.csv')).sort();
}

function readSeries(folder: string, name: string, labels: [string, string][] | undefined): SeriesFile {
  if (labels === undefined) throw new Error(`labels/combined_windows.json says nothing of ${name}.`);
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
