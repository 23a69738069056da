import { appendFile, chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openAudit } from '../../../../services/audit/audit-file.ts';
import { checkAudit, checkFolder } from '../../../../services/cli/doctor/check-folder.ts';
import { createMetrics } from '../../../../services/metrics.ts';
import { quietLog } from '../../../support/quiet.ts';

let base: string;
let dir: string;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'gatewatch-doctor-'));
  dir = join(base, 'data');
  await mkdir(join(dir, 'keys'), { recursive: true, mode: 0o700 });
});
afterEach(() => rm(base, { recursive: true, force: true }));

const levels = (advice: readonly { level: string }[]) => advice.map(({ level }) => level);

describe('the doctor on the data folder', () => {
  it('is content with a folder of its own', async () => {
    await writeFile(join(dir, 'keys', 'pepper'), 'x', { mode: 0o600 });
    await writeFile(join(dir, 'keys', 'audit-signing.pub'), 'x', { mode: 0o644 });
    expect(levels(await checkFolder(dir))).toEqual(['ok', 'ok', 'ok']);
  });

  it('looks at the parent of a folder that is not there yet, and makes none', async () => {
    const missing = join(base, 'some', 'where');
    const found = await checkFolder(missing);
    expect(levels(found)).toEqual(['ok', 'ok', 'note']);
    expect(found[0]?.text).toContain(base);
    expect(levels(await checkFolder(missing))).toEqual(['ok', 'ok', 'note']);
  });

  it('warns of a folder that others may look into', async () => {
    await chmod(dir, 0o750);
    expect((await checkFolder(dir)).filter(({ level }) => level === 'warning')).toEqual([
      { level: 'warning', text: expect.stringContaining(`chmod 700 ${dir}`) as string },
    ]);
  });

  it.each(['keys/pepper', 'tokens.json', 'running.json', 'audit.ndjson'])(
    'names %s when others may read it',
    async (name) => {
      await writeFile(join(dir, name), 'x');
      await chmod(join(dir, name), 0o640);
      const problems = (await checkFolder(dir)).filter(({ level }) => level === 'problem');
      expect(problems.map(({ text }) => text)).toEqual([expect.stringContaining(join(dir, name))]);
    },
  );

  it.skipIf(process.getuid?.() === 0)(
    'finds a folder that cannot be written (not as root, who may write everywhere)',
    async () => {
      await chmod(dir, 0o500);
      expect(levels(await checkFolder(dir))).toContain('problem');
    },
  );
});

describe('the doctor on the audit chain', () => {
  it('knows none, a whole one and a broken one', async () => {
    expect(levels(await checkAudit(dir))).toEqual(['note']);
    const audit = await openAudit({ dir, log: quietLog, metrics: createMetrics(), now: Date.now });
    await audit.append({
      ts: 1,
      actor: 'policy',
      action: 'block',
      target: 'a',
      incidentId: 'inc_1',
      detail: {},
    });
    await audit.close();
    expect(levels(await checkAudit(dir))).toEqual(['ok']);
    await appendFile(join(dir, 'audit.ndjson'), '{}\n');
    expect(levels(await checkAudit(dir))).toEqual(['problem']);
  });
});
