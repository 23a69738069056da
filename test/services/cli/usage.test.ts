import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { main } from '../../../services/cli/main.ts';

let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'gatewatch-cli-'));
  vi.stubEnv('GATEWATCH_DATA_DIR', dataDir);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  await rm(dataDir, { recursive: true, force: true });
});

async function run(...argv: string[]): Promise<{ code: number; out: string; says: string }> {
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    vi.spyOn(process[name], 'write').mockImplementation((chunk) => {
      said[name] += String(chunk);
      return true;
    });
  }
  const code = await main(argv);
  return { code, out: said.stdout, says: said.stderr };
}

describe('the command line', () => {
  it.each([
    { argv: ['frobnicate'], says: "unknown command 'frobnicate'" },
    { argv: ['freze', 'on'], says: 'Did you mean freeze?' },
    { argv: ['start', '--bogus'], says: "unknown option '--bogus'" },
    { argv: ['start', '--only', 'detect,cook'], says: 'Choose from ingest, detect, respond, api' },
    { argv: ['start', '--only', ''], says: 'Choose from ingest, detect, respond, api' },
    { argv: ['sql'], says: "missing required argument 'query'" },
    { argv: ['sql', 'SELECT 1', '--format', 'xml'], says: 'table, json, csv' },
    { argv: ['freeze', 'maybe'], says: 'on, off' },
    { argv: ['token', 'create'], says: '--scope' },
    { argv: ['token', 'create', '--scope', 'read', '--expires', '3w'], says: 'such as 12h or 90d' },
    { argv: ['audit', 'verify', '--anchor', '17'], says: 'sequence:hash' },
    { argv: ['replay', 'x.ndjson', '--since', 'yesterday'], says: '2026-09-07' },
  ])('takes $argv for wrong usage, in one line', async ({ argv, says }) => {
    const answer = await run(...argv);
    expect(answer.code).toBe(2);
    expect(answer.says).toMatch(/^gatewatch: .*--help.*\n$/);
    expect(answer.says).toContain(says);
  });

  it.each([
    ['freeze', 'on'],
    ['canary', 'create', '--place', 'x'],
    ['sql', 'SELECT count() FROM events'],
  ])('says in one line that nothing ran here, for %s', async (...argv) => {
    const answer = await run(...argv);
    expect(answer.code).toBe(1);
    expect(answer.says).toMatch(/^gatewatch: [^\n]*GATEWATCH_[^\n]*\(E_NOT_FOUND\)\n$/);
  });

  it('says why the server it was pointed at does not answer', async () => {
    vi.stubEnv('GATEWATCH_URL', 'http://127.0.0.1:1');
    vi.stubEnv('GATEWATCH_TOKEN', 'any');
    const answer = await run('freeze', 'on');
    expect(answer.code).toBe(1);
    expect(answer.says).toContain('http://127.0.0.1:1 does not answer: ');
    expect(answer.says).not.toContain('fetch failed');
  });

  it.each([
    ['token', 'create', '--scope', 'read'],
    ['replay', '-'],
  ])('says what to do when the data folder cannot be written, for %s', async (...argv) => {
    await mkdir(join(dataDir, 'tokens.json.new'));
    await writeFile(join(dataDir, 'keys'), '');
    const answer = await run(...argv);
    expect(answer.code).toBe(1);
    expect(answer.says).toMatch(/^gatewatch: [^\n]*set GATEWATCH_DATA_DIR\. \(E_CONFIG\)\n$/);
  });

  it('makes a token for as long as it was asked to', async () => {
    const answer = await run('token', 'create', '--scope', 'read', '--expires', '12h');
    expect(answer.code).toBe(0);
    expect(answer.out).toMatch(/^gwt_\S+\n$/);
    const until = Date.parse(/until (\S+?)\. /.exec(answer.says)?.[1] ?? '');
    expect((until - Date.now()) / 3_600_000).toBeCloseTo(12, 1);
  });
});
