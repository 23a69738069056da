import { Session } from 'chdb';
import { AppError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { PeopleRequest, PeopleSession } from './clickhouse-parts.ts';
import { Lane } from '../lane.ts';
import { DATABASE } from './layout.ts';
import { peopleSettings } from './people-limits.ts';
import { paramSettings, sqlLiteral } from './query-params.ts';

/** The engine looks at its clock between blocks only; whoever asked gets an answer this much later at the latest. */
const GRACE_MS = 500;
const MAX_WAITING = 16;

/** Queries of people: one at a time, each on a connection of its own, so that nothing of one (settings, parameters, rows of
 *  a query that failed halfway) is there for the next. A long one keeps only other people waiting. */
export class EmbeddedPeople {
  readonly #data: string;
  readonly #log: Log;
  readonly #lane = new Lane();
  readonly #running = new Set<Promise<unknown>>();
  #waiting = 0;
  #overdue = 0;

  constructor(data: string, log: Log) {
    this.#data = data;
    this.#log = log;
  }

  async ask<Result>(
    request: PeopleRequest,
    work: (session: PeopleSession) => Promise<Result>,
  ): Promise<Result> {
    if (this.#waiting >= MAX_WAITING) throw busy('Too many queries are waiting.');
    this.#waiting += 1;
    try {
      return await this.#lane.run(() => this.#inTime(request, work));
    } finally {
      this.#waiting -= 1;
    }
  }

  /** Resolves when no query is running any more. */
  async idle(): Promise<void> {
    await this.#lane.idle();
    await Promise.allSettled(this.#running);
  }

  async #inTime<Result>(
    request: PeopleRequest,
    work: (session: PeopleSession) => Promise<Result>,
  ): Promise<Result> {
    if (this.#overdue > 0) throw busy('An earlier query is still being stopped.');
    const running = onOwnConnection(this.#data, request, work);
    this.#running.add(running);
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        this.#watchOverdue(running);
        reject(
          new AppError('E_SQL_TIMEOUT', 'The query took longer than allowed. Narrow it by ts or key_id.'),
        );
      }, request.limits.timeoutMs + GRACE_MS);
    });
    try {
      return await Promise.race([running, tooLate]);
    } finally {
      clearTimeout(timer);
      void running.catch(() => undefined).finally(() => this.#running.delete(running));
    }
  }

  #watchOverdue(running: Promise<unknown>): void {
    this.#overdue += 1;
    this.#log.warn('A query runs on past its time; others are refused until it ends.');
    void running.catch(() => undefined).finally(() => (this.#overdue -= 1));
  }
}

function busy(reason: string): AppError {
  return new AppError('E_BUSY', `${reason} Try again in a few seconds.`);
}

async function onOwnConnection<Result>(
  data: string,
  request: PeopleRequest,
  work: (session: PeopleSession) => Promise<Result>,
): Promise<Result> {
  const params = paramSettings(request.params);
  const session = new Session(data);
  try {
    await session.queryAsync(`USE ${DATABASE}`);
    for (const setting of [...params, ...limitSettings(request)]) await session.queryAsync(`SET ${setting}`);
    return await work(sessionOf(session));
  } finally {
    session.close();
  }
}

/** Limits first, then read-only: from there on neither can be changed on this connection. */
function limitSettings({ limits }: PeopleRequest): string[] {
  return Object.entries(peopleSettings(limits)).map(([name, value]) =>
    typeof value === 'string' ? `${name} = ${sqlLiteral(value)}` : `${name} = ${value}`,
  );
}

function sessionOf(session: Session): PeopleSession {
  const text = async (sql: string, format: string) => (await session.queryAsync(sql, { format })).text();
  return {
    // The text is a literal here, never SQL of ours; of several statements ClickHouse makes an error.
    format: (query) =>
      text(`SELECT formatQuerySingleLine(${sqlLiteral(query)})`, 'TSVRaw').then(withoutNewline),
    // What `format` gave is one statement, written by ClickHouse itself.
    explain: (formatted) => text(`EXPLAIN AST ${formatted}`, 'TSVRaw'),
    run: async (formatted) => (await session.queryAsync(formatted, { format: 'JSONCompact' })).bytes(),
  };
}

function withoutNewline(text: string): string {
  return text.endsWith('\n') ? text.slice(0, -1) : text;
}
