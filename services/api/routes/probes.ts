import { z } from 'zod';
import { whyOf } from '../../errors.ts';
import type { Log } from '../../log.ts';
import type { Metrics } from '../../metrics.ts';
import type { Api } from '../deps.ts';
import { readySchema } from '../schema.ts';
import type { SystemStatus } from '../schema.ts';

const tags = ['status'];

export interface ProbeDeps {
  metrics: Metrics;
  log: Log;
  now: () => number;
  status(): Promise<SystemStatus>;
  /** Brings the gauges up to date. */
  measure(): Promise<void>;
}

/** What every process answers, whatever it does: is it alive, is it ready, its metrics. */
export function registerProbes(app: Api, deps: ProbeDeps): void {
  registerHealth(app, deps);

  app.get(
    '/metrics',
    {
      config: { access: 'metrics' },
      schema: {
        tags,
        produces: ['text/plain'],
        summary: 'Metrics for Prometheus',
        response: { 200: z.string() },
      },
    },
    async (_request, reply) => {
      const { registry } = deps.metrics;
      await measure(deps);
      void reply.type(registry.contentType);
      return reply.serializer((text: string) => text).send(await registry.metrics());
    },
  );
}

/** Measured when somebody looks. What cannot be measured must not hide the rest. */
async function measure({ log, ...deps }: ProbeDeps): Promise<void> {
  try {
    await deps.measure();
  } catch (error) {
    log.warn(whyOf(error), 'Some metrics could not be measured.');
  }
}

/** Anybody may ask, so the parts are not asked each time. */
const READY_MS = 1_000;

function remember(deps: ProbeDeps): () => Promise<SystemStatus> {
  let last: { at: number; answer: Promise<SystemStatus> } | undefined;
  return () => {
    if (last === undefined || deps.now() - last.at >= READY_MS)
      last = { at: deps.now(), answer: deps.status() };
    return last.answer;
  };
}

function registerHealth(app: Api, deps: ProbeDeps): void {
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
