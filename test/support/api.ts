import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance, InjectOptions, LightMyRequestResponse, RouteOptions } from 'fastify';
import { createAuthorize } from '../../services/api/authorize.ts';
import type { ApiDeps } from '../../services/api/deps.ts';
import type { SystemStatus } from '../../services/api/schema.ts';
import { buildServer, registerApi, registerHealth } from '../../services/api/server.ts';
import { createSessions } from '../../services/auth/sessions.ts';
import { openTokens, SCOPES } from '../../services/auth/tokens.ts';
import type { Scope, Tokens } from '../../services/auth/tokens.ts';
import { AppError } from '../../services/errors.ts';
import type { Log } from '../../services/log.ts';
import { createMetrics } from '../../services/metrics.ts';
import type { Metrics } from '../../services/metrics.ts';
import { Secret } from '../../services/secret.ts';
import type { Store } from '../../services/stores/store.ts';
import type { Topic, TopicRecords } from '../../services/topics.ts';
import { quietLog } from './quiet.ts';

/** A store that is away. What the API does without one is part of its behaviour. */
export const awayStore: Store = {
  insert: () => Promise.reject(away()),
  query: () => Promise.reject(away()),
  userQuery: () => Promise.reject(away()),
  ping: () => Promise.reject(away()),
  close: () => Promise.resolve(),
};

function away(): AppError {
  return new AppError('E_STORE_UNAVAILABLE', 'The store does not answer.');
}

export const aStatus: SystemStatus = {
  version: '0.1.0',
  mode: 'certain',
  frozen: false,
  ready: true,
  parts: [{ name: 'store', ready: true, reason: '' }],
  lag: { events: 0 },
  watermark: null,
  gateways: [],
  sources: [],
};

export const tokenOf = (scope: Scope) => `a-${scope}-token-of-more-than-thirty-two-characters`;

export interface TestApi extends AsyncDisposable {
  app: FastifyInstance;
  deps: ApiDeps;
  tokens: Tokens;
  dir: string;
  routes: readonly RouteOptions[];
  /** Asks with the token of a scope. */
  as(scope: Scope, options: InjectOptions): Promise<LightMyRequestResponse>;
  /** What the API put into a topic. */
  appended<Name extends Topic>(topic: Name): TopicRecords[Name][];
}

export interface TestApiOptions extends Partial<ApiDeps> {
  measure?: (metrics: Metrics) => Promise<void>;
  log?: Log;
  /** Tokens beside those of the scopes, as settings have them. */
  fixed?: { text: Secret; scope: Scope; name: string }[];
  /** Called before the API's own routes are there. */
  prepare?: (app: FastifyInstance, deps: ApiDeps) => Promise<void>;
}

/** The API on a folder of its own, with one token of each scope; the store is away unless given. */
export async function openApi({
  prepare,
  fixed = [],
  measure = () => Promise.resolve(),
  ...changes
}: TestApiOptions = {}): Promise<TestApi> {
  const dir = await mkdtemp(join(tmpdir(), 'gatewatch-api-'));
  const log = changes.log ?? quietLog;
  const now = changes.now ?? Date.now;
  const metrics = createMetrics();
  const ofScopes = SCOPES.map((scope) => ({
    text: new Secret(tokenOf(scope)),
    scope,
    name: `${scope} of the test`,
  }));
  const tokens = await openTokens({ dir, now, fixed: [...ofScopes, ...fixed] });
  const sessions = createSessions({ tokens, now });
  const publicUrl = changes.publicUrl;
  const appended: { topic: string; value: string }[] = [];
  const transport: ApiDeps['transport'] = {
    append: (topic, records) => {
      appended.push(...records.map(({ value }) => ({ topic, value })));
      return Promise.resolve({ appended: records.length, duplicates: [] });
    },
  };
  const deps: ApiDeps = {
    ...{ store: awayStore, transport, sessions, metrics, log, now, webRoot: dir, publicUrl },
    ...{ githubKeysFile: undefined, gitguardianToken: undefined, detectors: [], createCanary: undefined },
    promotion: { verdicts: 10, precision: 0.9 },
    authorize: createAuthorize({ tokens, sessions, publicUrl, now }),
    describeKey: () => undefined,
    status: () => Promise.resolve(aStatus),
    ...changes,
  };
  const app = buildServer({ log });
  const routes: RouteOptions[] = [];
  app.addHook('onRoute', (route) => {
    routes.push(route);
  });
  await prepare?.(app, deps);
  await registerHealth(app, { ...deps, measure: () => measure(deps.metrics) });
  await registerApi(app, deps);
  await app.ready();
  return {
    ...{ app, deps, tokens, dir, routes },
    as: (scope, options) =>
      app.inject({ ...options, headers: { authorization: `Bearer ${tokenOf(scope)}`, ...options.headers } }),
    appended: (topic) =>
      appended.filter((one) => one.topic === topic).map(({ value }) => JSON.parse(value) as never),
    async [Symbol.asyncDispose]() {
      await app.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
