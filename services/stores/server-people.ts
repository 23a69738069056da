import { buffer } from 'node:stream/consumers';
import type { Readable } from 'node:stream';
import type { ClickHouseClient, ClickHouseSettings } from '@clickhouse/client';
import { AppError } from '../errors.ts';
import type { PeopleRequest, PeopleSession } from './clickhouse-parts.ts';
import { reasonOf } from './clickhouse-reason.ts';
import { peopleSettings } from './people-limits.ts';
import { Pool } from './pool.ts';
import { invalid, paramTexts, sqlLiteral } from './query-params.ts';
import { explainServerError } from './server-errors.ts';
import type { ServerName } from './server-errors.ts';
import { MAX_ANSWER_BYTES, tooLarge } from './user-query.ts';

/** More at once would slow down inserts; as many may wait as in the embedded size. */
const LIMITS = { running: 4, waiting: 16 };
/** The server looks at its clock between blocks only; whoever asked gets an answer this much later at the latest. */
const GRACE_MS = 500;
/** They travel in the address; servers take one of 1 MiB. */
const MAX_PARAMS_LENGTH = 500_000;

/** Queries of people: each step of one is a request of its own, with all its limits and read-only, so that nothing of it
 *  is there for the next. */
export class ServerPeople {
  readonly #client: ClickHouseClient;
  readonly #name: ServerName;
  readonly #settings: ClickHouseSettings;
  readonly #pool = new Pool(LIMITS);

  constructor(client: ClickHouseClient, name: ServerName, settings: ClickHouseSettings) {
    this.#client = client;
    this.#settings = settings;
    this.#name = name;
  }

  async ask<Result>(
    request: PeopleRequest,
    work: (session: PeopleSession) => Promise<Result>,
  ): Promise<Result> {
    const settings = { ...this.#settings, ...settingsOf(request) };
    return this.#pool.run(() => {
      const signal = AbortSignal.timeout(request.limits.timeoutMs + GRACE_MS);
      return work(this.#session(settings, signal));
    });
  }

  idle(): Promise<void> {
    return this.#pool.idle();
  }

  #session(settings: ClickHouseSettings, signal: AbortSignal): PeopleSession {
    const bytes = (query: string, format: 'TabSeparatedRaw' | 'JSONCompact') =>
      this.#bytes(query, { ...settings, default_format: format }, signal);
    const text = async (query: string) =>
      (await bytes(query, 'TabSeparatedRaw')).toString('utf8').replace(/\n$/, '');
    return {
      // The text is a value here, never SQL of ours; of several statements ClickHouse makes an error.
      format: (query) => text(`SELECT formatQuerySingleLine(${sqlLiteral(query)})`),
      // What `format` gave is one statement, written by ClickHouse itself.
      explain: (formatted) => text(`EXPLAIN AST ${formatted}`),
      run: (formatted) => bytes(formatted, 'JSONCompact'),
    };
  }

  async #bytes(query: string, settings: ClickHouseSettings, signal: AbortSignal): Promise<Buffer> {
    try {
      // Not `query`, which would add to the text that was vetted.
      const { stream } = await this.#client.exec({
        query,
        clickhouse_settings: settings,
        abort_signal: signal,
      });
      return await buffer(upTo(MAX_ANSWER_BYTES, stream));
    } catch (error) {
      throw signal.aborted ? tooLong() : this.#explain(error);
    }
  }

  /** What the query did wrong is said by whoever asked; here only what has nothing to do with it. */
  #explain(error: unknown): unknown {
    const { type } = reasonOf(error);
    if (type === 'QUOTA_EXCEEDED' || type === 'TOO_MANY_SIMULTANEOUS_QUERIES')
      return new AppError('E_BUSY', 'ClickHouse takes no more queries for now. Try again later.', {
        cause: error,
      });
    return type === '' || OF_THE_SERVER.has(type) ? explainServerError(error, this.#name) : error;
  }
}

const OF_THE_SERVER: ReadonlySet<string> = new Set([
  'AUTHENTICATION_FAILED',
  'REQUIRED_PASSWORD',
  'WRONG_PASSWORD',
  'UNKNOWN_USER',
  'IP_ADDRESS_NOT_ALLOWED',
  'ALL_CONNECTION_TRIES_FAILED',
  'UNKNOWN_DATABASE',
  'UNKNOWN_SETTING',
]);

function settingsOf({ params, limits }: PeopleRequest): ClickHouseSettings {
  const texts = [...paramTexts(params)];
  if (texts.reduce((sum, [, text]) => sum + encodeURIComponent(text).length, 0) > MAX_PARAMS_LENGTH)
    throw invalid('The parameters are too long together.');
  return {
    ...peopleSettings(limits),
    // Whoever gave up leaves nothing running.
    cancel_http_readonly_queries_on_client_close: 1,
    ...Object.fromEntries(texts.map(([name, text]) => [`param_${name}`, text])),
  };
}

async function* upTo(maxBytes: number, stream: Readable): AsyncGenerator<Buffer> {
  let sizeBytes = 0;
  for await (const piece of stream as AsyncIterable<Buffer>) {
    sizeBytes += piece.byteLength;
    if (sizeBytes > maxBytes) throw tooLarge('The answer is larger than 16 MiB.');
    yield piece;
  }
}

function tooLong(): AppError {
  return new AppError('E_SQL_TIMEOUT', 'The query took longer than allowed. Narrow it by ts or key_id.');
}
