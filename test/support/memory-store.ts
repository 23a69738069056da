import type { QueryResult, Store } from '../../services/stores/store.ts';
import { TABLES } from '../../services/stores/tables.ts';
import type { Column, TableName } from '../../services/stores/tables.ts';

/** Keeps rows by table; an insert whose token came before is dropped, as ClickHouse does. Asked in SQL it knows
 *  nothing, beyond what `answers` was given. */
export class MemoryStore implements Store {
  readonly #rows = new Map<TableName, string[]>();
  readonly #tokens = new Set<string>();
  isAway = false;
  answers: unknown[] = [];

  async insert(table: TableName, rows: readonly string[], token?: string): Promise<void> {
    if (this.isAway) throw new Error('The store is away.');
    if (token !== undefined) {
      if (this.#tokens.has(`${table}/${token}`)) return;
      this.#tokens.add(`${table}/${token}`);
    }
    this.#rows.set(table, [...(this.#rows.get(table) ?? []), ...rows]);
  }

  async query<Row>(): Promise<Row[]> {
    if (this.isAway) throw new Error('The store is away.');
    return this.answers as Row[];
  }

  userQuery(): Promise<QueryResult> {
    return Promise.reject(new Error('There is no SQL in memory.'));
  }

  ping(): Promise<void> {
    return this.isAway ? Promise.reject(new Error('The store is away.')) : Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** Rows of a table as objects, in the order of their inserts. */
  rows(table: TableName): Record<string, unknown>[] {
    const columns: readonly Column[] = TABLES[table].columns;
    return (this.#rows.get(table) ?? []).map((row) => {
      const cells = JSON.parse(row) as unknown[];
      return Object.fromEntries(columns.map(({ name }, index) => [name, cells[index]]));
    });
  }

  /** The newest state of every incident, by id. */
  incidents(): Map<string, Record<string, unknown>> {
    return new Map(this.rows('incidents').map((row) => [String(row['incident_id']), row]));
  }
}
