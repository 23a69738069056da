import { Session } from 'chdb';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { changeRetention, createTables, createVersions, createViews } from '../../../services/stores/ddl.ts';
import { sqlLiteral } from '../../../services/stores/query-params.ts';
import { TABLES } from '../../../services/stores/tables.ts';
import type { Table } from '../../../services/stores/tables.ts';

const ONE = { database: 'gatewatch', retentionDays: 90 };
const CLUSTER = { ...ONE, cluster: 'main-1' };
const everything = (options: typeof ONE) => [
  ...createVersions(options),
  ...createTables(options),
  ...createViews(options),
  ...changeRetention(
    Object.keys(TABLES).flatMap((name) => [
      { name, engine_full: '' },
      { name: `${name}_local`, engine_full: '' },
    ]),
    options,
  ),
];
const find = (statements: string[], start: string) => statements.filter((one) => one.startsWith(start));

describe('the tables of a cluster', () => {
  let dir: string;
  let session: Session;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'gatewatch-ddl-'));
    session = new Session(join(dir, 'data'));
  });
  afterAll(async () => {
    session.close();
    await rm(dir, { recursive: true, force: true });
  });

  it.each(
    [...everything(ONE), ...everything(CLUSTER)].map((statement) => [statement.slice(0, 90), statement]),
  )('ClickHouse can parse %s', async (_, statement) => {
    const answer = await session.queryAsync(`SELECT formatQuerySingleLine(${sqlLiteral(statement)})`);
    expect(answer.text()).not.toBe('');
  });

  it('are made on all nodes, every statement of them', () => {
    expect(everything(CLUSTER).filter((one) => !one.includes(' ON CLUSTER `main-1`'))).toEqual([]);
    expect(everything(ONE).filter((one) => /CLUSTER|Replicated|Distributed|_local/.test(one))).toEqual([]);
  });

  it.each(Object.entries(TABLES as Record<string, Table>))(
    '%s: rows are kept replicated on each shard and asked through a Distributed table',
    (name, { replaceBy, ttl }) => {
      const stored = replaceBy === undefined ? name : `${name}_versions`;
      const statements = createTables(CLUSTER);
      const [local = ''] = find(statements, `CREATE TABLE IF NOT EXISTS gatewatch.${stored}_local `);
      const engine = replaceBy === undefined ? 'ReplicatedMergeTree' : 'ReplicatedReplacingMergeTree';
      const version = replaceBy === undefined ? '' : `, ${replaceBy}`;
      expect(local).toContain(
        `ENGINE = ${engine}('/clickhouse/tables/{shard}/gatewatch/${stored}_local/v1', '{replica}'${version})`,
      );
      expect(local).toMatch(/replicated_deduplication_window = 10000.*fsync_after_insert = 1/);
      expect(local.includes(' TTL ')).toBe(ttl !== undefined);
      const [distributed = ''] = find(statements, `CREATE TABLE IF NOT EXISTS gatewatch.${stored} `);
      expect(distributed).toContain(
        `ENGINE = Distributed('main-1', 'gatewatch', '${stored}_local', cityHash64(`,
      );
    },
  );

  it.each([
    ['events', 'key_id'],
    ['incidents_versions', 'incident_id'],
    ['keys_versions', 'key_id'],
    ['leaked_keys_versions', 'key_id'],
  ])('all rows of %s that belong together lie on one shard, by %s', (stored, column) => {
    const [distributed = ''] = find(createTables(CLUSTER), `CREATE TABLE IF NOT EXISTS gatewatch.${stored} `);
    expect(distributed).toContain(`cityHash64(${column}))`);
  });

  it('every node knows the version of the schema, whatever its shard', () => {
    expect(createVersions(CLUSTER)[1]).toContain(
      "ReplicatedMergeTree('/clickhouse/tables/all/gatewatch/schema_versions/v1', '{shard}-{replica}')",
    );
  });
});

describe('the days that events are kept', () => {
  const existing = (days: number) => [
    { name: 'events', engine_full: `MergeTree TTL toDateTime(ts) + toIntervalDay(${days}) SETTINGS x = 1` },
  ];

  it.each([
    { story: 'as they are set', tables: existing(90), changes: 0 },
    { story: 'other than they are set', tables: existing(30), changes: 1 },
    { story: 'of a table that this user may not see', tables: [], changes: 0 },
  ])('$story: $changes change(s)', ({ tables, changes }) => {
    expect(changeRetention(tables, ONE)).toHaveLength(changes);
  });
});
