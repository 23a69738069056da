import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { Writable } from 'node:stream';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../../services/errors.ts';
import { openApi, tokenOf } from '../../support/api.ts';

const json = { 'content-type': 'application/json' };
const errorShape = {
  error: { code: expect.stringMatching(/^E_[A-Z_]+$/) as string, message: expect.any(String) as string },
};

describe('an error', () => {
  it.each([
    { story: 'a path nobody serves', request: { url: '/v1/nothing' }, status: 404, code: 'E_NOT_FOUND' },
    {
      story: 'a method nobody serves',
      request: { method: 'PUT', url: '/v1/sql' },
      status: 404,
      code: 'E_NOT_FOUND',
    },
    {
      story: 'an address that cannot be decoded',
      request: { url: '/v1/keys/%zz' },
      status: 400,
      code: 'E_BAD_REQUEST',
    },
    { story: 'no token', request: { url: '/v1/incidents' }, status: 401, code: 'E_UNAUTHORIZED' },
    {
      story: 'another way to sign in',
      request: { url: '/v1/incidents', headers: { authorization: 'Basic YTpi' } },
      status: 401,
      code: 'E_UNAUTHORIZED',
    },
    {
      story: 'a body that is no JSON',
      request: { method: 'POST', url: '/v1/session', headers: json, payload: '{"token":' },
      status: 400,
      code: 'E_BAD_REQUEST',
    },
    {
      story: 'an empty body',
      request: { method: 'POST', url: '/v1/session', headers: json, payload: '' },
      status: 400,
      code: 'E_BAD_REQUEST',
    },
    {
      story: 'a body that would reach into prototypes',
      request: { method: 'POST', url: '/v1/session', headers: json, payload: '{"__proto__":{"token":"x"}}' },
      status: 400,
      code: 'E_BAD_REQUEST',
    },
    {
      story: 'a field nobody knows',
      request: { method: 'POST', url: '/v1/session', headers: json, payload: '{"token":"x","more":1}' },
      status: 400,
      code: 'E_BAD_REQUEST',
    },
    {
      story: 'another content type',
      request: {
        method: 'POST',
        url: '/v1/session',
        headers: { 'content-type': 'text/plain' },
        payload: 'x',
      },
      status: 415,
      code: 'E_BODY_TYPE',
    },
    {
      story: 'more than 1 MiB',
      request: { method: 'POST', url: '/v1/session', headers: json, payload: `"${'x'.repeat(1024 * 1024)}"` },
      status: 413,
      code: 'E_BODY_TOO_LARGE',
    },
  ] as const)('for $story has a code and a message', async ({ request, status, code }) => {
    await using api = await openApi();
    const answer = await api.app.inject(request);
    expect(answer.statusCode).toBe(status);
    expect(answer.headers['content-type']).toContain('application/json');
    expect(answer.json()).toEqual(errorShape);
    expect(answer.json()).toMatchObject({ error: { code } });
  });

  it('names the field that is wrong, but never its value', async () => {
    await using api = await openApi();
    const payload = { source: 's', keys: [{ sha256: 'sk-not-a-digest-but-a-key' }] };
    const answer = await api.as('ingest', { method: 'POST', url: '/v1/leaks', payload });
    expect(answer.statusCode).toBe(400);
    expect(answer.body).toContain('keys.0');
    expect(answer.body).not.toContain('sk-not');
  });

  it('of our own making shows nothing of the inside', async () => {
    await using api = await openApi({
      status: () => Promise.reject(new TypeError('secret detail at line 7')),
    });
    const answer = await api.as('read', { url: '/v1/status' });
    expect(answer.statusCode).toBe(500);
    expect(answer.json()).toMatchObject({ error: { code: 'E_INTERNAL' } });
    expect(answer.body).not.toMatch(/secret detail|\.ts|at /);
  });

  it.each([
    'E_TRANSPORT_UNAVAILABLE',
    'E_STORE_UNAVAILABLE',
    'E_AUDIT_UNAVAILABLE',
    'E_CHECKPOINT_UNAVAILABLE',
  ] as const)('%s does not say where things lie; the log does', async (code) => {
    const logged: string[] = [];
    const log = pino({}, { write: (line) => logged.push(line) });
    const said = 'The log of events in /srv/gatewatch/data/transport cannot be written (ENOSPC).';
    await using api = await openApi({ log, status: () => Promise.reject(new AppError(code, said)) });
    const answer = await api.as('read', { url: '/v1/status' });
    expect(answer.statusCode).toBeGreaterThanOrEqual(500);
    expect(answer.json()).toMatchObject({ error: { code } });
    expect(answer.body).not.toContain('/srv');
    expect(logged.join('')).toContain('/srv/gatewatch/data/transport');
  });

  it('that may pass says when to come again', async () => {
    await using api = await openApi();
    const answer = await api.as('read', { url: '/v1/incidents' });
    expect(answer.statusCode).toBe(503);
    expect(answer.headers['retry-after']).toBe('2');
  });

  it('for what is not HTTP has the same shape', async () => {
    await using api = await openApi();
    await api.app.listen({ host: '127.0.0.1', port: 0 });
    const { port } = api.app.server.address() as AddressInfo;
    const socket = connect(port, '127.0.0.1');
    socket.write('GARBAGE\r\n\r\n');
    const answer = await text(socket);
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))).toEqual(errorShape);
  });
});

describe('every answer', () => {
  it.each(['/', '/healthz', '/v1/status', '/v1/incidents', '/nothing'])(
    'of %s tells browsers to trust little',
    async (url) => {
      await using api = await openApi();
      const { headers } = await api.as('read', { url });
      const policy = String(headers['content-security-policy']);
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).toContain("require-trusted-types-for 'script'");
      expect(policy).not.toMatch(/unsafe|\*|https?:|data:/);
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'x-frame-options': 'DENY',
        'cache-control': 'no-store',
      });
      expect(headers).not.toHaveProperty('x-powered-by');
      expect(headers).not.toHaveProperty('access-control-allow-origin');
    },
  );
});

describe('the log', () => {
  it('never holds bodies, tokens or queries, whatever goes wrong', async () => {
    let logged = '';
    const sink = new Writable({
      write(chunk: Buffer, _encoding, done) {
        logged += chunk.toString();
        done();
      },
    });
    await using api = await openApi({ log: pino({ level: 'trace' }, sink) });
    const secret = 'sk-marker-0123456789abcdef';
    const post = (url: string, payload: unknown) =>
      api.as('admin', { method: 'POST', url, payload: payload as object });
    await post('/v1/leaks', { source: 's', keys: [{ key: secret }] });
    await post('/v1/leaks', { source: 's', keys: [{ key: secret, more: secret }] });
    await post('/v1/leaks/gitleaks', [{ Secret: secret }]);
    await post('/v1/sql', { query: `SELECT '${secret}'` });
    await post('/v1/session', { token: secret });
    await api.as('read', { url: `/v1/incidents?key_id=${secret}` });
    expect(logged).toContain('A request failed.');
    expect(logged).not.toContain('marker');
    expect(logged).not.toContain(tokenOf('admin'));
  });
});
