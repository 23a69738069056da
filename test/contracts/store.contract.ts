import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { TABLES, VIEWS } from '../../services/stores/tables.ts';
import type { TableName } from '../../services/stores/tables.ts';
import type { Store } from '../../services/stores/store.ts';
import { ALLOWED_QUERIES } from '../support/sql-allowed.ts';
import { REFUSED_QUERIES } from '../support/sql-refused.ts';
import { aKeyId, anEventRow, aRow, eventRows } from '../support/store-rows.ts';

/** A place where a store keeps its rows. `open` may be called again after the store before was closed. */
export interface StoreLab {
  /** `gatewatch` unless it says otherwise. */
  database?: string;
  open(options?: { retentionDays?: number }): Promise<Store>;
  dispose(): Promise<void>;
}

const CORRELATED = '= events.key_id';
const LIMITS = { timeoutMs: 10_000, maxRows: 10_000 };
const DAY_MS = 86_400_000;

interface Differences {
  /** Tables are Distributed over those of each node. */
  isCluster?: boolean;
}

export function describeStore(
  name: string,
  createLab: () => Promise<StoreLab>,
  { isCluster = false }: Differences = {},
): void {
  const optimize = `OPTIMIZE TABLE ${isCluster ? 'events_local' : 'events'} FINAL`;
  const countOf = async (store: Store, table: string) =>
    Number((await store.query<{ n: string }>(`SELECT count() AS n FROM ${table}`))[0]?.n);

  describe(`store contract: ${name}`, () => {
    let lab: StoreLab;
    let store: Store;
    const reopen = async (options?: Parameters<StoreLab['open']>[0]) => {
      await store.close();
      store = await lab.open(options);
    };
    const count = (table: string) => countOf(store, table);
    const first = async (sql: string, params = {}) => (await store.userQuery(sql, params, LIMITS)).rows[0];
    beforeEach(async () => {
      lab = await createLab();
      store = await lab.open();
    });
    afterEach(async () => {
      await store.close();
      await lab.dispose();
    });

    describe('insert', () => {
      it('gives back what was put in, cell by cell', async () => {
        const text = 'quote \' " back \\ tab \t line \n emoji 🦊 zero \0 {x:String} é';
        await store.insert('events', [
          anEventRow({ ts: 1_790_000_000_123, keyAlias: text, costUsd: 0.1 + 0.2 }),
        ]);
        const [row] = await store.query(
          'SELECT toUnixTimestamp64Milli(ts) AS ms, key_alias, cost_usd, country, asn FROM events',
        );
        const expected = { key_alias: text, cost_usd: 0.1 + 0.2, country: 'DE', asn: 64_500 };
        expect({ ...(row as object), ms: Number((row as { ms: string }).ms) }).toEqual({
          ...expected,
          ms: 1_790_000_000_123,
        });
      });

      it('keeps rows over closing and opening again', async () => {
        await store.insert('events', eventRows(3));
        await reopen();
        await store.insert('events', eventRows(2));
        expect(await count('events')).toBe(5);
      });

      it('takes up to 10,000 rows at once, and not one more', async () => {
        await store.insert('events', eventRows(10_000));
        expect(await count('events')).toBe(10_000);
        await expect(store.insert('events', eventRows(10_001))).rejects.toThrow(RangeError);
      });

      it('does nothing for no rows', async () => {
        await store.insert('events', [], 'token');
        await store.insert('events', eventRows(1), 'token');
        expect(await count('events')).toBe(1);
      });

      it('takes rows of many different days at once', async () => {
        const rows = Array.from({ length: 40 }, (_, day) =>
          anEventRow({ ts: Date.now() - day * 0.25 * DAY_MS }),
        );
        await store.insert('events', rows, 'many days');
        await store.insert('events', rows, 'many days');
        expect(await count('events')).toBe(40);
      });

      it('rejects a row that is none, and goes on', async () => {
        await expect(store.insert('events', ['["only one cell"]'])).rejects.toMatchObject({
          code: 'E_STORE_UNAVAILABLE',
        });
        await store.insert('events', eventRows(1));
        expect(await count('events')).toBe(1);
      });

      it('takes rows of every table', async () => {
        for (const table of Object.keys(TABLES) as TableName[]) {
          await store.insert(table, [aRow(table)]);
          expect(await count(table), table).toBe(1);
        }
      });
    });

    describe('tokens', () => {
      it('drops a repeat with the same token', async () => {
        const rows = eventRows(50);
        await store.insert('events', rows, 'events/0/0-50');
        await store.insert('events', rows, 'events/0/0-50');
        expect(await count('events')).toBe(50);
      });

      it('drops a repeat after the store was opened again', async () => {
        const rows = eventRows(5);
        await store.insert('events', rows, 'a');
        await reopen();
        await store.insert('events', rows, 'a');
        expect(await count('events')).toBe(5);
      });

      it('keeps the same rows under another token, and without one', async () => {
        const rows = eventRows(5);
        await store.insert('events', rows, 'a');
        await store.insert('events', rows, 'b');
        await store.insert('events', rows);
        await store.insert('events', rows);
        expect(await count('events')).toBe(20);
      });

      it('counts for one table only', async () => {
        await store.insert('events', eventRows(1), 'a');
        await store.insert('rejected', [aRow('rejected')], 'a');
        expect([await count('events'), await count('rejected')]).toEqual([1, 1]);
      });

      it('never leaves a token behind that drops the next insert', async () => {
        await store.insert('events', eventRows(1), 'a');
        await store.insert('events', eventRows(1));
        await store.insert('rejected', [aRow('rejected')]);
        await store.insert('events', eventRows(1), 'b');
        expect([await count('events'), await count('rejected')]).toEqual([3, 1]);
      });

      it('drops a repeat although other inserts came between', async () => {
        const rows = [aRow('rejected')];
        await store.insert('rejected', rows, 'first');
        for (let index = 0; index < 100; index += 1) await store.insert('rejected', rows, `token ${index}`);
        await store.insert('rejected', rows, 'first');
        expect(await count('rejected')).toBe(101);
      });
    });

    describe('own queries', () => {
      it('take values as parameters, whatever they hold', async () => {
        const nasty = "a' OR 1=1; -- \\ \n\t{x:String}";
        await store.insert('events', [anEventRow({ team: nasty }), anEventRow({ team: 'b' })]);
        const found = await store.query('SELECT team FROM events WHERE team = {team:String}', {
          team: nasty,
        });
        expect(found).toEqual([{ team: nasty }]);
        const many = await store.query(
          'SELECT count() AS n FROM events WHERE team IN {teams:Array(String)}',
          {
            teams: [nasty, 'b'],
          },
        );
        expect(Number((many[0] as { n: string }).n)).toBe(2);
      });

      it('fail with a code that says that trying again may help', async () => {
        await expect(store.query('SELECT nonsense FROM events')).rejects.toMatchObject({
          code: 'E_STORE_UNAVAILABLE',
        });
        await expect(store.ping()).resolves.toBeUndefined();
      });

      it('never see rows of a query that failed halfway', async () => {
        const rows = await store.query('SELECT arrayJoin(range(1000)) AS a, number FROM numbers(200)');
        expect(rows).toHaveLength(200_000);
        const failing = store.query(
          'SELECT throwIf(number = 90000) AS z FROM numbers(100000) SETTINGS max_block_size = 1000',
        );
        const next = store.query('SELECT 1 AS one');
        await expect(failing).rejects.toMatchObject({ code: 'E_STORE_UNAVAILABLE' });
        expect(await next).toEqual([{ one: 1 }]);
        expect(await store.query('SELECT 2 AS two')).toEqual([{ two: 2 }]);
      });

      it('keep a setting of one query to itself', async () => {
        await store.query('SELECT 1 SETTINGS max_result_rows = 7, max_block_size = 3');
        expect(await store.query('SELECT number FROM numbers(20)')).toHaveLength(20);
      });
    });

    describe('tables', () => {
      it('shows only the newest row where newer ones replace older ones', async () => {
        const incident = (version: number, title: string) =>
          aRow('incidents', { incident_id: 'i', version, title });
        await store.insert('incidents', [incident(1, 'one'), incident(3, 'three')]);
        await store.insert('incidents', [
          incident(2, 'two'),
          aRow('incidents', { incident_id: 'j', version: 1 }),
        ]);
        expect(await first('SELECT title, count() OVER () FROM incidents ORDER BY incident_id')).toEqual([
          'three',
          2,
        ]);
      });

      it('sums calls, tokens and dollars by minute', async () => {
        const minute = Math.floor(Date.now() / 60_000) * 60_000;
        const calls = [0, 10_000, 59_999, 60_000].map((after) =>
          anEventRow({ ts: minute + after, keyId: aKeyId(1), totalTokens: 7, costUsd: 0.5 }),
        );
        await store.insert('events', calls);
        const { rows } = await store.userQuery(
          'SELECT calls, total_tokens, cost_usd FROM spend_by_minute ORDER BY minute',
          {},
          LIMITS,
        );
        expect(rows).toEqual([
          [3, 21, 1.5],
          [1, 7, 0.5],
        ]);
      });

      it('have the columns that are documented', async () => {
        const plain = (type: string) => type.replaceAll(' ', '');
        for (const [table, { columns }] of [...Object.entries(TABLES), ...Object.entries(VIEWS)]) {
          const answer = await store.userQuery(`SELECT * FROM ${table}`, {}, LIMITS);
          const documented = columns.map((column) => [column.name, plain(column.type)]);
          expect(
            answer.columns.map((column) => [column.name, plain(column.type)]),
            table,
          ).toEqual(documented);
        }
      });
    });

    describe('retention', () => {
      const oldAndNew = () => [anEventRow({ ts: Date.now() - 40 * DAY_MS }), anEventRow()];

      it('lets events go after the days that are set, whole days at once', async () => {
        await reopen({ retentionDays: 30 });
        await store.insert('events', oldAndNew());
        await store.query(optimize);
        await expect.poll(() => count('events'), { timeout: 10_000 }).toBe(1);
      });

      it('follows the setting when it changes, for rows that are there already', async () => {
        await store.insert('events', oldAndNew());
        await reopen({ retentionDays: 60 });
        expect(await count('events')).toBe(2);
        await reopen({ retentionDays: 30 });
        await store.query(optimize);
        await expect.poll(() => count('events'), { timeout: 10_000 }).toBe(1);
      });
    });

    describe('queries of people', () => {
      it('answer with columns, rows, types and the time they took', async () => {
        await store.insert('events', [anEventRow({ team: 'a', costUsd: 2 })]);
        const answer = await store.userQuery(
          "SELECT team, sum(cost_usd) AS usd, count(), max(toDateTime64('2026-01-02 03:04:05.678', 3, 'UTC')) FROM events GROUP BY team",
          {},
          LIMITS,
        );
        expect(answer.columns.map(({ type }) => type)).toEqual([
          'String',
          'Float64',
          'UInt64',
          "DateTime64(3, 'UTC')",
        ]);
        expect(answer.rows).toEqual([['a', 2, 1, '2026-01-02 03:04:05.678']]);
        expect(answer.truncated).toBe(false);
        expect(answer.elapsedMs).toBeGreaterThanOrEqual(0);
      });

      it('take parameters of every kind, whatever they hold', async () => {
        const text = "a'b\\c\n\t\0 -- ;{x:String} 🦊";
        const params = {
          text,
          number: 1.5,
          whole: -3,
          flag: true,
          list: [text, 'b'],
          deep: [[1], [2, 3]],
          nothing: null,
        };
        expect(
          await first(
            'SELECT {text:String}, {number:Float64}, {whole:Int32}, {flag:Bool}, {list:Array(String)}, {deep:Array(Array(UInt8))}, {nothing:Nullable(String)}',
            params,
          ),
        ).toEqual([text, 1.5, -3, true, [text, 'b'], [[1], [2, 3]], null]);
      });

      it('say which parameter is missing or is none, also when an earlier query had one of that name', async () => {
        expect(await first('SELECT {p:UInt8}', { p: 5 })).toEqual([5]);
        await expect(first('SELECT {p:UInt8}')).rejects.toMatchObject({
          code: 'E_SQL_INVALID',
          message: /p has no value/,
        });
        await expect(first('SELECT {p:UInt8}', { p: { a: 1 } })).rejects.toMatchObject({
          code: 'E_SQL_INVALID',
        });
        await expect(first('SELECT 1', { "x', readonly = 0 --": 1 })).rejects.toMatchObject({
          code: 'E_SQL_INVALID',
        });
        await expect(first('SELECT {p:UInt8}', { p: 'many' })).rejects.toMatchObject({
          code: 'E_SQL_INVALID',
        });
      });

      it('give exactly the first rows and say so when there are more than allowed', async () => {
        const query = 'SELECT arrayJoin(range(toUInt32({n:UInt32}))) AS n ORDER BY n';
        const exact = await store.userQuery(query, { n: 10_000 }, LIMITS);
        expect([exact.rows.length, exact.truncated]).toEqual([10_000, false]);
        const more = await store.userQuery(query, { n: 10_001 }, LIMITS);
        expect(more.rows).toEqual(Array.from({ length: 10_000 }, (_, index) => [index]));
        expect(more.truncated).toBe(true);
        const union = await store.userQuery(`${query} UNION ALL ${query}`, { n: 9_000 }, LIMITS);
        expect([union.rows.length, union.truncated]).toEqual([10_000, true]);
        const few = await store.userQuery(query, { n: 20 }, { ...LIMITS, maxRows: 7 });
        expect([few.rows.length, few.truncated]).toEqual([7, true]);
        const asked = await store.userQuery(`${query} LIMIT 5`, { n: 20_000 }, LIMITS);
        expect([asked.rows.length, asked.truncated]).toEqual([5, false]);
      });

      it('are cut where rows are shown, not where they are counted', async () => {
        await store.insert(
          'events',
          Array.from({ length: 30 }, (_, index) => anEventRow({ keyId: aKeyId(index) })),
        );
        await store.insert(
          'keys',
          Array.from({ length: 30 }, (_, index) => aRow('keys', { key_id: aKeyId(index) })),
        );
        const few = { ...LIMITS, maxRows: 5 };
        for (const counted of [
          'SELECT count() FROM events',
          'SELECT count() FROM keys',
          'SELECT count() FROM (SELECT key_id FROM events GROUP BY key_id)',
          'SELECT uniqExact(key_id) FROM events WHERE key_id IN (SELECT key_id FROM keys)',
          'SELECT count() FROM events INNER JOIN keys USING (key_id)',
        ])
          expect((await store.userQuery(counted, {}, few)).rows, counted).toEqual([[30]]);
        const grouped = await store.userQuery('SELECT key_id, count() FROM events GROUP BY key_id', {}, few);
        expect([grouped.rows.length, grouped.truncated]).toEqual([5, true]);
      });

      it('say where a query is wrong', async () => {
        await expect(first('SELECT nonsense FROM events')).rejects.toMatchObject({
          code: 'E_SQL_INVALID',
          message: /nonsense/,
        });
        await expect(first('SELEC 1')).rejects.toMatchObject({ code: 'E_SQL_INVALID' });
        await expect(first('SELECT key_id FROM events GROUP BY team')).rejects.toMatchObject({
          code: 'E_SQL_INVALID',
        });
      });

      it('end when they take too long, and delay neither inserts nor our own queries meanwhile', async () => {
        await store.insert('events', eventRows(1));
        const limits = { ...LIMITS, timeoutMs: 1_500 };
        const slow =
          'WITH n AS (SELECT arrayJoin(range(100000)) AS x) SELECT uniqExact(sipHash64(a.x, b.x, {p:UInt8})) FROM n AS a, n AS b';
        const startedAt = performance.now();
        const running = store.userQuery(slow, { p: 1 }, limits).catch((error: unknown) => error);
        let longestMs = 0;
        let rounds = 0;
        while (performance.now() - startedAt < 1_200) {
          const from = performance.now();
          await store.insert('events', eventRows(1));
          await store.query('SELECT count() FROM events WHERE team = {t:String}', { t: 'a' });
          longestMs = Math.max(longestMs, performance.now() - from);
          rounds += 1;
        }
        expect(rounds).toBeGreaterThan(3);
        expect(longestMs).toBeLessThan(1_000);
        expect(await running).toMatchObject({ code: 'E_SQL_TIMEOUT' });
        expect(performance.now() - startedAt).toBeLessThan(6_000);
        expect(await first('SELECT 1')).toEqual([1]);
      });

      it.each([
        [
          'an array that does not fit',
          'SELECT groupArray(a.x) FROM (SELECT arrayJoin(range(1000000)) AS x) AS a, (SELECT arrayJoin(range(1000)) AS y) AS b',
        ],
        ['texts that grow', "SELECT length(repeat(repeat('x', 1000000), 1000))"],
        ['wide rows', "SELECT repeat('x', 5000) FROM (SELECT arrayJoin(range(10000)))"],
        ['one endless row', "SELECT repeat(repeat('x', 1000), 100000)"],
      ])('cannot take more memory than allowed: %s', async (_, query) => {
        await expect(first(query)).rejects.toMatchObject({ code: 'E_SQL_TOO_LARGE' });
        expect(await first('SELECT 1')).toEqual([1]);
      });

      it('see nothing of a query of somebody else that failed halfway', async () => {
        const failing =
          "SELECT toUInt8(if(n = 5000, 'x', '1')) FROM (SELECT arrayJoin(range(9000)) AS n) ORDER BY n";
        await expect(first(failing)).rejects.toMatchObject({ code: 'E_SQL_INVALID' });
        const answer = await store.userQuery('SELECT 1 AS one', {}, LIMITS);
        expect(answer.columns).toEqual([{ name: 'one', type: 'UInt8' }]);
        expect(answer.rows).toEqual([[1]]);
      });

      it('may come many at once, each with its own parameters, beside our own', async () => {
        const people = Array.from({ length: 12 }, (_, p) => first('SELECT {p:UInt32}', { p }));
        const own = Array.from({ length: 12 }, (_, p) => store.query('SELECT {p:UInt32} AS p', { p }));
        expect(await Promise.all(people)).toEqual(people.map((_, p) => [p]));
        expect(await Promise.all(own)).toEqual(own.map((_, p) => [{ p }]));
      });

      it('are refused when too many wait', async () => {
        const results = await Promise.allSettled(Array.from({ length: 40 }, () => first('SELECT 1')));
        const codes = results.map((result) =>
          result.status === 'rejected' ? (result.reason as { code: string }).code : 'ok',
        );
        expect(new Set(codes)).toEqual(new Set(['ok', 'E_BUSY']));
        expect(await first('SELECT 1')).toEqual([1]);
      });
    });

    it('waits for what is running when it is closed, and may be closed twice', async () => {
      const insert = store.insert('events', eventRows(5_000));
      const query = store.userQuery('SELECT count() FROM events', {}, LIMITS);
      await store.close();
      await insert;
      await expect(query).resolves.toMatchObject({ truncated: false });
      await store.close();
      store = await lab.open();
      expect(await count('events')).toBe(5_000);
    });
  });

  describe(`store contract: ${name}, the SQL people may use`, () => {
    let lab: StoreLab;
    let store: Store;
    beforeAll(async () => {
      lab = await createLab();
      store = await lab.open();
      await store.insert('events', [
        anEventRow({ keyId: aKeyId(1) }),
        anEventRow({ keyId: aKeyId(2), ip: '10.0.0.1' }),
      ]);
      for (const table of ['keys', 'incidents', 'findings', 'leaked_keys'] as const)
        await store.insert(table, [aRow(table)]);
    });
    afterAll(async () => {
      await store.close();
      await lab.dispose();
    });

    describe.each(Object.entries(REFUSED_QUERIES))('refuses to %s', (_, queries) => {
      it.each(queries.map((query) => [query.slice(0, 100), query]))('%s', async (_shown, query) => {
        const params = { t: 'one', d: 'system' };
        await expect(store.userQuery(query, params, LIMITS)).rejects.toMatchObject({
          code: expect.stringMatching(/^E_SQL_(REFUSED|INVALID)$/) as string,
        });
      });
    });

    it('has still all its tables and rows after all that', async () => {
      expect(await countOf(store, 'events')).toBe(2);
    });

    // A subquery that looks at the row outside of it is not run on Distributed tables by ClickHouse.
    const runs = ALLOWED_QUERIES.filter((query) => !(isCluster && query.includes(CORRELATED)));
    it.each(runs)('runs %s', async (query) => {
      const own = query.replaceAll('gatewatch.', `${lab.database ?? 'gatewatch'}.`);
      await expect(store.userQuery(own, {}, LIMITS)).resolves.toMatchObject({ truncated: false });
    });
  });
}
