import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openAudit } from '../../../services/audit/audit-file.ts';
import type { AuditLog, AuditRecord } from '../../../services/audit/audit-log.ts';
import { verifyAudit } from '../../../services/audit/verify.ts';
import { createMetrics } from '../../../services/metrics.ts';
import { quietLog } from '../../support/quiet.ts';

const CHILD = join(import.meta.dirname, 'audit-child.ts');
const START = 1_790_000_000_000;

let dir: string;
let time: number;
let opened: AuditLog[];
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'gatewatch-audit-'));
  time = START;
  opened = [];
});
afterEach(async () => {
  for (const audit of opened) await audit.close();
  await rm(dir, { recursive: true, force: true });
});

async function open(onAppended?: (record: AuditRecord) => void): Promise<AuditLog> {
  const options = { dir, log: quietLog, metrics: createMetrics(), now: () => time };
  const audit = await openAudit(onAppended === undefined ? options : { ...options, onAppended });
  opened.push(audit);
  return audit;
}

function entry(action: string, detail: Record<string, unknown> = {}, ts = time) {
  return { ts, actor: 'policy', action, target: 'ab'.repeat(32), incidentId: 'inc_1', detail };
}

const file = (name = 'audit.ndjson') => join(dir, name);
const linesOf = async (name?: string) =>
  (await readFile(file(name), 'utf8')).split('\n').filter((line) => line !== '');

describe('the audit chain', () => {
  it('keeps records in the order of the calls, each with the hash of the one before', async () => {
    const audit = await open();
    const records = await Promise.all(
      ['sent', 'accepted', 'verified'].map((action) => audit.append(entry(action))),
    );
    expect(records.map(({ seq, action }) => [seq, action])).toEqual([
      [1, 'sent'],
      [2, 'accepted'],
      [3, 'verified'],
    ]);
    expect(records[0]?.prevHash).toBe('0'.repeat(64));
    expect(records[2]?.prevHash).toBe(records[1]?.hash);
    expect((await linesOf()).map((line) => JSON.parse(line) as unknown)).toEqual(records);
  });

  it('names its newest record as anchor, also after it was opened again', async () => {
    const audit = await open();
    expect(audit.anchor()).toBe(`0:${'0'.repeat(64)}`);
    const { hash } = await audit.append(entry('sent'));
    expect(audit.anchor()).toBe(`1:${hash}`);
    await audit.close();
    const again = await open();
    expect(again.anchor()).toBe(`1:${hash}`);
    expect(await again.append(entry('accepted'))).toMatchObject({ seq: 2, prevHash: hash });
  });

  it('gives the records after a sequence number, also those of before it was opened', async () => {
    const audit = await open();
    const [first] = [await audit.append(entry('sent')), await audit.append(entry('accepted'))];
    await audit.close();
    const again = await open();
    const third = await again.append(entry('verified'));
    expect((await again.since(1)).map(({ action }) => action)).toEqual(['accepted', 'verified']);
    expect(await again.since(2)).toEqual([third]);
    expect((await again.since(0))[0]).toEqual(first);
    expect(await again.since(3)).toEqual([]);
  });

  it('hands every record over when it is on disk, before the caller knows', async () => {
    const seen: string[] = [];
    const audit = await open((record) => seen.push(`copied ${record.seq.toString()}`));
    await audit.append(entry('sent')).then(() => seen.push('acknowledged'));
    expect(seen).toEqual(['copied 1', 'acknowledged']);
  });

  it('is readable by its owner only, keys too', async () => {
    const audit = await open();
    await audit.append(entry('sent'));
    await audit.close();
    for (const name of ['audit.ndjson', 'audit-checkpoints.ndjson', 'keys/audit-signing.pem']) {
      expect((await stat(file(name))).mode & 0o077, name).toBe(0);
    }
  });

  it('never writes a time before the last one; the record says what the clock showed', async () => {
    const audit = await open();
    await audit.append(entry('sent', {}, START));
    const record = await audit.append(entry('accepted', { note: 'x' }, START - 3_600_000));
    expect(record).toMatchObject({ ts: START, detail: { note: 'x', clock: START - 3_600_000 } });
  });

  it('takes any text and any detail that JSON can hold', async () => {
    const audit = await open();
    const detail = JSON.parse(
      '{"__proto__":{"a":1},"10":"b","9":"a","text":"\\ud800 \\u2028 \\n é","none":null}',
    ) as Record<string, unknown>;
    await audit.append(entry('sent\n{"seq":9}', detail));
    await audit.close();
    expect(await linesOf()).toHaveLength(1);
    expect(await verifyAudit(dir, [])).toMatchObject({ ok: true, records: 1 });
  });

  it('signs a checkpoint at the start, after a second, and at the end', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const audit = await open();
      expect(await linesOf('audit-checkpoints.ndjson')).toHaveLength(1);
      await audit.append(entry('sent'));
      // With faked timers, waiting moves them on.
      await vi.waitFor(
        async () => {
          expect(await linesOf('audit-checkpoints.ndjson')).toHaveLength(2);
        },
        { interval: 200, timeout: 5_000 },
      );
      const { hash } = await audit.append(entry('accepted'));
      await audit.close();
      const last = (await linesOf('audit-checkpoints.ndjson')).at(-1) ?? '';
      expect(JSON.parse(last)).toMatchObject({ number: 3, count: 2, head: hash, time: START });
    } finally {
      vi.useRealTimers();
    }
  });

  it('signs a checkpoint after a thousand records', async () => {
    const audit = await open();
    await Promise.all(Array.from({ length: 1_000 }, () => audit.append(entry('sent'))));
    await vi.waitFor(async () => {
      expect(JSON.parse((await linesOf('audit-checkpoints.ndjson')).at(-1) ?? '')).toMatchObject({
        count: 1_000,
      });
    });
  });

  it('refuses records after it was closed', async () => {
    const audit = await open();
    await audit.close();
    await expect(audit.append(entry('sent'))).rejects.toMatchObject({ code: 'E_AUDIT_UNAVAILABLE' });
  });
});

