import { AppError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { ClickHouseParts } from './clickhouse-parts.ts';
import { reasonOf } from './clickhouse-reason.ts';
import { migrate } from './migrations.ts';
import type { QueryResult, Store, UserQueryLimits } from './store.ts';
import type { TableName } from './tables.ts';
import { askAsPeople } from './user-query.ts';

const MAX_ROWS = 10_000;

export interface ClickHouseStoreOptions {
  retentionDays: number;
  log: Log;
}

export async function openClickHouseStore(
  parts: ClickHouseParts,
  { retentionDays, log }: ClickHouseStoreOptions,
): Promise<Store> {
  const { retentionDenied: reason } = await migrate(parts, { retentionDays });
  if (reason !== undefined)
    log.warn({ reason, retentionDays }, 'This user may not change for how long events are kept.');
  await parts.useDatabase();
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
    try {
      await this.#parts.insertText(table, rows.join('\n'), token);
    } catch (cause) {
      throw new AppError(
        'E_STORE_UNAVAILABLE',
        `Rows for ${table} were not stored: ${reasonOf(cause).text}`,
        {
          cause,
        },
      );
    }
  }

  async query<Row>(sql: string, params: Readonly<Record<string, unknown>> = {}): Promise<Row[]> {
    try {
      return await this.#parts.ask<Row>(sql, params);
    } catch (cause) {
      throw new AppError('E_STORE_UNAVAILABLE', `The store did not answer: ${reasonOf(cause).text}`, {
        cause,
      });
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
