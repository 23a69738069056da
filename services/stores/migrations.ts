import { setTimeout as pause } from 'node:timers/promises';
import { AppError } from '../errors.ts';
import type { ClickHouseParts } from './clickhouse-parts.ts';
import { isDenied, isRace, missingRight } from './clickhouse-reason.ts';
import { changeRetention, createTables, createVersions, createViews } from './ddl.ts';
import type { SchemaOptions } from './ddl.ts';
import { VERSIONS_TABLE } from './layout.ts';

export interface MigrationOptions {
  retentionDays: number;
}

/** One step of the schema. The first one makes the tables as `tables.ts` has them today; the others bring an older store to
 *  the same shape and change nothing on a new one (`ADD COLUMN IF NOT EXISTS`). A crash between two statements repeats
 *  the step, and two processes may run it at once, so each may run twice. Once released, a version is never changed. */
export interface Migration {
  version: number;
  statements: (options: SchemaOptions) => string[];
}

export interface Migrated {
  from: number;
  to: number;
  /** Why the retention that is set could not be applied: a right that is missing. */
  retentionDenied?: string;
}

type Parts = Pick<ClickHouseParts, 'command' | 'ask' | 'layout'>;

const MIGRATIONS: readonly Migration[] = [
  { version: 1, statements: createTables },
  // Adds `ledger`: what is there already is left as it is.
  { version: 2, statements: createTables },
];
/** The version this program knows. */
export const NEWEST_VERSION = newestOf(MIGRATIONS);
const ATTEMPTS = 5;
const PAUSE_MS = 300;

/** Brings the schema to the newest version. A schema newer than this program is refused. Where it is the newest, nothing is
 *  asked of the server but its version, so a user without rights to change it may come too. */
export async function migrate(
  parts: Parts,
  options: MigrationOptions,
  migrations = MIGRATIONS,
): Promise<Migrated> {
  const from = await schemaVersion(parts);
  const to = newestOf(migrations);
  if (from > to) throw tooNew(from, to);
  const full = { ...parts.layout, ...options };
  try {
    if (from < to) await runAgain(parts, () => createVersions(full));
    for (const { version, statements } of migrations.filter((one) => one.version > from)) {
      await runAgain(parts, () => [...statements(full), ...createViews(full)]);
      await parts.command(`INSERT INTO ${full.database}.${VERSIONS_TABLE} (version) VALUES (${version})`);
    }
  } catch (cause) {
    throw isDenied(cause) ? noRights(cause, { from, to }) : cause;
  }
  const retentionDenied = await applyRetention(parts, full);
  return { from, to, ...(retentionDenied === undefined ? {} : { retentionDenied }) };
}

/** 0 where there is no schema yet, or none that this user may see. */
export async function schemaVersion(parts: Pick<Parts, 'ask' | 'layout'>): Promise<number> {
  const { database } = parts.layout;
  const tables = await parts.ask(
    'SELECT 1 FROM system.tables WHERE database = {database:String} AND name = {name:String}',
    { database, name: VERSIONS_TABLE },
  );
  if (tables.length === 0) return 0;
  const [row] = await parts.ask<{ version: number }>(
    `SELECT max(version) AS version FROM ${database}.${VERSIONS_TABLE}`,
    {},
  );
  return row?.version ?? 0;
}

function newestOf(migrations: readonly Migration[]): number {
  return migrations.at(-1)?.version ?? 0;
}

function tooNew(current: number, newest: number): AppError {
  return new AppError(
    'E_CONFIG',
    `The store has schema version ${current}, this gatewatch knows ${newest}. Start the newer gatewatch again.`,
  );
}

function noRights(cause: unknown, { from, to }: Migrated): AppError {
  const found = from === 0 ? 'no schema that this user may see' : `schema version ${from}`;
  return new AppError(
    'E_STORE_REFUSED',
    `The store has ${found}, this gatewatch needs ${to}, and the user may not change it (${missingRight(cause)}). Run "gatewatch migrate" with the migrate user of docs/clickhouse.md.`,
    { cause },
  );
}

/** Runs all statements; when another process was at the same, waits a little and runs them again. */
async function runAgain(parts: Parts, statements: () => string[]): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      for (const statement of statements()) await parts.command(statement);
      return;
    } catch (error) {
      if (attempt === ATTEMPTS || !isRace(error)) throw error;
      await pause(PAUSE_MS * attempt * (0.5 + Math.random()));
    }
  }
}

/** Gives the reason when the user may not; rows then go by the retention that was set before. */
async function applyRetention(parts: Parts, options: SchemaOptions): Promise<string | undefined> {
  const existing = await parts.ask<{ name: string; engine_full: string }>(
    'SELECT name, engine_full FROM system.tables WHERE database = {database:String}',
    { database: options.database },
  );
  try {
    for (const statement of changeRetention(existing, options)) await parts.command(statement);
    return undefined;
  } catch (error) {
    if (!isDenied(error)) throw error;
    return missingRight(error);
  }
}
