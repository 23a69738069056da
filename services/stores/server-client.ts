import { readFileSync } from 'node:fs';
import { ClickHouseLogLevel, createClient } from '@clickhouse/client';
import type { ClickHouseClient, ClickHouseSettings } from '@clickhouse/client';
import type { ClickHouseAddress } from '../clickhouse-url.ts';
import { AppError, messageOf } from '../errors.ts';
import type { Layout } from './layout.ts';

interface ClientOptions {
  address: ClickHouseAddress;
  /** PEM text of the authority to trust. */
  ca: Buffer | undefined;
  /** False before the database is known to exist: the server refuses every request that names one that does not. */
  inDatabase: boolean;
  timeoutMs: number;
  connections: number;
}

export function createServerClient(options: ClientOptions): ClickHouseClient {
  const { address, ca, inDatabase, timeoutMs, connections } = options;
  return createClient({
    url: address.url,
    username: address.username,
    password: address.password.reveal(),
    ...(inDatabase ? { database: address.database } : {}),
    ...(ca === undefined ? {} : { tls: { ca_cert: ca } }),
    application: 'gatewatch',
    request_timeout: timeoutMs,
    max_open_connections: connections,
    // Servers close what is idle for 3 s and more; a socket that may be closing already would fail an insert.
    keep_alive: { enabled: true, idle_socket_ttl: 2_000, eagerly_destroy_stale_sockets: true },
    // It would print queries and errors beside our own log.
    log: { level: ClickHouseLogLevel.OFF },
  });
}

export function readAuthority(path: string | undefined): Buffer | undefined {
  if (path === undefined) return undefined;
  try {
    return readFileSync(path);
  } catch (cause) {
    const message = `The TLS file ${path} for ClickHouse cannot be read (${messageOf(cause)}). Correct its path or its rights.`;
    throw new AppError('E_CONFIG', message, { cause });
  }
}

/** For everything that is read. */
export function readSettings({ cluster }: Layout): ClickHouseSettings {
  return {
    // An error after the first rows comes as an error, not as an answer that is torn.
    wait_end_of_query: 1,
    // A subquery on the right of IN or JOIN is about the rows of all shards, not of one.
    ...(cluster === undefined ? {} : { distributed_product_mode: 'global' }),
  };
}
