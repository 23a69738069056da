import { z } from 'zod';
import { whyOf } from '../../errors.ts';
import type { Api, ApiDeps } from '../deps.ts';
import { detectorListSchema, readySchema, statusSchema } from '../schema.ts';
import type { SystemStatus } from '../schema.ts';

const tags = ['status'];

export function registerStatus(app: Api, deps: ApiDeps): void {
  registerHealth(app, deps);

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
    '/metrics',
    {
      config: { access: 'read' },
      schema: {
        tags,
        produces: ['text/plain'],
        summary: 'Metrics for Prometheus',
        response: { 200: z.string() },
      },
    },
    async (_request, reply) => {
      const { registry } = deps.metrics;
      await measureLag(deps);
      void reply.type(registry.contentType);
      return reply.serializer((text: string) => text).send(await registry.metrics());
    },
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

/** Lag is measured when somebody looks. What cannot be measured must not hide the rest. */
async function measureLag({ metrics, log, ...deps }: ApiDeps): Promise<void> {
  try {
    const { lag } = await deps.status();
    for (const [topic, records] of Object.entries(lag)) metrics.lag.set({ topic }, records);
  } catch (error) {
    log.warn(whyOf(error), 'The lag could not be measured.');
  }
}

/** Anybody may ask, so the parts are not asked each time. */
const READY_MS = 1_000;

function remember(deps: ApiDeps): () => Promise<SystemStatus> {
  let last: { at: number; answer: Promise<SystemStatus> } | undefined;
  return () => {
    if (last === undefined || deps.now() - last.at >= READY_MS)
      last = { at: deps.now(), answer: deps.status() };
    return last.answer;
  };
}

function registerHealth(app: Api, deps: ApiDeps): void {
  const recentStatus = remember(deps);

  app.get(
    '/healthz',
    {
      config: { access: 'public' },
      schema: {
        tags,
        summary: 'Whether the process answers',
        response: { 200: z.object({ status: z.literal('ok') }) },
      },
    },
    async () => ({ status: 'ok' as const }),
  );

  app.get(
    '/readyz',
    {
      config: { access: 'public' },
      schema: {
        tags,
        summary: 'Whether each part is ready, and why not',
        response: { 200: readySchema, 503: readySchema },
      },
    },
    async (_request, reply) => {
      const { ready, parts } = await recentStatus();
      return reply.code(ready ? 200 : 503).send({ ready, parts });
    },
  );
}
