import { setTimeout as pause } from 'node:timers/promises';
import { AppError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { ClickHouseParts } from './clickhouse-parts.ts';
import { explainServerError } from './server-errors.ts';
import type { ServerName } from './server-errors.ts';

/** The oldest long-term version that has all we use: foreground inserts into Distributed tables, CHECK GRANT, tokens of
 *  inserts on tables that are not replicated. */
export const MIN_VERSION = '25.3';

const FIRST_PAUSE_MS = 250;
const MAX_PAUSE_MS = 4_000;

export interface ServerState {
  version: string;
  /** 0 may write; 1 and 2 are read-only. */
  readonly: number;
  /** Clock of the server, in epoch milliseconds. */
  atMs: number;
}

interface Waiting {
  name: ServerName;
  log: Log;
  /** In all, for a server that is away. */
  waitMs: number;
}

type Parts = Pick<ClickHouseParts, 'ask'>;

/** Resolves when the server answers and can be used. What will not pass by itself is thrown at once. */
export async function untilReady(parts: Parts, { name, log, waitMs }: Waiting): Promise<void> {
  const deadline = performance.now() + waitMs;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS)) {
    try {
      checkState(await askState(parts), name);
      return;
    } catch (cause) {
      const error = explainServerError(cause, name);
      if (!error.mayRetry || performance.now() + pauseMs > deadline) throw error;
      if (pauseMs === FIRST_PAUSE_MS)
        log.warn({ reason: error.message, waitMs }, 'ClickHouse is waited for.');
      await pause(pauseMs);
    }
  }
}

export async function askState(parts: Parts): Promise<ServerState> {
  const [row] = await parts.ask<{ version: string; readonly: string | number; at: string | number }>(
    "SELECT version() AS version, toString(getSetting('readonly')) AS readonly, toUnixTimestamp64Milli(now64(3)) AS at",
    {},
  );
  return { version: row?.version ?? '', readonly: Number(row?.readonly), atMs: Number(row?.at) };
}

/** What a server lacks to be ours, in sentences; empty when it can be used. */
export function troublesOf({ version, readonly }: ServerState, { url, username }: ServerName): string[] {
  const troubles: string[] = [];
  if (isOlder(version, MIN_VERSION))
    troubles.push(`ClickHouse at ${url} is version ${version}; gatewatch needs ${MIN_VERSION} or newer.`);
  if (readonly !== 0) {
    troubles.push(
      `User ${username} is read-only at ClickHouse (readonly = ${readonly}). Take it out of its settings profile: what users may do is a matter of grants; see docs/clickhouse.md.`,
    );
  }
  return troubles;
}

function checkState(state: ServerState, name: ServerName): void {
  const [trouble] = troublesOf(state, name);
  if (trouble !== undefined) throw new AppError('E_STORE_REFUSED', trouble);
}

function isOlder(version: string, than: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [minMajor = 0, minMinor = 0] = than.split('.').map(Number);
  return !(major > minMajor || (major === minMajor && minor >= minMinor));
}
