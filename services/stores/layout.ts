import type { Table } from './tables.ts';

/** Where the tables lie. */
export interface Layout {
  database: string;
  /** Of `<remote_servers>`; set where the tables are replicated and spread over the shards of this cluster. */
  cluster?: string;
}

/** The database of the embedded size, and of a server when its URL names none. */
export const DATABASE = 'gatewatch';

export const VERSIONS_TABLE = 'schema_versions';

/** Tables whose newer rows replace older ones are kept under this name and read through a view. */
export function storedName(name: string, { replaceBy }: Table): string {
  return replaceBy === undefined ? name : `${name}_versions`;
}

/** On a cluster, the part of a table that one node keeps; the stored name stands for all parts. */
export function localName(stored: string): string {
  return `${stored}_local`;
}

/** The table that holds the rows on this node. */
export function keptName(name: string, table: Table, { cluster }: Layout): string {
  const stored = storedName(name, table);
  return cluster === undefined ? stored : localName(stored);
}

/** Names of tables nobody asks by themselves: those behind the documented ones. */
export function isBehind(name: string): boolean {
  return /_(versions|local)$/.test(name);
}

export function onCluster({ cluster }: Layout): string {
  return cluster === undefined ? '' : ` ON CLUSTER \`${cluster}\``;
}
