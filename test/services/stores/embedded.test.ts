import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Session } from 'chdb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openEmbeddedStore } from '../../../services/stores/embedded.ts';
import type { Store } from '../../../services/stores/store.ts';
import { quietLog } from '../../support/quiet.ts';
import { eventRows } from '../../support/store-rows.ts';

const CHILD = join(import.meta.dirname, 'embedded-child.ts');

describe('the embedded store', () => {
  let dir: string;
  const open = () => openEmbeddedStore({ dir, retentionDays: 90, log: quietLog });
  const inStore = async <Result>(work: (store: Store) => Promise<Result>): Promise<Result> => {
    const store = await open();
    try {
      return await work(store);
    } finally {
      await store.close();
    }
  };
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'gatewatch-store-'));
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  async function startChild(
    task: string,
  ): Promise<{ child: ChildProcessWithoutNullStreams; said: () => string[] }> {
    const child = spawn(process.execPath, ['--import', 'tsx', CHILD, task, dir]);
    let text = '';
    child.stdout.on('data', (data: Buffer) => (text += data.toString()));
    const said = () => text.split('\n').slice(0, -1);
    await expect.poll(() => said().length, { timeout: 15_000 }).toBeGreaterThan(0);
    return { child, said };
  }

  async function kill(child: ChildProcessWithoutNullStreams): Promise<void> {
    child.kill('SIGKILL');
    await once(child, 'close');
  }

  it('says who has the folder when another process uses it, and opens when that is gone', async () => {
    const { child } = await startChild('hold');
    await expect(open()).rejects.toMatchObject({
      code: 'E_DATA_LOCKED',
      message: new RegExp(`Process ${String(child.pid)} uses .*GATEWATCH_DATA_DIR`),
    });
    await kill(child);
    await inStore((store) => store.ping());
  });

  it('opens after a kill in the middle of inserts, with every batch that was acknowledged and none in part', async () => {
    const { child, said } = await startChild('insert');
    await expect.poll(() => said().length, { timeout: 15_000 }).toBeGreaterThan(8);
    await kill(child);
    const acknowledged = said().slice(1);
    await inStore(async (store) => {
      const counts = () =>
        store.query<{ team: string; n: string }>('SELECT team, count() AS n FROM events GROUP BY team');
      const found = new Map((await counts()).map(({ team, n }) => [team, Number(n)]));
      expect(acknowledged.filter((team) => found.get(team) !== 500)).toEqual([]);
      expect([...found.values()].every((n) => n === 500)).toBe(true);
      // Nobody knows whether the last one arrived: repeating it is safe.
      for (const team of acknowledged) await store.insert('events', eventRows(500, { team }), team);
      expect((await counts()).every(({ n }) => Number(n) === 500)).toBe(true);
    });
  });

  it('refuses a schema that is newer than itself', async () => {
    await inStore(async () => {
      const session = new Session(join(dir, 'clickhouse'));
      await session.queryAsync('INSERT INTO gatewatch.schema_versions (version) VALUES (99)');
      session.close();
    });
    await expect(open()).rejects.toMatchObject({
      code: 'E_CONFIG',
      message: /schema version 99.*newer gatewatch/,
    });
    // The failed start let go of the folder.
    await expect(open()).rejects.toMatchObject({ code: 'E_CONFIG' });
  });

  it('changes nothing at a second start', async () => {
    const state = (store: Store) =>
      store.query(
        "SELECT name, metadata_modification_time, create_table_query FROM system.tables WHERE database = 'gatewatch' ORDER BY name",
      );
    const before = await inStore(state);
    expect(before.length).toBeGreaterThan(10);
    expect(await inStore(state)).toEqual(before);
  });

  it('keeps its folder to its owner', async () => {
    await inStore((store) => store.ping());
    for (const name of ['', 'clickhouse']) expect((await stat(join(dir, name))).mode & 0o077).toBe(0);
    for (const name of ['users.xml', 'config.xml'])
      expect((await stat(join(dir, name))).mode & 0o077).toBe(0);
  });

  it('says what is wrong when the folder cannot be used', async () => {
    await expect(
      openEmbeddedStore({ dir: '/dev/null/x', retentionDays: 90, log: quietLog }),
    ).rejects.toMatchObject({
      code: 'E_STORE_UNAVAILABLE',
      message: /cannot open .dev.null/,
    });
  });

  it.each([
    "SELECT * FROM file('/etc/passwd', 'LineAsString')",
    "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
    "SELECT * FROM remote('127.0.0.1', system.one)",
    "DESCRIBE TABLE file('/etc/passwd', 'LineAsString')",
    "INSERT INTO FUNCTION file('/tmp/gatewatch-out', 'CSV') SELECT 1",
    'CREATE DATABASE other',
    'CREATE TABLE default.x (a UInt8) ENGINE = Memory',
  ])('has no rights outside its database in the whole process, without any vetting: %s', async (query) => {
    await inStore(async () => {
      const session = new Session(join(dir, 'clickhouse'));
      try {
        await expect(session.queryAsync(query)).rejects.toThrow(/ACCESS_DENIED|Not enough privileges/);
      } finally {
        session.close();
      }
    });
  });
});
