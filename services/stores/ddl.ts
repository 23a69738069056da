import { keptName, localName, onCluster, storedName, VERSIONS_TABLE } from './layout.ts';
import type { Layout } from './layout.ts';
import { TABLES, VIEWS } from './tables.ts';
import type { Table } from './tables.ts';

export interface SchemaOptions extends Layout {
  retentionDays: number;
}

const tables = Object.entries(TABLES as Record<string, Table>);

/** Where retention is the operator's choice, whole days go at once instead of being rewritten without their old rows. */
const goesByDay = ({ ttl }: Table) => ttl?.days === 'retention';

/** An insert repeated with its token is dropped. The window is in parts; on a cluster also in time, and its default of an
 *  hour is shorter than the store may be away. What is answered survives a loss of power. */
const DURABLE = 'fsync_after_insert = 1, fsync_part_directory = 1';
const ONE_SERVER = `non_replicated_deduplication_window = 10000, ${DURABLE}`;
const REPLICATED = `replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 604800, ${DURABLE}`;

/** Grows when tables must be made anew beside the old ones: Keeper remembers a path for a while after its table is gone. */
const PATH_VERSION = 'v1';

function ttlOf({ ttl }: Table, { retentionDays }: SchemaOptions): string | undefined {
  if (ttl === undefined) return undefined;
  return `toDateTime(${ttl.column}) + toIntervalDay(${ttl.days === 'retention' ? retentionDays : ttl.days})`;
}

function engineOf(name: string, { replaceBy }: Table, { database, cluster }: SchemaOptions): string {
  const kind = replaceBy === undefined ? 'MergeTree' : 'ReplacingMergeTree';
  const version = replaceBy === undefined ? [] : [replaceBy];
  if (cluster === undefined) return version.length === 0 ? kind : `${kind}(${version.join('')})`;
  const path = `'/clickhouse/tables/{shard}/${database}/${name}/${PATH_VERSION}'`;
  return `Replicated${kind}(${[path, "'{replica}'", ...version].join(', ')})`;
}

/** The table that holds rows: the only one on a single server, that of each node on a cluster. */
function createKept(name: string, table: Table, options: SchemaOptions): string {
  const kept = keptName(name, table, options);
  const ttl = ttlOf(table, options);
  return [
    `CREATE TABLE IF NOT EXISTS ${options.database}.${kept}${onCluster(options)}`,
    `(${table.columns.map((column) => `\`${column.name}\` ${column.type}`).join(', ')})`,
    `ENGINE = ${engineOf(kept, table, options)}`,
    ...(goesByDay(table) ? [`PARTITION BY toDate(${String(table.ttl?.column)})`] : []),
    `ORDER BY ${table.orderBy}`,
    ...(ttl === undefined ? [] : [`TTL ${ttl}`]),
    `SETTINGS ${options.cluster === undefined ? ONE_SERVER : REPLICATED}`,
    ...(goesByDay(table) ? [', ttl_only_drop_parts = 1'] : []),
  ].join(' ');
}

/** All versions of a row must lie on one shard: each replaces and is replaced only there. */
function shardedBy({ orderBy }: Table): string {
  const [first = orderBy] = orderBy.replace(/[()\s]/g, '').split(',');
  return `cityHash64(${first})`;
}

function createDistributed(name: string, table: Table, options: SchemaOptions): string {
  const { database, cluster = '' } = options;
  const stored = storedName(name, table);
  const local = localName(stored);
  const engine = `Distributed('${cluster}', '${database}', '${local}', ${shardedBy(table)})`;
  return `CREATE TABLE IF NOT EXISTS ${database}.${stored}${onCluster(options)} AS ${database}.${local} ENGINE = ${engine}`;
}

/** The tables as `tables.ts` has them today. */
export function createTables(options: SchemaOptions): string[] {
  return tables.flatMap(([name, table]) => [
    createKept(name, table, options),
    ...(options.cluster === undefined ? [] : [createDistributed(name, table, options)]),
  ]);
}

/** Views are made anew with each version, because `*` stands for the columns of the day they were made. */
export function createViews(options: Layout): string[] {
  const { database } = options;
  const replaced = tables.filter(([, { replaceBy }]) => replaceBy !== undefined);
  return [
    ...replaced.map(([name, table]) => [name, `SELECT * FROM ${database}.${storedName(name, table)} FINAL`]),
    ...Object.entries(VIEWS).map(([name, { select }]) => [
      name,
      select.replace('FROM ', `FROM ${database}.`),
    ]),
  ].map(
    ([name, select]) =>
      `CREATE OR REPLACE VIEW ${database}.${String(name)}${onCluster(options)} AS ${String(select)}`,
  );
}

/** Every node has all rows of this one, whatever its shard: each may be the one that is asked. */
export function createVersions(options: Layout): string[] {
  const { database, cluster } = options;
  const path = `/clickhouse/tables/all/${database}/${VERSIONS_TABLE}/${PATH_VERSION}`;
  const engine = cluster === undefined ? 'MergeTree' : `ReplicatedMergeTree('${path}', '{shard}-{replica}')`;
  return [
    `CREATE DATABASE IF NOT EXISTS ${database}${onCluster(options)}`,
    `CREATE TABLE IF NOT EXISTS ${database}.${VERSIONS_TABLE}${onCluster(options)} (version UInt32, at DateTime DEFAULT now()) ENGINE = ${engine} ORDER BY version`,
  ];
}

interface ExistingTable {
  name: string;
  engine_full: string;
}

/** Retention is a setting and may have changed since the tables were made. */
export function changeRetention(existing: readonly ExistingTable[], options: SchemaOptions): string[] {
  return tables.flatMap(([name, table]) => {
    if (!goesByDay(table)) return [];
    const kept = keptName(name, table, options);
    const ttl = String(ttlOf(table, options));
    // A user who may not see the table has nothing to do with its retention.
    const found = existing.find((one) => one.name === kept);
    if (found?.engine_full.includes(`TTL ${ttl} `) !== false) return [];
    return [`ALTER TABLE ${options.database}.${kept}${onCluster(options)} MODIFY TTL ${ttl}`];
  });
}
