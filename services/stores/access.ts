import { keptName, storedName, VERSIONS_TABLE } from './layout.ts';
import type { Layout } from './layout.ts';
import { TABLES, VIEWS } from './tables.ts';
import type { Table, TableName } from './tables.ts';

/** What gatewatch may do at a ClickHouse server, by step. `deploy/clickhouse` is made from this, and `doctor` compares a
 *  user with it. */
interface Role {
  about: string;
  inserts: readonly TableName[];
  reads: readonly (TableName | keyof typeof VIEWS)[];
}

const documented = Object.entries(TABLES as Record<string, Table>)
  .filter(([, { isInternal }]) => isInternal !== true)
  .map(([name]) => name as TableName);

export const ROLES = {
  ingest: { about: 'Copies what could not be read.', inserts: ['rejected'], reads: [] },
  detect: { about: 'Writes events and what is known of keys.', inserts: ['events', 'keys'], reads: [] },
  respond: {
    about:
      'Writes incidents and all that belongs to them; counts keys for its caps, and reads the events of a key that people judged.',
    inserts: ['findings', 'incidents', 'incident_changes', 'actions', 'ledger', 'leaked_keys'],
    reads: ['keys', 'events', 'leaked_keys'],
  },
  audit: { about: 'Adds to the copy of the audit chain; cannot read it.', inserts: ['audit'], reads: [] },
  api: {
    about: 'Reads the documented tables, for the page and for SQL of people.',
    inserts: [],
    reads: [...documented, ...(Object.keys(VIEWS) as (keyof typeof VIEWS)[])],
  },
} as const satisfies Record<string, Role>;

export type RoleName = keyof typeof ROLES;

/** A right as GRANT and CHECK GRANT write it. */
export interface Right {
  right: string;
  on: string;
}

export function rightsOf(name: RoleName, layout: Layout): Right[] {
  const { inserts, reads }: Role = ROLES[name];
  const on = (table: string) => `${layout.database}.${table}`;
  return [
    { right: 'SELECT', on: on(VERSIONS_TABLE) },
    ...inserts.flatMap((table) => behind(table, layout).map((one) => ({ right: 'INSERT', on: on(one) }))),
    ...reads.flatMap((table) => read(table, layout).map((one) => ({ right: 'SELECT', on: on(one) }))),
  ];
}

/** Of what ALTER TABLE can do: nothing that changes or removes rows. */
const CHANGES = ['ALTER ADD COLUMN', 'ALTER MODIFY COLUMN', 'ALTER ADD INDEX', 'ALTER TTL', 'ALTER SETTINGS'];

/** Only what changes the schema; of rows only the list of versions. */
export function migrateRights(layout: Layout): Right[] {
  const all = `${layout.database}.*`;
  const engines = ['MergeTree', 'ReplacingMergeTree'].map((engine) =>
    layout.cluster === undefined ? engine : `Replicated${engine}`,
  );
  const onNodes = [
    { right: 'CLUSTER', on: '*.*' },
    // Distributed tables speak to other servers; ClickHouse asks for this right when one is made.
    { right: 'REMOTE', on: '*.*' },
  ];
  return [
    ...['CREATE DATABASE', 'CREATE TABLE', 'CREATE VIEW', 'DROP VIEW', ...CHANGES, 'SELECT'].map((right) => ({
      right,
      on: all,
    })),
    { right: 'INSERT', on: `${layout.database}.${VERSIONS_TABLE}` },
    // A view is replaced by making one with a name that begins so, and changing their names.
    ...[TEMPORARY_VIEW, ...viewNames()].flatMap((view) =>
      ['INSERT', 'DROP TABLE'].map((right) => ({ right, on: `${layout.database}.${view}` })),
    ),
    ...[...engines, ...(layout.cluster === undefined ? [] : ['Distributed'])].map((engine) => ({
      right: 'TABLE ENGINE',
      on: engine,
    })),
    ...(layout.cluster === undefined ? [] : onNodes),
  ];
}

/** Rows go into the stored table, and on a cluster from there into those of the nodes. */
function behind(table: TableName, layout: Layout): string[] {
  const stored = storedName(table, TABLES[table]);
  const kept = keptName(table, TABLES[table], layout);
  return stored === kept ? [stored] : [stored, kept];
}

/** ClickHouse asks for the right to everything that a view reads, too. */
function read(name: TableName | keyof typeof VIEWS, layout: Layout): string[] {
  if (!(name in TABLES)) return [name];
  const below = behind(name as TableName, layout);
  return below.includes(name) ? below : [name, ...below];
}

const TEMPORARY_VIEW = '_tmp_replace_*';

function viewNames(): string[] {
  const replaced = Object.entries(TABLES as Record<string, Table>).filter(
    ([, { replaceBy }]) => replaceBy !== undefined,
  );
  return [...replaced.map(([name]) => name), ...Object.keys(VIEWS)];
}

/** Rights that turn SQL into a way out of ClickHouse, or into a way to cover tracks. No step needs one. */
export function dangerousRights({ database, cluster }: Layout): Right[] {
  const sources = cluster === undefined ? [...SOURCES, 'REMOTE'] : SOURCES;
  return [
    ...sources.map((right) => ({ right, on: '*.*' })),
    { right: 'CREATE USER', on: '*.*' },
    { right: 'SYSTEM SHUTDOWN', on: '*.*' },
    { right: 'SELECT', on: '*.*' },
    { right: 'ALTER DELETE', on: `${database}.audit` },
    { right: 'DROP TABLE', on: `${database}.audit` },
  ];
}

const SOURCES = ['FILE', 'URL', 'S3', 'MYSQL', 'POSTGRES', 'MONGO', 'ODBC', 'JDBC', 'HDFS', 'AZURE'];
