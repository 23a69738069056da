import { actorName } from '../authorize.ts';
import { actorOf } from '../commands.ts';
import type { Api, ApiDeps } from '../deps.ts';
import { digestOf, reportLeaks } from '../leak-facts.ts';
import { leakReportSchema, leakResponseSchema } from '../schema.ts';

export function registerLeaks(app: Api, deps: ApiDeps): void {
  app.post(
    '/v1/leaks',
    {
      config: { access: 'ingest' },
      schema: {
        tags: ['leaks'],
        summary:
          'Report keys that were found where they should not be; the answer is the same for known and unknown keys',
        body: leakReportSchema,
        response: { 202: leakResponseSchema },
      },
    },
    async (request, reply) => {
      const { source, keys, url, verified: isVerified, found_at: foundAt } = request.body;
      const found = keys.map((key) => ({
        sha256: 'key' in key ? digestOf(key.key) : key.sha256,
        url,
        isVerified,
      }));
      const received = await reportLeaks(deps, found, {
        source,
        by: actorName(actorOf(request)),
        foundAt: toMs(foundAt),
      });
      return reply.code(202).send({ received, skipped: 0 });
    },
  );
}

/** ISO 8601, or epoch seconds or milliseconds. */
function toMs(moment: string | number | undefined): number | undefined {
  if (typeof moment !== 'number') return moment === undefined ? undefined : Date.parse(moment);
  return moment < 1e11 ? moment * 1000 : moment;
}
