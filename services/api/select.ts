import type { Store } from '../stores/store.ts';
import { TABLES } from '../stores/tables.ts';
import type { Column, TableName } from '../stores/tables.ts';
import type { Place } from './cursor.ts';

/** One condition and the values it names. The text is ours; what came from outside is only ever a value. */
export interface Condition {
  sql: string;
  params: Readonly<Record<string, unknown>>;
}

/** A condition, unless there is nothing to compare with. */
export function when(value: unknown, sql: string, name: string): Condition | undefined {
  return value === undefined ? undefined : { sql, params: { [name]: value } };
}

/** Order of a list: a time column, then an id column that makes it total. */
export interface Order {
  time: string;
  id: string;
}

export function before(place: Place | undefined, { time, id }: Order): Condition | undefined {
  if (place === undefined) return undefined;
  return {
    sql: `(${time} <= fromUnixTimestamp64Milli({cursor_at:Int64}, 'UTC') AND (${time}, ${id}) < (fromUnixTimestamp64Milli({cursor_at:Int64}, 'UTC'), {cursor_id:String}))`,
    params: { cursor_at: place.at, cursor_id: place.id },
  };
}

export interface Selection {
  table: TableName;
  columns?: string;
  where: readonly (Condition | undefined)[];
  order: Order;
  limit: number;
}

export function select<Row>(
  store: Store,
  { table, columns = '*', where, order, limit }: Selection,
): Promise<Row[]> {
  const conditions = where.filter((one) => one !== undefined);
  const filter = conditions.length === 0 ? '' : ` WHERE ${conditions.map(({ sql }) => sql).join(' AND ')}`;
  const params = Object.assign({ limit }, ...conditions.map((one) => one.params)) as Record<string, unknown>;
  const sorted = `ORDER BY ${order.time} DESC, ${order.id} DESC LIMIT {limit:UInt32}`;
  return store.query<Row>(`SELECT ${columns} FROM ${table}${filter} ${sorted}`, params);
}

/** A row as the API gives it: times in ISO 8601, flags as booleans, large numbers as numbers. */
export function toApi(table: TableName, row: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const columns: readonly Column[] = TABLES[table].columns;
  return Object.fromEntries(
    columns.filter(({ name }) => name in row).map(({ name, type }) => [name, toValue(row[name], type)]),
  );
}

function toValue(value: unknown, type: string): unknown {
  if (typeof value === 'string' && type.includes('DateTime64')) return isoOf(value);
  if (type === 'UInt8') return Number(value) === 1;
  return type.startsWith('UInt') ? Number(value) : value;
}

/** ClickHouse writes `2026-05-04 10:00:00.000`, in UTC. */
function isoOf(text: string): string {
  return `${text.replace(' ', 'T')}Z`;
}
