import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { main } from '../../../services/cli/main.ts';
import { openEmbeddedStore } from '../../../services/stores/embedded.ts';
import type { Store } from '../../../services/stores/store.ts';
import { caseFiles, loadCase, saveCase } from '../../../services/verdicts/case-folder.ts';
import { createCaseKeeper } from '../../../services/verdicts/case-keeper.ts';
import { checkCase } from '../../../services/verdicts/check-case.ts';
import type { VerdictCase } from '../../../services/verdicts/verdict-case.ts';
import type { Verdict } from '../../../detectors/detector.ts';
import { awayStore } from '../../support/api.ts';
import { quietLog } from '../../support/quiet.ts';
import { aRow } from '../../support/store-rows.ts';
import { aNightAbroad, rowsOf, STORY_AT } from '../../support/verdict-cases.ts';

const REPOSITORY_CASES = fileURLToPath(new URL('../../verdicts', import.meta.url));

let root: string;
let store: Store;
let dir: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'gatewatch-verdicts-'));
  store = await openEmbeddedStore({ dir: join(root, 'store'), retentionDays: 3_650, log: quietLog });
  await store.insert('events', rowsOf(aNightAbroad('attack')));
}, 60_000);
afterAll(async () => {
  await store.close();
  await rm(root, { recursive: true, force: true });
});
beforeEach(async () => {
  dir = join(await mkdtemp(join(root, 'data-')), 'verdicts');
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  process.exitCode = undefined;
});

async function keep(verdict: Verdict, from: Pick<Store, 'query'> = store): Promise<VerdictCase[]> {
  const keeper = createCaseKeeper({ store: from, dir, learningDays: 7, log: quietLog });
  await keeper(aNightAbroad(verdict).incident);
  return Promise.all((await caseFiles(dir)).map(loadCase));
}

async function keepOne(verdict: Verdict): Promise<VerdictCase> {
  const [one] = await keep(verdict);
  if (one === undefined) throw new Error('No case.');
  return one;
}

describe('a verdict', () => {
  it('leaves the calls of the key around the incident as a case, and what they lead to', async () => {
    const one = await keepOne('attack');
    expect(one.rows).toHaveLength(111);
    expect(one).toMatchObject({ verdict: 'attack', from: STORY_AT, shown: { wouldBlock: true } });
    expect(['high', 'critical']).toContain(one.shown.severity);
  });

  it('leaves none where people were not sure', async () => {
    expect(await keep('unclear')).toEqual([]);
  });

  it('stands when no case can be saved', async () => {
    expect(await keep('attack', awayStore)).toEqual([]);
    await writeFile(dir, 'in the way');
    const keeper = createCaseKeeper({ store, dir, learningDays: 7, log: quietLog });
    await expect(keeper(aNightAbroad('attack').incident)).resolves.toBeUndefined();
  });

  it('replaces the case of the verdict before', async () => {
    await keep('attack');
    const keeper = createCaseKeeper({ store, dir, learningDays: 7, log: quietLog });
    const { incidentId } = aNightAbroad('attack').incident;
    await keeper({ ...aNightAbroad('ours').incident, incidentId });
    const cases = await Promise.all((await caseFiles(dir)).map(loadCase));
    expect(cases.map(({ verdict }) => verdict)).toEqual(['ours']);
  });

  it('keeps where a leak was found out of the case', async () => {
    const { keyId } = aNightAbroad('attack').incident;
    const leak = { type: 'leak', key_id: keyId, reported_at: STORY_AT, found_at: STORY_AT, source: 'scan' };
    await store.insert('leaked_keys', [aRow('leaked_keys', { ...leak, url: 'https://paste.example.com/1' })]);
    const { facts } = await keepOne('attack');
    expect(facts).toMatchObject([{ type: 'leak', source: 'scan', url: '' }]);
  });
});

