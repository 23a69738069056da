import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openAudit } from '../../../services/audit/audit-file.ts';
import type { AuditRecord } from '../../../services/audit/audit-log.ts';
import { BEGINNING, encodeRecord, nextRecord } from '../../../services/audit/chain.ts';
import { verifyAudit } from '../../../services/audit/verify.ts';
import { createMetrics } from '../../../services/metrics.ts';
import { quietLog } from '../../support/quiet.ts';

const START = 1_790_000_000_000;
const RECORDS = 8;

let base: string;
let dir: string;
let records: AuditRecord[];
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'gatewatch-verify-'));
  records = await write(join(base, 'whole'), RECORDS);
});
afterAll(() => rm(base, { recursive: true, force: true }));
beforeEach(async () => {
  dir = join(base, 'copy');
  await rm(dir, { recursive: true, force: true });
  await cp(join(base, 'whole'), dir, { recursive: true });
});

/** Two sessions, so that there are checkpoints in the middle. */
async function write(folder: string, count: number): Promise<AuditRecord[]> {
  const written: AuditRecord[] = [];
  while (written.length < count) {
    const audit = await openAudit({ dir: folder, log: quietLog, metrics: createMetrics(), now: () => START });
    for (let index = 0; index < count / 2; index += 1) {
      const ts = START + written.length * 1_000;
      const entry = { ts, actor: 'policy', action: 'block', target: 'ab'.repeat(32), incidentId: 'inc_1' };
      written.push(
        await audit.append({ ...entry, detail: { reason: `réason ${written.length.toString()}` } }),
      );
    }
    await audit.close();
  }
  return written;
}

const path = (name: 'audit' | 'audit-checkpoints') => join(dir, `${name}.ndjson`);
const read = async (name: 'audit' | 'audit-checkpoints' = 'audit') =>
  (await readFile(path(name), 'utf8')).trimEnd().split('\n');
const put = (lines: readonly string[], name: 'audit' | 'audit-checkpoints' = 'audit') =>
  writeFile(path(name), lines.map((line) => `${line}\n`).join(''));
const anchorOf = (record: AuditRecord | undefined) => `${String(record?.seq)}:${record?.hash ?? ''}`;

/** The same history told differently from a record on, with every hash computed again: what only signatures and anchors show. */
function retold(from: number, change: (record: AuditRecord) => Partial<AuditRecord>): string[] {
  let head = BEGINNING;
  return records.map((record) => {
    const told = { ...record, ...(record.seq >= from ? change(record) : {}) };
    const next = nextRecord({ ...head, ts: 0 }, told);
    head = next;
    return encodeRecord(next).trimEnd();
  });
}

