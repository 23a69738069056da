import { z } from 'zod';
import type { Api, ApiDeps } from '../deps.ts';
import { detectorListSchema, statusSchema } from '../schema.ts';

const tags = ['status'];

export function registerStatus(app: Api, deps: ApiDeps): void {
  app.get(
    '/v1/status',
    {
      config: { access: 'read' },
      schema: { tags, summary: 'How the parts are: mode, lag, age of data', response: { 200: statusSchema } },
    },
    () => deps.status(),
  );

  app.get(
    '/v1/detectors',
    {
      config: { access: 'read' },
      schema: {
        tags,
        summary: 'What each detector looks at, and what to do when it speaks',
        response: { 200: detectorListSchema },
      },
    },
    async () => ({
      detectors: deps.detectors.map(({ id, title, kind, families, how, runbook, knownFalsePositives }) => ({
        ...{ id, title, kind, how, runbook },
        families: [...families],
        known_false_positives: [...knownFalsePositives],
      })),
    }),
  );

  app.get(
    '/openapi.json',
    {
      config: { access: 'read' },
      schema: { tags, summary: 'This description', response: { 200: z.record(z.string(), z.unknown()) } },
    },
    async () => ({ ...app.swagger() }),
  );
}