describe('an audit chain that is opened again', () => {
  async function leave(...actions: string[]): Promise<void> {
    const audit = await open();
    for (const action of actions) await audit.append(entry(action));
    await audit.close();
  }

  it('cuts off what a crash left of a write, and says so in the chain', async () => {
    await leave('sent');
    await appendFile(file(), '{"action":"acc');
    const audit = await open();
    const { seq } = await audit.append(entry('verified'));
    await audit.close();
    const [, note] = await linesOf();
    expect(JSON.parse(note ?? '')).toMatchObject({
      seq: 2,
      actor: 'system',
      action: 'audit-tail-cut',
      detail: { sizeBytes: 14 },
    });
    expect(seq).toBe(3);
    expect(await verifyAudit(dir, [])).toMatchObject({ ok: true, records: 3 });
  });

  it.each([
    {
      story: 'a changed record',
      damage: async () => writeFile(file(), (await readFile(file(), 'utf8')).replace('accepted', 'verified')),
    },
    {
      story: 'a changed newest record',
      damage: async () =>
        writeFile(file(), (await readFile(file(), 'utf8')).replace('"restored"', '"nothing"')),
    },
    {
      story: 'a cut tail',
      damage: async () => writeFile(file(), `${(await linesOf()).slice(0, -1).join('\n')}\n`),
    },
    {
      story: 'a cut tail that looks torn',
      damage: async () => truncate(file(), (await stat(file())).size - 1),
    },
    { story: 'checkpoints taken away', damage: async () => rm(file('audit-checkpoints.ndjson')) },
    { story: 'the signing key taken away', damage: async () => rm(file('keys/audit-signing.pem')) },
    { story: 'another public key', damage: async () => rm(file('keys/audit-signing.pub')) },
  ])('refuses $story', async ({ damage }) => {
    await leave('sent', 'accepted', 'restored');
    await damage();
    await expect(open()).rejects.toMatchObject({ code: 'E_AUDIT_BROKEN' });
  });

  it('goes on after a checkpoint that was written in part', async () => {
    await leave('sent');
    await appendFile(file('audit-checkpoints.ndjson'), '{"count":');
    await leave('accepted');
    expect(await verifyAudit(dir, [])).toMatchObject({ ok: true, records: 2 });
  });
});

/** A process that appends without end. */
function startChild(limitBlocks = 'unlimited') {
  const script = `ulimit -S -f ${limitBlocks}; exec "$0" --import tsx "$1" "$2"`;
  const child = spawn('sh', ['-c', script, process.execPath, CHILD, dir], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const said: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => said.push(line));
  return { child, said, exited: once(child, 'exit') };
}

describe('an audit log in trouble', () => {
  it.each([20, 150, 400])(
    'holds every acknowledged record after a kill at record %d',
    async (count) => {
      const { child, said, exited } = startChild();
      await vi.waitFor(() => {
        expect(said.length).toBeGreaterThan(count);
      }, 15_000);
      child.kill('SIGKILL');
      await exited;
      const acknowledged = Math.max(...said.map(Number));
      await (await open()).close();
      const { ok, records, problems } = await verifyAudit(dir, []);
      expect(problems).toEqual([]);
      expect(ok).toBe(true);
      expect(records).toBeGreaterThanOrEqual(acknowledged);
    },
    30_000,
  );

  it('refuses while the disk is full, and works again when there is room', async () => {
    const { child, said, exited } = startChild('64');
    const refused = () => said.filter((line) => line === 'E_AUDIT_UNAVAILABLE').length;
    await vi.waitFor(() => {
      expect(refused()).toBe(3);
    }, 15_000);
    const before = said.length;
    execFileSync('prlimit', ['--pid', String(child.pid), '--fsize=unlimited:unlimited']);
    child.stdin.write('\n');
    await vi.waitFor(() => {
      expect(said.length).toBeGreaterThan(before + 30);
    }, 15_000);
    child.kill('SIGKILL');
    await exited;
    const acknowledged = said.map(Number).filter((seq) => !Number.isNaN(seq));
    expect(new Set(acknowledged).size).toBe(acknowledged.length);
    await (await open()).close();
    const { ok, records } = await verifyAudit(dir, []);
    expect(ok).toBe(true);
    expect(records).toBeGreaterThanOrEqual(Math.max(...acknowledged));
  }, 30_000);
});
