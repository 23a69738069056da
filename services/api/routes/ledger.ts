import type { Api, ApiDeps } from '../deps.ts';
import { readLedger } from '../ledger.ts';
import { ledgerQuerySchema, ledgerSchema } from '../schema.ts';

export function registerLedger(app: Api, { store, now, promotion }: ApiDeps): void {
  app.get(
    '/v1/ledger',
    {
      config: { access: 'read' },
      schema: {
        tags: ['incidents'],
        summary:
          'What each detector told and would have blocked, how often it was right, what that saves and breaks',
        querystring: ledgerQuerySchema,
        response: { 200: ledgerSchema },
      },
    },
    async ({ query: { days } }) => ({
      days,
      ledger: await readLedger(store, { days, now: now(), promotion }),
    }),
  );
}