describe('verifying the audit chain', () => {
  it('finds a whole chain whole, with anchors in full or as a beginning', async () => {
    const anchors = [anchorOf(records[0]), anchorOf(records[5]), anchorOf(records[7]).slice(0, 20)];
    expect(await verifyAudit(dir, anchors)).toEqual({ ok: true, records: RECORDS, problems: [], notes: [] });
  });

  it.each([
    {
      story: 'a changed record',
      says: 'Record 3 (line 3) was changed.',
      change: (lines: string[]) =>
        lines.map((line, index) => (index === 2 ? line.replace('policy', 'dana.b') : line)),
    },
    {
      story: 'a missing record',
      says: 'Missing: records 3 to 3 are not there (line 3).',
      change: (lines: string[]) => lines.toSpliced(2, 1),
    },
    {
      story: 'several missing records',
      says: 'Missing: records 3 to 5',
      change: (lines: string[]) => lines.toSpliced(2, 3),
    },
    {
      story: 'a missing beginning',
      says: 'Missing: records 1 to 2',
      change: (lines: string[]) => lines.slice(2),
    },
    {
      story: 'a repeated record',
      says: 'Record 4 (line 5) is out of place',
      change: (lines: string[]) => lines.toSpliced(4, 0, lines[3] ?? ''),
    },
    {
      story: 'a cut tail',
      says: 'Cut tail: The signed checkpoint of',
      change: (lines: string[]) => lines.slice(0, -1),
    },
    { story: 'everything cut', says: 'the file ends at 0', change: () => [] },
    {
      story: 'a line put in',
      says: 'Record 2 (line 2) was changed.',
      change: (lines: string[]) => lines.toSpliced(1, 0, '{}'),
    },
    {
      story: 'spaces',
      says: 'Record 1 (line 1) was changed.',
      change: (lines: string[]) => lines.map((line) => line.replace(':', ': ')),
    },
    {
      story: 'a history told again from the middle',
      says: 'Forked head: The signed checkpoint of',
      change: () => retold(5, () => ({ actor: 'nobody' })),
    },
  ])('names $story', async ({ says, change }) => {
    await put(change(await read()));
    const { ok, problems } = await verifyAudit(dir, []);
    expect(ok).toBe(false);
    expect(problems.join('\n')).toContain(says);
  });

  it('names a record that continues another history', async () => {
    const lines = await read();
    await put([...lines.slice(0, 4), ...retold(3, () => ({ actor: 'nobody' })).slice(4)]);
    expect((await verifyAudit(dir, [])).problems).toContain(
      'Forked head: Record 5 (line 5) follows another record than the one before it.',
    );
  });

  it('names time that runs backwards', async () => {
    await put(retold(6, (record) => ({ ts: record.ts - 3_600_000 })));
    expect((await verifyAudit(dir, [])).problems).toContain(
      'Clock regression: Record 6 (line 6) is dated before the one before it.',
    );
  });

  it('names a bad signature, and checkpoints that are missing', async () => {
    const lines = await read('audit-checkpoints');
    await put(
      lines.map((line, index) => (index === 1 ? line.replace('"count":4', '"count":3') : line)),
      'audit-checkpoints',
    );
    expect((await verifyAudit(dir, [])).problems).toContain('Checkpoint in line 2: bad signature.');
    await put(lines.toSpliced(1, 1), 'audit-checkpoints');
    expect((await verifyAudit(dir, [])).problems.join()).toContain('Checkpoint 2 is missing');
    await rm(path('audit-checkpoints'));
    expect((await verifyAudit(dir, [])).problems.join()).toContain('There are no signed checkpoints');
  });

  it('needs an anchor to see a tail that was cut together with its checkpoints', async () => {
    await put((await read()).slice(0, 4));
    await put((await read('audit-checkpoints')).slice(0, 2), 'audit-checkpoints');
    expect(await verifyAudit(dir, [])).toMatchObject({ ok: true, records: 4 });
    const { ok, problems } = await verifyAudit(dir, [anchorOf(records[6])]);
    expect(ok).toBe(false);
    expect(problems.join()).toContain(`Cut tail: The anchor 7:${records[6]?.hash.slice(0, 8) ?? ''}…`);
  });

  it('needs an anchor to see a chain that was made anew, keys and all', async () => {
    await rm(dir, { recursive: true });
    await write(dir, RECORDS);
    const forged = anchorOf({ ...records[3], hash: 'f'.repeat(64) } as AuditRecord);
    expect((await verifyAudit(dir, [])).ok).toBe(true);
    expect((await verifyAudit(dir, [forged])).problems.join()).toContain(
      'Forked head: The anchor 4:ffffffff…',
    );
  });

  it.each(['17', '1:xyz', '1:5d41', ''])('refuses "%s" as an anchor', async (anchor) => {
    const { ok, problems } = await verifyAudit(dir, [anchor]);
    expect(ok).toBe(false);
    expect(problems.join()).toContain('is no anchor');
  });

  it('does not call an empty folder whole', async () => {
    const { ok, problems } = await verifyAudit(join(base, 'nowhere'), []);
    expect(ok).toBe(false);
    expect(problems.join()).toContain('There is no');
  });

  it('notes an unfinished write without calling it a forgery', async () => {
    await writeFile(path('audit'), Buffer.concat([await readFile(path('audit')), Buffer.from('{"act')]));
    expect(await verifyAudit(dir, [])).toMatchObject({
      ok: true,
      records: RECORDS,
      notes: ['The last 5 bytes are an unfinished write, not a record.'],
    });
  });

  it.each(['audit', 'audit-checkpoints'] as const)(
    'sees any single byte that was changed or taken out of %s.ndjson',
    async (name) => {
      const whole = await readFile(path(name));
      const place = fc.nat(whole.length - 1);
      await fc.assert(
        fc.asyncProperty(place, fc.integer({ min: 0, max: 255 }), fc.boolean(), async (at, byte, isTaken) => {
          fc.pre(isTaken || whole[at] !== byte);
          const changed = Buffer.concat([
            whole.subarray(0, at),
            isTaken ? Buffer.alloc(0) : Buffer.of(byte),
            whole.subarray(at + 1),
          ]);
          // The last line feed of the checkpoints is all that tells a torn line from a whole one.
          fc.pre(name === 'audit' || at < whole.length - 1);
          await writeFile(path(name), changed);
          expect((await verifyAudit(dir, [])).ok).toBe(false);
        }),
        { numRuns: 150 },
      );
    },
  );

  it('sees any line that was dropped, moved or swapped', async () => {
    const lines = await read();
    const index = fc.nat(RECORDS - 1);
    await fc.assert(
      fc.asyncProperty(index, index, fc.constantFrom('drop', 'swap', 'move'), async (one, other, how) => {
        fc.pre(how === 'drop' || one !== other);
        const line = lines[one] ?? '';
        const changed =
          how === 'swap' ? lines.with(one, lines[other] ?? '').with(other, line) : lines.toSpliced(one, 1);
        await put(how === 'move' ? changed.toSpliced(other, 0, line) : changed);
        expect((await verifyAudit(dir, [])).ok).toBe(false);
      }),
      { numRuns: 100 },
    );
  });
});
