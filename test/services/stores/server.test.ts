import { createServer } from 'node:http';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Secret } from '../../../services/secret.ts';
import { openServerParts, openServerStore } from '../../../services/stores/server.ts';
import { untilReady } from '../../../services/stores/server-ready.ts';
import { ClickHouseOverHttp, SLOW_START_MS } from '../../support/clickhouse/http-server.ts';
import { quietLog } from '../../support/quiet.ts';
import { eventRows } from '../../support/store-rows.ts';

let server: ClickHouseOverHttp;
let database = '';
let databases = 0;
beforeAll(async () => {
  server = await ClickHouseOverHttp.start();
}, SLOW_START_MS);
afterAll(() => server.stop());
beforeEach(() => {
  databases += 1;
  database = `server_test_${databases}`;
});

const open = (options: { waitMs?: number; url?: Secret; log?: typeof quietLog } = {}) =>
  openServerStore({ url: server.url(database), retentionDays: 90, log: quietLog, waitMs: 0, ...options });
const countOf = async (store: Awaited<ReturnType<typeof open>>) =>
  Number((await store.query<{ n: string }>('SELECT count() AS n FROM events'))[0]?.n);

describe('a store at a ClickHouse server', { timeout: SLOW_START_MS }, () => {
  it('keeps an insert once that was repeated with its token after server and process were lost', async () => {
    const before = await open();
    await before.insert('events', eventRows(500), 'events/0/0-500');
    await server.kill();
    await expect(before.insert('events', eventRows(500), 'events/0/500-1000')).rejects.toMatchObject({
      code: 'E_STORE_UNAVAILABLE',
      message: /cannot be reached/,
    });
    await before.close();
    await server.restart();
    const after = await open();
    await after.insert('events', eventRows(500), 'events/0/0-500');
    await after.insert('events', eventRows(500), 'events/0/500-1000');
    expect(await countOf(after)).toBe(1_000);
    await after.close();
  });

  it('goes on by itself when the server was away in between', async () => {
    const store = await open();
    await server.restart();
    await store.insert('events', eventRows(3), 'token');
    expect(await countOf(store)).toBe(3);
    await store.close();
  });

  it('waits for a server that is not there yet', async () => {
    await server.kill();
    const opening = open({ waitMs: 20_000 });
    await server.restart();
    await (await opening).close();
  });

  it('says so when the server stays away', async () => {
    await server.kill();
    try {
      await expect(open({ waitMs: 600 })).rejects.toMatchObject({
        code: 'E_STORE_UNAVAILABLE',
        message: /cannot be reached: nothing listens there/,
      });
    } finally {
      await server.restart();
    }
  });

  it('does not wait where waiting cannot help, and names no password, neither there nor in the log', async () => {
    const lines: string[] = [];
    const log = pino({ level: 'trace' }, { write: (line) => void lines.push(line) });
    const wrong = new Secret(
      server
        .url(database)
        .reveal()
        .replace(/:[^:]+@/, ':topsecret@'),
    );
    const startedAt = performance.now();
    const error: unknown = await open({ url: wrong, waitMs: 20_000, log }).catch((cause: unknown) => cause);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    expect(error).toMatchObject({ code: 'E_STORE_REFUSED', message: /refuses user gatewatch_test/ });
    await server.kill();
    await open({ url: wrong, waitMs: 600, log }).catch((cause: unknown) => cause);
    await server.restart();
    expect(lines.join('')).toContain('ClickHouse is waited for.');
    expect(`${String(error)}${JSON.stringify(error)}${lines.join('')}`).not.toContain('topsecret');
  });

  it('tells a server that is no ClickHouse', async () => {
    const other = createServer((_request, response) => response.writeHead(404).end('<h1>Not here</h1>'));
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as { port: number };
    const url = new Secret(`http://127.0.0.1:${port}/gatewatch`);
    await expect(open({ url })).rejects.toMatchObject({ message: /Is it the HTTP port of ClickHouse\?/ });
    other.close();
  });

  it('makes its schema once, however many start at the same time', async () => {
    const stores = await Promise.all(Array.from({ length: 4 }, () => open({ waitMs: 5_000 })));
    await Promise.all(stores.map((store, index) => store.insert('events', eventRows(1), `token ${index}`)));
    for (const store of stores) {
      expect(await countOf(store)).toBe(4);
      expect(await store.query('SELECT DISTINCT version FROM schema_versions ORDER BY version')).toEqual([
        { version: 1 },
        { version: 2 },
      ]);
    }
    await Promise.all(stores.map((store) => store.close()));
  });

  it('refuses a schema that is newer than itself', async () => {
    const store = await open();
    await store.query('INSERT INTO schema_versions (version) VALUES (99)');
    await store.close();
    await expect(open()).rejects.toMatchObject({ code: 'E_CONFIG', message: /schema version 99/ });
  });

  it.each([
    "INSERT INTO events (key_id) VALUES ('x')",
    'DROP TABLE events',
    'SELECT 1 SETTINGS max_execution_time = 0',
    'SELECT 1 SETTINGS readonly = 0',
    'SET readonly = 0',
  ])('lets people only read, without any vetting: %s', async (query) => {
    await (await open()).close();
    const parts = await openServerParts({ url: server.url(database), log: quietLog });
    await parts.useDatabase();
    const limits = { timeoutMs: 5_000, maxRows: 10 };
    await expect(parts.people({ params: {}, limits }, (session) => session.run(query))).rejects.toMatchObject(
      {
        message: /in readonly mode/,
      },
    );
    await parts.close();
  });

  it('says when parameters are too long for an address', async () => {
    const store = await open();
    const params = Object.fromEntries(
      Array.from({ length: 6 }, (_, index) => [`p${index}`, 'x'.repeat(99_000)]),
    );
    await expect(store.userQuery('SELECT 1', params, { timeoutMs: 1_000, maxRows: 1 })).rejects.toMatchObject(
      {
        code: 'E_SQL_INVALID',
        message: 'The parameters are too long together.',
      },
    );
    await store.close();
  });
});

describe('a server that answers', () => {
  const name = { url: 'http://ch:8123', username: 'ann', database: 'gatewatch' };
  const ready = (version: string, readonly: string) =>
    untilReady(
      { ask: <Row>() => Promise.resolve([{ version, readonly, at: '1790000000000' } as Row]) },
      { name, log: quietLog, waitMs: 10_000 },
    );

  it.each([
    ['25.2.9.1', '0', /version 25.2.9.1; gatewatch needs 25.3/],
    ['24.8.14.39', '0', /needs 25.3/],
    ['26.1.1.1', '1', /User ann is read-only .*readonly = 1/],
    ['26.1.1.1', '2', /read-only/],
    ['', '0', /needs 25.3/],
  ])('of version %s with readonly = %s is refused at once', async (version, readonly, message) => {
    await expect(ready(version, readonly)).rejects.toMatchObject({ code: 'E_STORE_REFUSED', message });
  });

  it.each(['25.3.1.1', '25.10.1.1', '26.7.2.1'])('of version %s is taken', async (version) => {
    await expect(ready(version, '0')).resolves.toBeUndefined();
  });
});
