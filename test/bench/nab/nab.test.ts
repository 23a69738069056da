import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';

const FILE = fileURLToPath(new URL('../../../bench/nab.ts', import.meta.url));
const PROFILE = { CostMatrix: { tpWeight: 1, fpWeight: 0.11, fnWeight: 1, tnWeight: 1 } };
const PROFILES = { standard: PROFILE, reward_low_FP_rate: PROFILE, reward_low_FN_rate: PROFILE };
const POINTS = 600;
const SPIKE = 500;

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatewatch-nab-'));
  for (const name of ['data/made', 'labels', 'config', 'results'])
    mkdirSync(join(folder, name), { recursive: true });
  for (const name of ['one', 'two'])
    write(`data/made/${name}.csv`, `timestamp,value\n${rows().join('\n')}\n`);
  const windows = [[`${time(SPIKE - 10)}.000000`, `${time(SPIKE + 10)}.000000`]];
  write('labels/combined_windows.json', JSON.stringify({ 'made/one.csv': windows, 'made/two.csv': windows }));
  write('config/profiles.json', JSON.stringify(PROFILES));
  write('results/final_results.json', JSON.stringify({ somebody: { standard: 12.345 } }));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(path: string, text: string): void {
  writeFileSync(join(folder, path), text);
}

function time(point: number): string {
  return new Date(Date.UTC(2026, 0, 5) + point * 300_000).toISOString().slice(0, 19).replace('T', ' ');
}

function rows(): string[] {
  return Array.from({ length: POINTS }, (_, at) => `${time(at)},${at === SPIKE ? 90 : 10 + (at % 7)}`);
}

function bench(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, ['--import', 'tsx', FILE, ...args], { encoding: 'utf8' });
}

it('writes a score for each point, and its own result beside the published ones', () => {
  const out = join(folder, 'scores');
  const { stdout, status } = bench('--data', folder, '--out', out);
  expect(status).toBe(0);
  const written = readFileSync(join(out, 'made/one.csv'), 'utf8').trimEnd().split('\n');
  expect(written[0]).toBe('timestamp,value,anomaly_score');
  expect(written).toHaveLength(POINTS + 1);
  expect(written[1]).toBe('2026-01-05 00:00:00,10,0');
  expect(Number(written[SPIKE + 1]?.split(',')[2])).toBeGreaterThan(0.5);
  expect(stdout).toContain('2 of 2 windows found, 0 detections outside');
  expect(stdout).toMatch(/these scores\*\* \| 9\d\.\d\d[^]*somebody \| 12\.35/);
  expect(stdout).toMatch(/µs a point, \d+ bytes a stream/);

  const again = bench('--data', folder, '--scores', out);
  expect(again.stdout).toContain('2 of 2 windows found, 0 detections outside');
});

it.each([
  { story: 'no folder', args: () => ['--out', 'x'], says: 'Where is the benchmark?' },
  {
    story: 'a folder of something else',
    args: () => ['--data', join(folder, 'data'), '--out', 'x'],
    says: 'holds no data.',
  },
  {
    story: 'nowhere to write',
    args: () => ['--data', folder],
    says: 'Give a folder for the scores with --out',
  },
  {
    story: 'the benchmark itself to write to',
    args: () => ['--data', folder, '--out', folder],
    says: 'overwrite',
  },
  { story: 'an option there is not', args: () => ['--date', folder], says: "Unknown option '--date'" },
])('given $story, it says what to do', ({ args, says }) => {
  const { status, stderr } = bench(...args());
  expect(status).toBe(2);
  expect(stderr).toContain(says);
  expect(stderr).toContain('npm run bench:nab -- --data DIR --out DIR');
});
