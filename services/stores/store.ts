import type { TableName } from './tables.ts';

export interface QueryResult {
  columns: { name: string; type: string }[];
  rows: unknown[][];
  elapsedMs: number;
  truncated: boolean;
}

export interface UserQueryLimits {
  timeoutMs: number;
  maxRows: number;
}

/** Where events, findings, incidents and the audit copy are kept and asked in SQL.
 *
 *  - `insert` resolves when the rows survive a crash of the process. A repeat with the same token and the same
 *    table is dropped by the store (the last 1,000 tokens at least), so a caller that does not know whether an
 *    insert arrived repeats it. At most 10,000 rows a call.
 *  - `query` is for our own statements: values only as parameters (`{name:Type}`).
 *  - `userQuery` is for people: one SELECT on the documented tables, vetted and limited; anything else is
 *    `E_SQL_REFUSED` (or `E_SQL_INVALID`, `E_SQL_TIMEOUT`). */
export interface Store {
  insert(table: TableName, rows: readonly string[], token?: string): Promise<void>;
  query<Row>(sql: string, params?: Readonly<Record<string, unknown>>): Promise<Row[]>;
  userQuery(
    sql: string,
    params: Readonly<Record<string, unknown>>,
    limits: UserQueryLimits,
  ): Promise<QueryResult>;
  ping(): Promise<void>;
  close(): Promise<void>;
}
