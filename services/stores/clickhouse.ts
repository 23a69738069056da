import { AppError, messageOf } from '../errors.ts';
import type { ClickHouseParts } from './clickhouse-parts.ts';
import { DATABASE, migrate, storedName } from './migrations.ts';
import type { MigrationOptions } from './migrations.ts';
import type { QueryResult, Store, UserQueryLimits } from './store.ts';
import { TABLES } from './tables.ts';
import type { TableName } from './tables.ts';
import { askAsPeople } from './user-query.ts';

const MAX_ROWS = 10_000;

export async function openClickHouseStore(parts: ClickHouseParts, options: MigrationOptions): Promise<Store> {
  await migrate(parts, options);
  await parts.command(`USE ${DATABASE}`);
  return new ClickHouseStore(parts);
}

class ClickHouseStore implements Store {
  readonly #parts: ClickHouseParts;

  constructor(parts: ClickHouseParts) {
    this.#parts = parts;
  }

  async insert(table: TableName, rows: readonly string[], token = ''): Promise<void> {
    if (rows.length === 0) return;
    if (rows.length > MAX_ROWS)
      throw new RangeError(`${rows.length} rows for ${table}; at most 10,000 at once.`);
    const stored = `${DATABASE}.${storedName(table, TABLES[table])}`;
    try {
      await this.#parts.insertText(stored, rows.join('\n'), token);
    } catch (cause) {
      throw new AppError('E_STORE_UNAVAILABLE', `Rows for ${table} were not stored: ${firstLine(cause)}`, {
        cause,
      });
    }
  }

  async query<Row>(sql: string, params: Readonly<Record<string, unknown>> = {}): Promise<Row[]> {
    try {
      return await this.#parts.ask<Row>(sql, params);
    } catch (cause) {
      throw new AppError('E_STORE_UNAVAILABLE', `The store did not answer: ${firstLine(cause)}`, { cause });
    }
  }

  userQuery(
    sql: string,
    params: Readonly<Record<string, unknown>>,
    limits: UserQueryLimits,
  ): Promise<QueryResult> {
    return askAsPeople(this.#parts, sql, { params, limits });
  }

  async ping(): Promise<void> {
    await this.query('SELECT 1');
  }

  close(): Promise<void> {
    return this.#parts.close();
  }
}

function firstLine(error: unknown): string {
  return (messageOf(error).split('\n')[0] ?? '').slice(0, 300);
}
