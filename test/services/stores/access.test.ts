import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Session } from 'chdb';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clickhouseFiles } from '../../../scripts/docs/clickhouse-users.ts';
import { dangerousRights, migrateRights, rightsOf, ROLES } from '../../../services/stores/access.ts';
import type { Right, RoleName } from '../../../services/stores/access.ts';
import { createViews } from '../../../services/stores/ddl.ts';
import { openServerParts, openServerStore } from '../../../services/stores/server.ts';
import { sqlLiteral } from '../../../services/stores/query-params.ts';
import { TABLES, VIEWS } from '../../../services/stores/tables.ts';
import type { TableName } from '../../../services/stores/tables.ts';
import { ClickHouseOverHttp, SLOW_START_MS } from '../../support/clickhouse/http-server.ts';
import { quietLog } from '../../support/quiet.ts';
import { aRow } from '../../support/store-rows.ts';

const SERVICES = join(import.meta.dirname, '../../../services');
const LIMITS = { timeoutMs: 5_000, maxRows: 10 };
const tableNames = Object.keys(TABLES) as TableName[];
const roleNames = Object.keys(ROLES) as RoleName[];
const readable = [...tableNames, ...(Object.keys(VIEWS) as (keyof typeof VIEWS)[])];

/** Tables for which the files of these folders of services/ make rows. */
function rowsMadeIn(...folders: string[]): string[] {
  const found = folders.flatMap((folder) =>
    readdirSync(join(SERVICES, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .flatMap((entry) => [
        ...readFileSync(join(entry.parentPath, entry.name), 'utf8').matchAll(
          /(?:encodeRow|store\.insert)\('(\w+)'/g,
        ),
      ])
      .map(([, table = '']) => table),
  );
  return [...new Set(found)].sort();
}

describe('the roles', () => {
  it('give each table to the one step that fills it', () => {
    expect(rowsMadeIn('ingest', 'detect')).toEqual([...ROLES.ingest.inserts, ...ROLES.detect.inserts].sort());
    expect(rowsMadeIn('respond')).toEqual([...ROLES.respond.inserts, ...ROLES.audit.inserts].sort());
    expect(rowsMadeIn('api')).toEqual([]);
    const all = Object.values(ROLES).flatMap(({ inserts }) => inserts as readonly TableName[]);
    expect(all.toSorted()).toEqual(tableNames.toSorted());
  });

  it('let the API read every documented table and view, and nobody else the audit copy', () => {
    expect(ROLES.api.reads).toEqual(readable);
    for (const role of roleNames.filter((one) => one !== 'api'))
      expect(
        rightsOf(role, { database: 'g' }).filter(({ right, on }) => right === 'SELECT' && on === 'g.audit'),
      ).toEqual([]);
  });
});

describe.each([undefined, 'one'])(
  'the rights on a server, cluster %s',
  { timeout: SLOW_START_MS },
  (cluster) => {
    const layout = { database: 'gatewatch', ...(cluster === undefined ? {} : { cluster }) };
    const grants = (rights: readonly Right[]) => rights.map(({ right, on }) => `GRANT ${right} ON ${on}`);
    const as = (rights: readonly Right[]) => server.restart({ ...layout, grants: grants(rights) });
    let server: ClickHouseOverHttp;
    const open = (retentionDays = 90) =>
      openServerStore({ url: server.url(), cluster, retentionDays, log: quietLog, waitMs: 0 });
    beforeAll(async () => {
      server = await ClickHouseOverHttp.start({ ...layout, grants: grants(migrateRights(layout)) });
    }, SLOW_START_MS);
    afterAll(() => server.stop());

    it('of migrate are enough to make the schema, to make views anew and to change the retention', async () => {
      await (await open()).close();
      await (await open(60)).close();
      const parts = await openServerParts({ url: server.url(), cluster, log: quietLog });
      for (const statement of createViews(layout)) await parts.command(statement);
      const changed = await parts.ask<{ name: string }>(
        "SELECT name FROM system.tables WHERE database = 'gatewatch' AND engine_full LIKE '%toIntervalDay(60)%' ORDER BY name",
        {},
      );
      const kept = ['events', 'rejected'].map((table) => (cluster === undefined ? table : `${table}_local`));
      expect(changed.map(({ name }) => name)).toEqual(kept);
      await parts.close();
    });

    it.each(roleNames)('of %s are enough for what it does, and for nothing else', async (role) => {
      await as(rightsOf(role, layout));
      const { inserts, reads }: { inserts: readonly string[]; reads: readonly string[] } = ROLES[role];
      const store = await open();
      for (const table of tableNames) {
        const done = await store.insert(table, [aRow(table)]).then(
          () => true,
          () => false,
        );
        expect(done, `INSERT into ${table}`).toBe(inserts.includes(table));
      }
      for (const name of readable) {
        const done = await store.userQuery(`SELECT * FROM ${name}`, {}, LIMITS).then(
          () => true,
          () => false,
        );
        expect(done, `SELECT from ${name}`).toBe(reads.includes(name));
      }
      for (const statement of [
        "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
        'DROP TABLE events',
        'ALTER TABLE audit DELETE WHERE 1',
      ])
        await expect(store.query(statement)).rejects.toMatchObject({ message: /may not do this/ });
      await store.close();
    });

    it('that are dangerous belong to no role', async () => {
      for (const rights of [...roleNames.map((role) => rightsOf(role, layout)), migrateRights(layout)]) {
        await as(rights);
        const parts = await openServerParts({ url: server.url(), cluster, log: quietLog });
        for (const { right, on } of dangerousRights(layout))
          expect(await parts.ask(`CHECK GRANT ${right} ON ${on}`, {}), right).toEqual([{ result: 0 }]);
        await parts.close();
      }
    });

    it('are missing: a schema that is not there cannot be made, and the message says by whom', async () => {
      await as(rightsOf('detect', layout));
      const url = server.url('another');
      await expect(openServerStore({ url, cluster, retentionDays: 90, log: quietLog })).rejects.toMatchObject(
        {
          code: 'E_STORE_REFUSED',
          message: /no schema that this user may see.*it lacks CREATE DATABASE.*Run "gatewatch migrate"/,
        },
      );
    });
  },
);

describe('the files for operators', () => {
  let dir: string;
  let session: Session;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'gatewatch-access-'));
    session = new Session(join(dir, 'data'));
  });
  afterAll(async () => {
    session.close();
    await rm(dir, { recursive: true, force: true });
  });
  const statementsOf = (text: string) =>
    text
      .replace(/^--.*$/gm, '')
      .split(';')
      .map((one) => one.trim())
      .filter((one) => one !== '');

  it.each(clickhouseFiles())(
    '%s holds only statements that ClickHouse can parse, and no password',
    async (_, text) => {
      for (const statement of statementsOf(text)) {
        const answer = await session.queryAsync(`SELECT formatQuerySingleLine(${sqlLiteral(statement)})`);
        expect(answer.text(), statement).not.toBe('');
      }
      for (const user of statementsOf(text).filter((one) => one.startsWith('CREATE USER')))
        expect(user).toMatch(/sha256_hash BY '0{64}' HOST NONE GRANTEES NONE$/);
      expect(text).not.toMatch(/GRANT (FILE|URL|S3|ALL|SOURCES)|WITH GRANT OPTION/);
    },
  );
});
