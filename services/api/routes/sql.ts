import { AppError } from '../../errors.ts';
import { toCsv } from '../csv.ts';
import type { Api, ApiDeps } from '../deps.ts';
import { sqlRequestSchema, sqlResponseSchema } from '../schema.ts';

const LIMITS = { timeoutMs: 10_000, maxRows: 10_000 };
/** The store runs queries of people one after the other; more than this would wait for minutes. */
const MAX_WAITING = 16;

const RESULTS: Readonly<Record<string, string>> = {
  E_SQL_REFUSED: 'refused',
  E_SQL_INVALID: 'invalid',
  E_SQL_TIMEOUT: 'timeout',
};

export function registerSql(app: Api, { store, metrics }: ApiDeps): void {
  let waiting = 0;

  async function run(query: string, params: Readonly<Record<string, unknown>>) {
    if (waiting >= MAX_WAITING)
      throw new AppError('E_BUSY', 'Too many queries are waiting. Try again in a moment.');
    waiting += 1;
    try {
      const result = await store.userQuery(query, params, LIMITS);
      metrics.sqlQueries.inc({ result: 'ok' });
      return result;
    } catch (error) {
      metrics.sqlQueries.inc({ result: RESULTS[error instanceof AppError ? error.code : ''] ?? 'failed' });
      throw error;
    } finally {
      waiting -= 1;
    }
  }

  app.post(
    '/v1/sql',
    {
      config: { access: 'read' },
      schema: {
        tags: ['sql'],
        summary: 'Run one SELECT on the documented tables: 10 seconds and 10,000 rows at most',
        description: 'With `"format":"csv"` the answer is `text/csv`.',
        body: sqlRequestSchema,
        response: { 200: sqlResponseSchema },
      },
    },
    async ({ body: { query, params, format } }, reply) => {
      const { columns, rows, elapsedMs, truncated } = await run(query, params);
      if (format === 'json') return { columns, rows, elapsed_ms: elapsedMs, truncated };
      void reply.type('text/csv; charset=utf-8');
      void reply.header('content-disposition', 'attachment; filename="gatewatch.csv"');
      if (truncated) void reply.header('x-truncated', 'true');
      return reply.serializer((text: string) => text).send(toCsv({ columns, rows }) as never);
    },
  );
}
