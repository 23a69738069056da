import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { ClickHouseClient, ClickHouseSettings } from '@clickhouse/client';
import { parseClickHouseUrl } from '../clickhouse-url.ts';
import type { ClickHouseAddress } from '../clickhouse-url.ts';
import { AppError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Secret } from '../secret.ts';
import { openClickHouseStore } from './clickhouse.ts';
import type { ClickHouseParts, PeopleRequest, PeopleSession } from './clickhouse-parts.ts';
import { storedName } from './layout.ts';
import type { Layout } from './layout.ts';
import { createServerClient, readAuthority, readSettings } from './server-client.ts';
import { explainServerError } from './server-errors.ts';
import { ServerPeople } from './server-people.ts';
import { untilReady } from './server-ready.ts';
import type { Store } from './store.ts';
import { TABLES } from './tables.ts';
import type { Column, TableName } from './tables.ts';

export interface ServerOptions {
  url: Secret;
  cluster?: string | undefined;
  tls?: { ca: string } | undefined;
  log: Log;
  /** How long a server that is away is waited for. Default 30 s. */
  waitMs?: number;
}

/** An insert of 10,000 rows takes well under a second; one that takes so long will be repeated. */
const REQUEST_TIMEOUT_MS = 30_000;
/** Changes on a cluster wait for all nodes; the server gives up after 180 s. */
const SCHEMA_TIMEOUT_MS = 200_000;
/** For questions about the server itself: one that swallows everything must not hold up a start. */
const FIRST_ANSWER_MS = 5_000;
const CONNECTIONS = 16;
const WAIT_MS = 30_000;

/** ClickHouse server, or cluster, through `@clickhouse/client`. A server that is away is waited for, then it is
 *  `E_STORE_UNAVAILABLE`; one that cannot be used as it is is `E_STORE_REFUSED` at once. */
export async function openServerStore(options: ServerOptions & { retentionDays: number }): Promise<Store> {
  const parts = await openServerParts(options);
  try {
    return await openClickHouseStore(parts, options);
  } catch (error) {
    await parts.close();
    throw error;
  }
}

/** Parts of a server that answers and can be used; its schema is not looked at yet. */
export async function openServerParts(options: ServerOptions): Promise<ClickHouseParts> {
  const { log, waitMs = WAIT_MS } = options;
  const parts = createParts(options);
  try {
    await untilReady(parts, { name: parts.name, log, waitMs });
    return parts;
  } catch (error) {
    await parts.close();
    throw error;
  }
}

function createParts({ url, cluster, tls }: ServerOptions): ServerParts {
  const address = parseClickHouseUrl(url.reveal());
  if ('wrong' in address) throw new AppError('E_CONFIG', `The URL of ClickHouse ${address.wrong}.`);
  const layout = { database: address.database, ...(cluster === undefined ? {} : { cluster }) };
  return new ServerParts(address, layout, readAuthority(tls?.ca));
}

class ServerParts implements ClickHouseParts {
  readonly layout: Layout;
  readonly name: ClickHouseAddress;
  readonly #schemaClient: ClickHouseClient;
  readonly #tablesClient: ClickHouseClient;
  readonly #people: ServerPeople;
  readonly #running = new Set<Promise<unknown>>();
  #isInDatabase = false;

  constructor(address: ClickHouseAddress, layout: Layout, ca: Buffer | undefined) {
    this.layout = layout;
    this.name = address;
    const common = { address, ca, connections: CONNECTIONS };
    this.#schemaClient = createServerClient({ ...common, inDatabase: false, timeoutMs: SCHEMA_TIMEOUT_MS });
    this.#tablesClient = createServerClient({ ...common, inDatabase: true, timeoutMs: REQUEST_TIMEOUT_MS });
    this.#people = new ServerPeople(this.#tablesClient, address, readSettings(layout));
  }

  async command(query: string): Promise<void> {
    await this.#do(() => this.#schemaClient.command({ query }));
  }

  ask<Row>(query: string, params: Readonly<Record<string, unknown>>): Promise<Row[]> {
    const client = this.#isInDatabase ? this.#tablesClient : this.#schemaClient;
    return this.#do(async () => {
      // Not `query`, which adds FORMAT to the text: not every statement takes one.
      const { stream } = await client.exec({
        query,
        query_params: { ...params },
        clickhouse_settings: { ...readSettings(this.layout), default_format: 'JSONEachRow' },
        abort_signal: AbortSignal.timeout(this.#isInDatabase ? REQUEST_TIMEOUT_MS : FIRST_ANSWER_MS),
      });
      return rowsOf<Row>(await text(stream));
    });
  }

  /** Columns are named, so that a schema that a newer gatewatch has just extended still takes the rows of this one. */
  async insertText(table: TableName, lines: string, token: string): Promise<void> {
    const { database } = this.layout;
    const columns = (TABLES[table].columns as readonly Column[]).map(({ name }) => `\`${name}\``);
    const into = `${database}.${storedName(table, TABLES[table])} (${columns.join(', ')})`;
    await this.#do(async () => {
      const { stream } = await this.#tablesClient.exec({
        query: `INSERT INTO ${into} FORMAT JSONCompactEachRow`,
        values: Readable.from([Buffer.from(lines)]),
        clickhouse_settings: insertSettings(token, this.layout),
      });
      await text(stream);
    });
  }

  useDatabase(): Promise<void> {
    this.#isInDatabase = true;
    return Promise.resolve();
  }

  people<Result>(request: PeopleRequest, work: (session: PeopleSession) => Promise<Result>): Promise<Result> {
    return this.#people.ask(request, work);
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.#running]);
    await this.#people.idle();
    await this.#schemaClient.close();
    await this.#tablesClient.close();
  }

  async #do<Result>(work: () => Promise<Result>): Promise<Result> {
    const running = work();
    this.#running.add(running);
    try {
      return await running;
    } catch (error) {
      throw explainServerError(error, this.name);
    } finally {
      this.#running.delete(running);
    }
  }
}

function insertSettings(token: string, { cluster }: Layout): ClickHouseSettings {
  return {
    // Without one the server would drop an insert whose rows equal those of an earlier one.
    insert_deduplication_token: token === '' ? randomUUID() : token,
    // Whatever the user's profile says: without it a repeat would be kept twice.
    insert_deduplicate: 1,
    // Rows come in batches already; an insert is answered when it is written.
    async_insert: 0,
    // One insert is one block, in one part for each day.
    max_insert_block_size: '20000',
    min_insert_block_size_rows: '20000',
    throw_on_max_partitions_per_insert_block: 0,
    // On a cluster an insert is answered when it is on its shard, where its token counts.
    ...(cluster === undefined ? {} : { distributed_foreground_insert: 1 }),
  };
}

/** One JSON object a line. */
function rowsOf<Row>(lines: string): Row[] {
  return lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row);
}
