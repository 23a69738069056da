import { randomUUID } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createClient } from '@clickhouse/client';
import type { ClickHouseClient } from '@clickhouse/client';
import { drainPending, Session } from 'chdb';
import { createChdbConnection } from 'chdb/connection';
import type { ChdbConnection } from 'chdb/connection';
import { AppError, messageOf } from '../errors.ts';
import type { Log } from '../log.ts';
import { openClickHouseStore } from './clickhouse.ts';
import type { ClickHouseParts, PeopleRequest, PeopleSession } from './clickhouse-parts.ts';
import { writeConfig } from './embedded-config.ts';
import { EmbeddedPeople } from './embedded-people.ts';
import { Lane } from '../lane.ts';
import { DATABASE, storedName } from './layout.ts';
import type { Store } from './store.ts';
import { TABLES } from './tables.ts';
import type { TableName } from './tables.ts';

export interface EmbeddedStoreOptions {
  /** A folder of its own; one process at a time. */
  dir: string;
  retentionDays: number;
  log: Log;
}

/** ClickHouse inside this process, through `@clickhouse/client`. */
export async function openEmbeddedStore({ dir, retentionDays, log }: EmbeddedStoreOptions): Promise<Store> {
  const parts = openParts(dir, log);
  try {
    return await openClickHouseStore(parts, { retentionDays, log });
  } catch (error) {
    await parts.close();
    throw error;
  }
}

function openParts(dir: string, log: Log): ClickHouseParts {
  const data = join(dir, 'clickhouse');
  try {
    mkdirSync(data, { recursive: true, mode: 0o700 });
    chmodSync(dir, 0o700);
    // The first session of the process decides the rights of all; it stays open as long as the store.
    const session = new Session(data, { connectionArgs: [`--config-file=${writeConfig(dir)}`] });
    return new EmbeddedParts(session, data, log);
  } catch (cause) {
    throw openError(cause, data);
  }
}

function openError(cause: unknown, data: string): AppError {
  // The engine prints its reason and gives none; the file it locks names the process that has it.
  const holder = holderOf(data);
  if (holder !== undefined) {
    const message = `Process ${holder} uses ${data}. Stop it, or set GATEWATCH_DATA_DIR.`;
    return new AppError('E_DATA_LOCKED', message, { cause });
  }
  const text = messageOf(cause).split('\n')[0] ?? '';
  return new AppError('E_STORE_UNAVAILABLE', `ClickHouse cannot open ${data}: ${text}`, { cause });
}

function holderOf(data: string): number | undefined {
  try {
    const pid = Number(/^PID: (\d+)/.exec(readFileSync(join(data, 'status'), 'utf8'))?.[1]);
    if (!Number.isInteger(pid) || pid === process.pid) return undefined;
    process.kill(pid, 0);
    return pid;
  } catch {
    return undefined;
  }
}

class EmbeddedParts implements ClickHouseParts {
  readonly layout = { database: DATABASE };
  readonly #session: Session;
  readonly #people: EmbeddedPeople;
  readonly #inserts = new Lane();
  readonly #insertConnection: ChdbConnection;
  readonly #queries = new Lane();
  readonly #queryConnection: ChdbConnection;
  readonly #client: ClickHouseClient;

  constructor(session: Session, data: string, log: Log) {
    this.#session = session;
    this.#people = new EmbeddedPeople(data, log);
    this.#insertConnection = createChdbConnection({ path: data });
    this.#queryConnection = createChdbConnection({ path: data });
    this.#client = createClient({ connection: this.#queryConnection } as never);
  }

  async command(query: string): Promise<void> {
    await this.#queries.run(() => this.#client.command({ query }));
  }

  ask<Row>(query: string, params: Readonly<Record<string, unknown>>): Promise<Row[]> {
    return this.#queries.run(async () => {
      try {
        const answer = await this.#client.query({
          query,
          query_params: { ...params },
          format: 'JSONEachRow',
        });
        return await answer.json<Row>();
      } catch (error) {
        // The engine keeps the rows of a query that failed halfway and puts them before the next answer: give it one.
        await this.#queryConnection.chdb.queryAsync('SELECT 1 FORMAT Null').catch(() => undefined);
        throw error;
      }
    });
  }

  async useDatabase(): Promise<void> {
    await this.command(`USE ${DATABASE}`);
  }

  async insertText(name: TableName, text: string, token: string): Promise<void> {
    const table = `${DATABASE}.${storedName(name, TABLES[name])}`;
    const values = Buffer.from(text);
    // In the statement itself: a setting given to the client would stay and drop the next insert.
    const settings = {
      // Without one the engine would drop an insert whose rows equal those of an earlier one.
      insert_deduplication_token: token === '' ? randomUUID() : token,
      // One insert is one block, in one part for each day.
      max_insert_block_size: 20_000,
      min_insert_block_size_rows: 20_000,
      throw_on_max_partitions_per_insert_block: 0,
    };
    const rows = { table, values, format: 'JSONCompactEachRow', settings } as const;
    await this.#inserts.run(() => this.#insertConnection.chdb.rawInsert(rows));
  }

  people<Result>(request: PeopleRequest, work: (session: PeopleSession) => Promise<Result>): Promise<Result> {
    return this.#people.ask(request, work);
  }

  async close(): Promise<void> {
    await this.#inserts.idle();
    await this.#queries.idle();
    await this.#people.idle();
    await this.#client.close();
    await this.#insertConnection.close();
    this.#session.close();
    await drainPending();
  }
}
