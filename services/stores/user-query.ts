import { AppError } from '../errors.ts';
import type { ClickHouseParts, PeopleRequest } from './clickhouse-parts.ts';
import { reasonOf } from './clickhouse-reason.ts';
import { checkParams, checkSingle, checkText, refuse, vetAst } from './sql-guard.ts';
import type { QueryResult } from './store.ts';

/** What is larger would hold up the whole process while it is decoded. */
export const MAX_ANSWER_BYTES = 16 * 2 ** 20;

interface JsonCompact {
  meta: { name: string; type: string }[];
  data: unknown[][];
}

/** Vets a query of people and runs it. What is vetted is what runs: the text as ClickHouse itself writes it. */
export async function askAsPeople(
  parts: Pick<ClickHouseParts, 'people' | 'layout'>,
  sql: string,
  request: PeopleRequest,
): Promise<QueryResult> {
  const startedAt = performance.now();
  checkText(sql);
  try {
    const { meta, data } = await parts.people(request, async (session) => {
      const formatted = await session.format(sql);
      checkSingle(formatted);
      checkParams(formatted, request.params);
      vetAst(await session.explain(formatted), formatted, parts.layout.database);
      return decode(await session.run(formatted));
    });
    return {
      columns: meta.map(({ name, type }) => ({ name, type })),
      rows: data.slice(0, request.limits.maxRows),
      truncated: data.length > request.limits.maxRows,
      elapsedMs: Math.round(performance.now() - startedAt),
    };
  } catch (error) {
    throw toSqlError(error);
  }
}

function decode(answer: Uint8Array): JsonCompact {
  if (answer.byteLength > MAX_ANSWER_BYTES) throw tooLarge('The answer is larger than 16 MiB.');
  return JSON.parse(
    Buffer.from(answer.buffer, answer.byteOffset, answer.byteLength).toString('utf8'),
  ) as JsonCompact;
}

export function tooLarge(what: string): AppError {
  return new AppError(
    'E_SQL_TOO_LARGE',
    `${what} Narrow the query by ts or key_id, or ask for fewer columns.`,
  );
}

function toSqlError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  const { type, text } = reasonOf(error);
  if (type === 'TIMEOUT_EXCEEDED' || text.includes('Timeout exceeded')) {
    return new AppError('E_SQL_TIMEOUT', 'The query took longer than allowed. Narrow it by ts or key_id.');
  }
  if (type === 'MEMORY_LIMIT_EXCEEDED' || /memory limit exceeded/i.test(text))
    return tooLarge('The query needs too much memory.');
  if (['ACCESS_DENIED', 'READONLY'].includes(type) || /Not enough privileges|readonly mode/.test(text)) {
    return refuse('The query asks for more than reading our tables.');
  }
  if (/Multi-statements/i.test(text)) return refuse('These are several statements.');
  return new AppError('E_SQL_INVALID', `ClickHouse does not understand the query: ${text}`);
}
