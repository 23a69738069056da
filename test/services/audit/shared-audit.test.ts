import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openAudit } from '../../../services/audit/audit-file.ts';
import type { AuditLog } from '../../../services/audit/audit-log.ts';
import { openSharedAudit } from '../../../services/audit/shared-audit.ts';
import { verifyAudit } from '../../../services/audit/verify.ts';
import { AppError } from '../../../services/errors.ts';
import { createMetrics } from '../../../services/metrics.ts';
import { MemoryLog, MemoryTransport } from '../../support/memory-transport.ts';
import { quietLog } from '../../support/quiet.ts';

const parts = { log: quietLog, metrics: createMetrics(), now: Date.now };
const anEntry = (target: string) => ({
  ...{ ts: Date.UTC(2026, 0, 5), actor: 'policy', action: 'block', target, incidentId: 'inc_1' },
  detail: { ref: target },
});

let log: MemoryLog;
const dirs: string[] = [];
const opened: AuditLog[] = [];

async function aFolder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'gatewatch-shared-audit-'));
  dirs.push(dir);
  return dir;
}

async function aResponder(dir: string, transport = new MemoryTransport({ log })): Promise<AuditLog> {
  const file = await openAudit({ ...parts, dir, isShared: true });
  const audit = openSharedAudit({ transport, file, dir });
  opened.push(audit);
  return audit;
}

const sure = () => true;
const targetsOf = async (audit: AuditLog) => (await audit.since(0)).map(({ target }) => target);

beforeEach(() => {
  log = new MemoryLog();
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((audit) => audit.close()));
  await Promise.all(dirs.splice(0).map((dir) => rm(dir, { recursive: true, force: true })));
});

describe('an audit chain of several responders', () => {
  it('goes on at the one that takes over, and each has all of it', async () => {
    const [first, second] = [await aResponder(await aFolder()), await aResponder(await aFolder())];
    await first.takeOver(sure);
    await first.append(anEntry('a'));
    await second.takeOver(sure);
    const record = await second.append(anEntry('b'));
    await first.takeOver(sure);
    expect(record.seq).toBe(2);
    expect(await targetsOf(first)).toEqual(['a', 'b']);
    expect(await targetsOf(second)).toEqual(['a', 'b']);
    await Promise.all(opened.splice(0).map((audit) => audit.close()));
    for (const dir of dirs) expect(await verifyAudit(dir, [])).toMatchObject({ ok: true, records: 2 });
  });

  it('does not take in what a paused one still writes after another has taken over', async () => {
    const [paused, active] = [await aResponder(await aFolder()), await aResponder(await aFolder())];
    await paused.takeOver(sure);
    await paused.append(anEntry('a'));
    await active.takeOver(sure);
    await expect(paused.append(anEntry('too late'))).rejects.toMatchObject({ code: 'E_AUDIT_UNAVAILABLE' });
    await active.append(anEntry('b'));
    const third = await aResponder(await aFolder());
    await third.takeOver(sure);
    expect(await targetsOf(third)).toEqual(['a', 'b']);
    // And it can take its turn again.
    await paused.takeOver(sure);
    await paused.append(anEntry('c'));
    expect(await targetsOf(paused)).toEqual(['a', 'b', 'c']);
  });

  it('is not written, nor taken from another one, by whoever is not sure to be the active one', async () => {
    const [paused, active] = [await aResponder(await aFolder()), await aResponder(await aFolder())];
    let isSure = true;
    await paused.takeOver(() => isSure);
    await active.takeOver(sure);
    isSure = false;
    await expect(paused.append(anEntry('too late'))).rejects.toMatchObject({ code: 'E_AUDIT_UNAVAILABLE' });
    await active.append(anEntry('a'));
    expect(await targetsOf(active)).toEqual(['a']);
  });

  it('is told to Kafka by a machine that ran alone before', async () => {
    const dir = await aFolder();
    const alone = await openAudit({ ...parts, dir });
    await alone.append(anEntry('a'));
    await alone.close();
    const first = await aResponder(dir);
    await first.takeOver(sure);
    const second = await aResponder(await aFolder());
    await second.takeOver(sure);
    expect(await targetsOf(second)).toEqual(['a']);
  });

  it('finds out after a failure whether the record was written', async () => {
    const transport = new MemoryTransport({ log });
    const append = transport.append.bind(transport);
    const first = await aResponder(await aFolder(), transport);
    await first.takeOver(sure);
    transport.append = async (...args) => {
      await append(...args);
      transport.append = append;
      throw new Error('no answer');
    };
    await expect(first.append(anEntry('a'))).rejects.toMatchObject({ code: 'E_AUDIT_UNAVAILABLE' });
    await first.append(anEntry('b'));
    const second = await aResponder(await aFolder());
    await second.takeOver(sure);
    expect(await targetsOf(second)).toEqual(['a', 'b']);
    expect(await targetsOf(first)).toEqual(['a', 'b']);
  });

  it('says whether a failure may pass: brokers that do not answer, and not a disk that is full', async () => {
    const [dir, transport] = [await aFolder(), new MemoryTransport({ log })];
    const file = await openAudit({ ...parts, dir, isShared: true });
    const audit = openSharedAudit({ transport, file, dir });
    opened.push(audit);
    await audit.takeOver(sure);
    const append = vi.spyOn(transport, 'append').mockRejectedValueOnce(new Error('no answer'));
    await expect(audit.append(anEntry('a'))).rejects.toMatchObject({ details: { mayPass: true } });
    append.mockRestore();
    const full = new AppError('E_AUDIT_UNAVAILABLE', 'The disk is full.');
    vi.spyOn(file, 'adopt').mockRejectedValue(full);
    await expect(audit.append(anEntry('b'))).rejects.toMatchObject({ details: { mayPass: false } });
  });

  it('reads on from where it stood, and from the beginning when the topic was made anew', async () => {
    const dir = await aFolder();
    const first = await aResponder(dir);
    await first.takeOver(sure);
    await first.append(anEntry('a'));
    await first.takeOver(sure);
    await first.close();
    opened.splice(0);
    log = new MemoryLog();
    const again = await aResponder(dir);
    await again.takeOver(sure);
    await again.append(anEntry('b'));
    const second = await aResponder(await aFolder());
    await second.takeOver(sure);
    expect(await targetsOf(second)).toEqual(['a', 'b']);
  });
});
