import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { registerExplain } from '../../../services/cli/explain.ts';
import { parseTime, registerReplay } from '../../../services/cli/replay.ts';
import type { NotificationLine } from '../../../services/replay/notification-line.ts';
import { lines, quietDays, STOLEN, theft, THEFT_AT } from '../../support/recorded-theft.ts';

let dir: string;
let printed: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'gatewatch-'));
  printed = '';
  vi.stubEnv('GATEWATCH_DATA_DIR', join(dir, 'data'));
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  rmSync(dir, { recursive: true, force: true });
});

function file(name: string, data: string | Buffer): string {
  writeFileSync(join(dir, name), data);
  return join(dir, name);
}

async function gatewatch(...argv: string[]): Promise<void> {
  const program = new Command().exitOverride();
  registerReplay(program);
  registerExplain(program);
  for (const command of program.commands) command.exitOverride();
  await program.parseAsync(argv, { from: 'user' });
}

const recorded = lines([...quietDays(), ...theft()]);

async function linesOf(...argv: string[]): Promise<NotificationLine[]> {
  const out = join(dir, 'out.ndjson');
  await gatewatch('replay', ...argv, '--out', out);
  const text = readFileSync(out, 'utf8');
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as NotificationLine);
}

describe('gatewatch replay', () => {
  it('prints a summary and writes a line for each notification', async () => {
    const said = await linesOf(file('log.ndjson', recorded));
    expect(printed).toContain('760 calls, 2 keys');
    expect(said.length).toBeGreaterThan(0);
    expect(said[0]?.key_hash).toBe(STOLEN);
    expect(printed).toContain(`Notifications: ${said.length},`);
  });

  it('reads several files one after the other, packed or not', async () => {
    const whole = await linesOf(file('whole.ndjson', recorded));
    const parts = await linesOf(
      file('first.json', JSON.stringify(quietDays())),
      file('second.gz', gzipSync(lines(theft()))),
    );
    expect(parts.map(({ ts, kind }) => ({ ts, kind }))).toEqual(whole.map(({ ts, kind }) => ({ ts, kind })));
  });

  it.each([
    { says: 'enforce where no mode is set', env: '', argv: [], mode: 'enforce' },
    { says: 'the mode of the settings', env: 'observe', argv: [], mode: 'observe' },
    { says: 'the mode that is asked for', env: 'observe', argv: ['--mode', 'certain'], mode: 'certain' },
  ])('simulates $says', async ({ env, argv, mode }) => {
    vi.stubEnv('GATEWATCH_MODE', env);
    await gatewatch('replay', file('log.ndjson', recorded), ...argv);
    expect(printed).toContain(`Would have blocked in mode ${mode}:`);
  });

  it('takes --since', async () => {
    const said = await linesOf(file('log.ndjson', recorded), '--since', (THEFT_AT + 3_600).toString());
    expect(said).toEqual([]);
    expect(printed).toContain('before --since 760');
  });

  it.each([
    {
      story: 'a file that is not there',
      argv: ['replay', 'none.ndjson'],
      message: /Cannot read none\.ndjson/,
    },
    { story: 'a time that is none', argv: ['replay', 'x', '--since', 'noon'], message: /2026-09-07/ },
    {
      story: 'an unknown format',
      argv: ['replay', 'x', '--format', 'other'],
      message: /Allowed choices are litellm/,
    },
    { story: 'no file', argv: ['replay'], message: /missing required argument/ },
  ])('says what to do about $story', async ({ argv, message }) => {
    await expect(gatewatch(...argv)).rejects.toThrow(message);
  });

  it('says so when nothing in the file is a record', async () => {
    await expect(gatewatch('replay', file('notes.txt', 'hello\nworld\n'))).rejects.toThrow(
      /No record could be read/,
    );
  });

  it.each([
    { story: 'an empty file', data: '' },
    { story: 'a file of blank lines', data: '\n\n  \n' },
    { story: 'an empty array', data: '[]' },
    { story: 'an empty file, packed', data: gzipSync('') },
  ])('says so when there is nothing in $story', async ({ data }) => {
    const empty = file('empty.ndjson', data);
    await expect(gatewatch('replay', empty)).rejects.toThrow(`There is no record in ${empty}.`);
    expect(printed).toBe('');
  });

  it('names the file that is damaged', async () => {
    const cut = file('cut.gz', gzipSync(recorded).subarray(0, 500));
    await expect(gatewatch('replay', cut)).rejects.toThrow(/cut\.gz: The compressed data is damaged/);
  });
});

describe('gatewatch explain', () => {
  it('prints what each step makes of each record of a key', async () => {
    await gatewatch('explain', file('log.ndjson', recorded), '--key', 'dana-laptop');
    expect(printed.match(/^#\d+ parsed/gm)).toHaveLength(440);
    expect(printed).toContain('  signal    key-burn (spend, key): ');
  });
});

describe('--since', () => {
  it.each([
    { text: '1789948800', at: 1_789_948_800_000 },
    { text: '1789948800.5', at: 1_789_948_800_500 },
    { text: '2026-09-21', at: 1_789_948_800_000 },
    { text: '2026-09-21T00:00', at: 1_789_948_800_000 },
    { text: '2026-09-21T02:00:00+02:00', at: 1_789_948_800_000 },
    { text: '2026-09-21T00:00:00Z', at: 1_789_948_800_000 },
  ])('takes $text, in UTC unless it says otherwise', ({ text, at }) => {
    expect(parseTime(text)).toBe(at);
  });
});
