import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { RateSeries } from '../../detectors/lib/series/rate-series.ts';
import type { SeriesSettings } from '../../detectors/lib/series/settings.ts';
import { UsageError } from './corpus.ts';
import type { SeriesFile } from './corpus.ts';

/** The detector's scores, point by point: each is given before the next point is looked at. */
export function judgeFile({ points }: SeriesFile, settings?: SeriesSettings): Float64Array {
  const series = new RateSeries(settings);
  const scores = new Float64Array(points.length);
  let at = 0;
  for (const { timestampMs, value } of points) {
    scores[at] = series.judge(timestampMs, value).score;
    at += 1;
  }
  return scores;
}

export function writeScores(folder: string, { name, lines }: SeriesFile, scores: Float64Array): void {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  const rows = lines.map((line, at) => `${line},${scores[at] ?? 0}`);
  writeFileSync(path, `${['timestamp,value,anomaly_score', ...rows].join('\n')}\n`);
}

/** Of a file that NAB or this bench wrote: NAB begins its name with that of the detector. */
export function readScores(folder: string, { name, points }: SeriesFile): Float64Array {
  const [group = '', file = ''] = name.split('/');
  const found = readdirSync(join(folder, group)).find((one) => one === file || one.endsWith(`_${file}`));
  if (found === undefined) throw new UsageError(`${folder} holds no scores of ${name}.`);
  const [header = '', ...rows] = readFileSync(join(folder, group, found), 'utf8')
    .trimEnd()
    .split(/\r?\n/);
  const column = header.split(',').indexOf('anomaly_score');
  if (column < 0 || rows.length !== points.length)
    throw new UsageError(`The scores of ${name} do not fit its data.`);
  return Float64Array.from(rows, (row) => Number(row.split(',')[column]));
}
