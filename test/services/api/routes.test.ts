import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { InjectOptions, RouteOptions } from 'fastify';
import type { Access } from '../../../services/api/deps.ts';
import { includesScope, SCOPES } from '../../../services/auth/tokens.ts';
import { createIngest } from '../../../services/ingest/ingest.ts';
import { registerIngest } from '../../../services/ingest/routes.ts';
import type { Transport } from '../../../services/transports/transport.ts';
import { openApi } from '../../support/api.ts';
import type { TestApi } from '../../support/api.ts';

/** Who may call what. A route that is not here fails the tests: say what it needs. */
const EXPECTED: Readonly<Record<string, Access>> = {
  'POST /v1/logs/:format': 'ingest',
  'GET /v1/incidents': 'read',
  'GET /v1/incidents/:id': 'read',
  'POST /v1/incidents/:id/commands': 'triage',
  'GET /v1/events': 'read',
  'GET /v1/keys': 'read',
  'GET /v1/keys/:id': 'read',
  'POST /v1/leaks': 'ingest',
  'POST /v1/leaks/gitleaks': 'ingest',
  'POST /v1/leaks/trufflehog': 'ingest',
  'POST /v1/leaks/github': 'signed',
  'POST /v1/leaks/gitguardian': 'signed',
  'POST /v1/canaries': 'act',
  'GET /v1/ledger': 'read',
  'POST /v1/sql': 'read',
  'POST /v1/settings/freeze': 'act',
  'GET /v1/status': 'read',
  'GET /v1/detectors': 'read',
  'POST /v1/session': 'public',
  'GET /v1/session': 'read',
  'DELETE /v1/session': 'read',
  'GET /metrics': 'metrics',
  'GET /openapi.json': 'read',
  'GET /healthz': 'public',
  'GET /readyz': 'public',
  'GET /': 'public',
};

const nameOf = ({ method, url }: Pick<RouteOptions, 'method' | 'url'>) =>
  `${[method].flat().join(',')} ${url}`;

/** No log body gets that far here. */
const refusing = {} as Transport;

let api: TestApi;

beforeAll(async () => {
  api = await openApi({
    prepare: (app, { authorize, metrics, now }) =>
      registerIngest(app, {
        ingest: createIngest({ formats: new Map(), gateways: [], transport: refusing, metrics, now }),
        authorize,
        metrics,
      }),
  });
});
afterAll(() => api[Symbol.asyncDispose]());

/** A request of the route with ids made up. Its body fits no schema, so that nothing happens when it gets through. */
function requestOf(name: string): InjectOptions {
  const [method = '', url = ''] = name.split(' ');
  const path = url.replace(':id', 'some-id').replace(':format', 'litellm');
  const hasBody = method === 'POST';
  return {
    method: method,
    url: path,
    ...(hasBody ? { payload: '"?"', headers: { 'content-type': 'application/json' } } : {}),
  };
}

async function statusOf(name: string, token?: string): Promise<number> {
  const options = requestOf(name);
  const headers = {
    ...options.headers,
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  };
  return (await api.app.inject({ ...options, headers })).statusCode;
}

describe('routes', () => {
  it('are those of the table, no more and no less', () => {
    expect(new Set(api.routes.map(nameOf))).toEqual(new Set(Object.keys(EXPECTED)));
  });

  const guarded = Object.entries(EXPECTED).filter(([, access]) => access !== 'public' && access !== 'signed');

  it.each(guarded)('%s is closed without a token', async (name) => {
    expect(await statusOf(name)).toBe(401);
    expect(await statusOf(name, 'a token that nobody made, of a good length')).toBe(401);
  });

  it.each(guarded.flatMap(([name, access]) => SCOPES.map((scope) => ({ name, access, scope }))))(
    '$name with a token of scope $scope',
    async ({ name, access, scope }) => {
      const options = requestOf(name);
      const { statusCode } = await api.as(scope, options);
      const isAllowed = access !== 'public' && access !== 'signed' && includesScope(scope, access);
      if (isAllowed) expect([401, 403]).not.toContain(statusCode);
      else expect(statusCode).toBe(403);
    },
  );

  it.each(Object.entries(EXPECTED).filter(([, access]) => access === 'signed'))(
    '%s wants a signature; a token does not help',
    async (name) => {
      const { statusCode } = await api.as('admin', requestOf(name));
      expect(statusCode).toBe(401);
    },
  );

  it.each(['GET /healthz', 'GET /readyz', 'GET /'])('%s needs no token', async (name) => {
    expect(await statusOf(name)).toBe(200);
  });

  it('that do not say who may call them keep the server from starting', async () => {
    const started = openApi({
      prepare: async (app) => {
        app.addHook('onRoute', (route) => {
          if (route.url === '/v1/status') delete route.config?.access;
        });
      },
    });
    await expect(started).rejects.toThrow('/v1/status does not say who may call it');
  });
});

describe('the description at /openapi.json', () => {
  interface Operation {
    summary?: string;
    description?: string;
    security?: unknown[];
    requestBody?: unknown;
    parameters?: { name: string; in: string }[];
    responses: Record<string, unknown>;
  }
  let paths: Record<string, Record<string, Operation>>;

  beforeAll(async () => {
    const answer = await api.as('read', { url: '/openapi.json' });
    expect(answer.statusCode).toBe(200);
    paths = answer.json<{ paths: typeof paths }>().paths;
  });

  it.each(Object.entries(EXPECTED).filter(([name]) => name !== 'GET /'))('tells about %s', (name, access) => {
    const [method = '', url = ''] = name.split(' ');
    const operation = paths[url.replace(/:(\w+)/g, '{$1}')]?.[method.toLowerCase()];
    expect(operation?.summary).toMatch(/^[A-Z]/);
    expect(operation?.responses).toHaveProperty('default');
    expect(Object.keys(operation?.responses ?? {}).some((status) => status.startsWith('2'))).toBe(true);
    expect(operation?.security).toHaveLength(access === 'public' || access === 'signed' ? 0 : 2);
    const isOpen = access === 'public' || access === 'signed';
    expect(operation?.description).toContain(isOpen ? 'Needs no token' : `Scope: \`${access}\``);
    if (method === 'POST') expect(operation?.requestBody).toBeDefined();
  });

  it('names the filters of the list of incidents', () => {
    const names = paths['/v1/incidents']?.['get']?.parameters?.map(({ name }) => name);
    expect(names).toEqual(['status', 'kind', 'severity', 'key_id', 'team', 'since', 'limit', 'cursor']);
  });

  it('is whole JSON Schema: no part of it is left open by mistake', () => {
    expect(JSON.stringify(paths)).not.toMatch(/"schema":\{\}/);
  });
});
