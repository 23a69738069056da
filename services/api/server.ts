import cookie from '@fastify/cookie';
import swagger from '@fastify/swagger';
import Fastify from 'fastify';
import type { FastifyInstance } from 'fastify';
import type { z } from 'zod';
import { AppError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Authorize } from './authorize.ts';
import type { Api, ApiDeps } from './deps.ts';
import { errorBody, failureOf, sendError } from './errors.ts';
import { OPENAPI } from './openapi.ts';
import { registerCanaries } from './routes/canaries.ts';
import { registerEvents } from './routes/events.ts';
import { registerIncidents } from './routes/incidents.ts';
import { registerKeys } from './routes/keys.ts';
import { registerLeakFormats } from './routes/leak-formats.ts';
import { registerLeaks } from './routes/leaks.ts';
import { registerSession } from './routes/session.ts';
import { registerSettings } from './routes/settings.ts';
import { registerLedger } from './routes/ledger.ts';
import { registerSql } from './routes/sql.ts';
import { registerProbes } from './routes/probes.ts';
import type { ProbeDeps } from './routes/probes.ts';
import { registerStatus } from './routes/status.ts';
import { registerWeb } from './routes/web.ts';

const MAX_BODY_BYTES = 1024 * 1024;
/** Time for a whole request to arrive; a full body of logs over a slow line takes a while. */
const RECEIVE_WITHIN_MS = 120_000;

/** On every answer. The page brings its own scripts and styles and may speak with this server only. */
const HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=()',
  'cache-control': 'no-store',
};

/** The HTTP server that ingest and api share: limits, headers, the shape of errors. Bodies and headers of requests are
 *  never logged. */
export function buildServer({ log }: { log: Log }): FastifyInstance {
  const app = Fastify({
    logger: false,
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: RECEIVE_WITHIN_MS,
    // In closing, what still comes over an open connection is served: log batches are lost if they are refused.
    return503OnClosing: false,
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: 300 },
    frameworkErrors: (error, request, reply) => {
      sendError(log, error, request, reply);
    },
    clientErrorHandler: (_error, socket) => {
      if (!socket.writable) return;
      const body = JSON.stringify(
        errorBody({ code: 'E_BAD_REQUEST', message: 'This is not HTTP as we know it.' }),
      );
      socket.end(
        `HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
      );
    },
  });
  app.addHook('onRequest', (_request, reply, done) => {
    void reply.headers(HEADERS);
    done();
  });
  app.decorateRequest('actor', undefined);
  void app.register(cookie);
  void app.register(swagger, OPENAPI);
  app.setErrorHandler((error, request, reply) => {
    sendError(log, error, request, reply);
  });
  app.setNotFoundHandler((request, reply) => {
    sendError(log, new AppError('E_NOT_FOUND', 'There is nothing at this path.'), request, reply);
  });
  return app;
}

/** Adds what every process answers. */
export function registerHealth(
  app: FastifyInstance,
  deps: ProbeDeps & { authorize: Authorize },
): Promise<void> {
  return registerGuarded(app, deps, (api) => {
    registerProbes(api, deps);
  });
}

/** Adds all routes of the API and the page. */
export async function registerApi(app: FastifyInstance, deps: ApiDeps): Promise<void> {
  await registerGuarded(app, deps, (api) => {
    for (const register of [
      registerSession,
      registerIncidents,
      registerEvents,
      registerKeys,
      registerLeaks,
      registerLeakFormats,
      registerLedger,
      registerSql,
      registerSettings,
      registerCanaries,
      registerStatus,
    ]) {
      register(api, deps);
    }
  });
  await registerWeb(app, deps);
}

/** Adds what the command line may ask of a responder that answers nobody else. */
export function registerLocal(
  app: FastifyInstance,
  deps: Guarded & Pick<ApiDeps, 'createCanary'>,
): Promise<void> {
  return registerGuarded(app, deps, (api) => {
    registerCanaries(api, deps);
  });
}

type Guarded = Pick<ApiDeps, 'authorize' | 'metrics'>;

async function registerGuarded(
  app: FastifyInstance,
  deps: Guarded,
  register: (api: Api) => void,
): Promise<void> {
  // Async, so that what a route throws keeps the server from starting instead of ending the process.
  await app.register(async (scope) => {
    const api = scope.withTypeProvider() as unknown as Api;
    guard(api, deps);
    countRefused(api, deps);
    parseWithZod(api);
    register(api);
  });
}

/** Asks who it is before a byte of the body is read. A route that does not say who may call it does not start. */
function guard(api: Api, { authorize }: { authorize: Authorize }): void {
  api.addHook('onRoute', ({ config, url }) => {
    if (config?.access === undefined) throw new TypeError(`Route ${url} does not say who may call it.`);
  });
  api.addHook('onRequest', async (request) => {
    const { access = 'admin' } = request.routeOptions.config;
    if (access !== 'public' && access !== 'signed') request.actor = await authorize(request, access);
  });
}

/** Somebody who tries tokens shall be seen. */
function countRefused(api: Api, { metrics }: Pick<ApiDeps, 'metrics'>): void {
  api.addHook('onError', (_request, _reply, error, done) => {
    const { status, code } = failureOf(error);
    if (status === 401 || status === 403 || status === 429) metrics.authFailures.inc({ code });
    done();
  });
}

function parseWithZod(api: Api): void {
  api.removeContentTypeParser('text/plain');
  api.setValidatorCompiler<z.ZodType>(({ schema }) => (data) => {
    const parsed = schema.safeParse(data);
    return parsed.success ? { value: parsed.data } : { error: parsed.error };
  });
  // Handlers are typed by the schema of their answer, and tests check each answer against it.
  api.setSerializerCompiler(() => (data) => JSON.stringify(data));
}
