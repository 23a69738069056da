import type { Layout } from './layout.ts';
import type { UserQueryLimits } from './store.ts';
import type { TableName } from './tables.ts';

/** How the store talks to one ClickHouse. */
export interface ClickHouseParts {
  readonly layout: Layout;
  command(query: string): Promise<void>;
  ask<Row>(query: string, params: Readonly<Record<string, unknown>>): Promise<Row[]>;
  /** Sends rows as they are: one JSON array a line. */
  insertText(table: TableName, text: string, token: string): Promise<void>;
  /** From here on, names without a database are those of ours, which now exists. */
  useDatabase(): Promise<void>;
  /** Runs `work` with what people may do; it neither delays nor touches anything else. */
  people<Result>(request: PeopleRequest, work: (session: PeopleSession) => Promise<Result>): Promise<Result>;
  close(): Promise<void>;
}

export interface PeopleRequest {
  params: Readonly<Record<string, unknown>>;
  limits: UserQueryLimits;
}

/** Read-only, limited, without rights outside our database; the parameters are set. */
export interface PeopleSession {
  /** The query in one line, as ClickHouse itself writes it; rejects several statements. */
  format(query: string): Promise<string>;
  /** The parse of exactly the text that `format` gave, as `EXPLAIN AST` prints it. */
  explain(formatted: string): Promise<string>;
  /** The answer as JSONCompact, with at least one row more than `maxRows` if there are more. */
  run(formatted: string): Promise<Uint8Array>;
}