describe('the folder of cases', () => {
  it('keeps the newest 200', async () => {
    const one = await keepOne('attack');
    await rm(dir, { recursive: true });
    await mkdir(dir);
    for (let index = 0; index < 201; index += 1) {
      const file = join(dir, `inc_${String(index).padStart(3, '0')}.ndjson.gz`);
      await writeFile(file, '');
      await utimes(file, one.at / 1_000, one.at / 1_000 + index);
    }
    await saveCase(dir, one);
    const names = await readdir(dir);
    expect(names).toHaveLength(200);
    expect(names).not.toContain('inc_001.ndjson.gz');
    expect(existsSync(join(dir, `${one.incidentId}.ndjson.gz`))).toBe(true);
  });
});

describe('a case that is checked', () => {
  it.each(['attack', 'ours', 'planned'] as const)('comes out as people said: %s', async (verdict) => {
    const one = await keepOne(verdict);
    expect(await checkCase(one)).toMatchObject({ state: 'passed' });
  });

  it('fails when an attack is not told any more', async () => {
    const one = await keepOne('attack');
    // What the owner does at home, as if it had been told once.
    const rows = one.rows.filter(({ at }) => at < one.from);
    expect(await checkCase({ ...one, rows, facts: [] })).toMatchObject({
      state: 'failed',
      result: 'nothing is told',
    });
  });

  it('fails when what was ours is told again', async () => {
    const one = await keepOne('ours');
    // An exclusion that covers nothing of it, as after a change of what indicators are called.
    const answer = await checkCase({ ...one, indicators: [] });
    expect(answer).toMatchObject({ state: 'failed' });
    expect(answer.result).toMatch(/^told at critical by new-party/);
  });

  it('is not compared when these events alone never showed it', async () => {
    const one = await keepOne('attack');
    const shown = { severity: null, wouldBlock: false, detectors: [] };
    expect(await checkCase({ ...one, shown })).toMatchObject({ state: 'unshown' });
  });
});

describe('gatewatch verdicts', () => {
  let printed: string;
  let said: string;

  async function run(...argv: string[]): Promise<number> {
    printed = '';
    said = '';
    vi.stubEnv('GATEWATCH_DATA_DIR', join(dir, '..'));
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
      printed += String(text);
      return true;
    });
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
      said += String(text);
      return true;
    });
    return main(['verdicts', ...argv]);
  }

  it('lists the cases of the data folder', async () => {
    expect(await run('list')).toBe(0);
    expect(printed).toBe('No cases yet.\n');
    await keep('attack');
    expect(await run('list')).toBe(0);
    expect(printed).toMatch(/inc_night_attack +attack +.* high +111 +Key in use by somebody new/);
  });

  it('checks them, and exits 1 when one fails', async () => {
    await keep('attack');
    expect(await run('check')).toBe(0);
    expect(printed).toMatch(
      /^ok: inc_night_attack \(attack\): expected: people are told; now: told at \w+ by /,
    );
    expect(printed).toContain('1 case: 1 as people said, 0 failed, 0 not comparable');
    const one = await keepOne('attack');
    await saveCase(dir, { ...one, facts: [], rows: one.rows.filter(({ at }) => at < one.from) });
    expect(await run('check', '--json')).toBe(1);
    expect(JSON.parse(printed)).toMatchObject({ incident_id: 'inc_night_attack', state: 'failed' });
  });

  it('says in one line what it cannot read', async () => {
    await mkdir(dir, { recursive: true });
    await writeFile(join(dir, 'notes.ndjson'), '{"hello":"world"}\n');
    expect(await run('check')).toBe(1);
    expect(said).toMatch(/^gatewatch: notes\.ndjson is no case [^\n]*\(E_NOTHING_READABLE\)\n$/);
    expect(await run('check', join(dir, 'none.ndjson'))).toBe(1);
    expect(said).toMatch(/^gatewatch: Cannot read /);
    expect(await run('check', join(dir, 'nowhere'))).toBe(1);
    expect(said).toMatch(/^gatewatch: There is no case in /);
  });

  it('finds the cases of the repository as people said', async () => {
    expect(await run('check', REPOSITORY_CASES)).toBe(0);
    expect(printed).toContain('2 cases: 2 as people said');
  });
});
