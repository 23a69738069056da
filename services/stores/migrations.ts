import { AppError } from '../errors.ts';
import type { ClickHouseParts } from './clickhouse-parts.ts';
import { TABLES, VIEWS } from './tables.ts';
import type { Table } from './tables.ts';

export const DATABASE = 'gatewatch';

export interface MigrationOptions {
  retentionDays: number;
}

/** One step of the schema. The first one makes the tables as `tables.ts` has them today; the others bring an older store to
 *  the same shape and change nothing on a new one (`ADD COLUMN IF NOT EXISTS`). A crash between two statements repeats
 *  the step, so each may run twice. Once released, a version is never changed. */
export interface Migration {
  version: number;
  statements: (options: MigrationOptions) => string[];
}

type Parts = Pick<ClickHouseParts, 'command' | 'ask'>;

const tables = Object.entries(TABLES as Record<string, Table>);

/** Tables whose newer rows replace older ones are kept under this name and read through a view. */
export function storedName(name: string, { replaceBy }: Table): string {
  return replaceBy === undefined ? name : `${name}_versions`;
}

const stored = (name: string, table: Table) => `${DATABASE}.${storedName(name, table)}`;

/** Where retention is the operator's choice, whole days go at once instead of being rewritten without their old rows. */
const goesByDay = ({ ttl }: Table) => ttl?.days === 'retention';

function ttlOf({ ttl }: Table, { retentionDays }: MigrationOptions): string | undefined {
  if (ttl === undefined) return undefined;
  return `toDateTime(${ttl.column}) + toIntervalDay(${ttl.days === 'retention' ? retentionDays : ttl.days})`;
}

function createTable(name: string, table: Table, options: MigrationOptions): string {
  const ttl = ttlOf(table, options);
  return [
    `CREATE TABLE IF NOT EXISTS ${stored(name, table)}`,
    `(${table.columns.map((column) => `\`${column.name}\` ${column.type}`).join(', ')})`,
    `ENGINE = ${table.replaceBy === undefined ? 'MergeTree' : `ReplacingMergeTree(${table.replaceBy})`}`,
    ...(goesByDay(table) ? [`PARTITION BY toDate(${String(table.ttl?.column)})`] : []),
    `ORDER BY ${table.orderBy}`,
    ...(ttl === undefined ? [] : [`TTL ${ttl}`]),
    // A repeated insert with the same token is dropped; the window is in parts. What is answered survives a loss of power.
    'SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1',
    ...(goesByDay(table) ? [', ttl_only_drop_parts = 1'] : []),
  ].join(' ');
}

/** Views are made anew with each version, because `*` stands for the columns of the day they were made. */
function createViews(): string[] {
  const replaced = tables.filter(([, { replaceBy }]) => replaceBy !== undefined);
  return [
    ...replaced.map(([name, table]) => [name, `SELECT * FROM ${stored(name, table)} FINAL`] as const),
    ...Object.entries(VIEWS).map(
      ([name, { select }]) => [name, select.replace('FROM ', `FROM ${DATABASE}.`)] as const,
    ),
  ].map(([name, select]) => `CREATE OR REPLACE VIEW ${DATABASE}.${name} AS ${select}`);
}

const MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    statements: (options) => tables.map(([name, table]) => createTable(name, table, options)),
  },
];

/** Brings the schema to the newest version. A schema newer than this program is refused. */
export async function migrate(
  parts: Parts,
  options: MigrationOptions,
  migrations = MIGRATIONS,
): Promise<void> {
  const current = await currentVersion(parts);
  const newest = migrations.at(-1)?.version ?? 0;
  if (current > newest) {
    throw new AppError(
      'E_CONFIG',
      `The store has schema version ${current}, this gatewatch knows ${newest}. Start the newer gatewatch again.`,
    );
  }
  for (const { version, statements } of migrations.filter((one) => one.version > current)) {
    for (const statement of [...statements(options), ...createViews()]) await parts.command(statement);
    await parts.command(`INSERT INTO ${DATABASE}.schema_versions (version) VALUES (${version})`);
  }
  await applyRetention(parts, options);
}

async function currentVersion(parts: Parts): Promise<number> {
  await parts.command(`CREATE DATABASE IF NOT EXISTS ${DATABASE}`);
  await parts.command(
    `CREATE TABLE IF NOT EXISTS ${DATABASE}.schema_versions (version UInt32, at DateTime DEFAULT now()) ENGINE = MergeTree ORDER BY version`,
  );
  const [row] = await parts.ask<{ version: number }>(
    `SELECT max(version) AS version FROM ${DATABASE}.schema_versions`,
    {},
  );
  return row?.version ?? 0;
}

/** Retention is a setting and may have changed since the last start. */
async function applyRetention(parts: Parts, options: MigrationOptions): Promise<void> {
  const existing = await parts.ask<{ name: string; engine_full: string }>(
    'SELECT name, engine_full FROM system.tables WHERE database = {database:String}',
    { database: DATABASE },
  );
  for (const [name, table] of tables.filter(([, one]) => goesByDay(one))) {
    const ttl = String(ttlOf(table, options));
    const isSet = existing
      .find((one) => one.name === storedName(name, table))
      ?.engine_full.includes(`TTL ${ttl} `);
    if (isSet !== true) await parts.command(`ALTER TABLE ${stored(name, table)} MODIFY TTL ${ttl}`);
  }
}
