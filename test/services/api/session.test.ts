import { describe, expect, it } from 'vitest';
import { Secret } from '../../../services/secret.ts';
import { openApi, tokenOf } from '../../support/api.ts';
import type { TestApi } from '../../support/api.ts';

const here = { host: '127.0.0.1:8787', origin: 'http://127.0.0.1:8787', 'sec-fetch-site': 'same-origin' };

async function signIn(api: TestApi, token: string, headers: Record<string, string> = here) {
  return api.app.inject({ method: 'POST', url: '/v1/session', payload: { token }, headers });
}

async function cookieOf(api: TestApi, headers: Record<string, string> = here): Promise<string> {
  const { cookies } = await signIn(api, tokenOf('act'), headers);
  return `${cookies[0]?.name ?? ''}=${cookies[0]?.value ?? ''}`;
}

const freeze = (api: TestApi, headers: Record<string, string>) =>
  api.app.inject({ method: 'POST', url: '/v1/settings/freeze', payload: { on: true }, headers });

describe('signing in', () => {
  it('with a token gives a cookie that scripts cannot read and other sites cannot use', async () => {
    const now = Date.now();
    await using api = await openApi({ now: () => now });
    const answer = await signIn(api, tokenOf('triage'));
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toMatchObject({ name: 'triage of the test', scope: 'triage' });
    expect(answer.cookies).toHaveLength(1);
    expect(answer.cookies[0]).toMatchObject({
      name: 'gatewatch',
      path: '/',
      httpOnly: true,
      sameSite: 'Strict',
      maxAge: 12 * 3600,
    });
    expect(answer.cookies[0]).not.toHaveProperty('domain');
    expect(answer.body).not.toContain(answer.cookies[0]?.value);
  });

  it.each([
    { story: 'the page came over TLS', publicUrl: undefined, origin: 'https://watch.example.com' },
    {
      story: 'the public address is https',
      publicUrl: 'https://watch.example.com',
      origin: 'https://watch.example.com',
    },
  ])('gives a cookie that is bound to this host and to TLS when $story', async ({ publicUrl, origin }) => {
    await using api = await openApi({ publicUrl });
    const { cookies } = await signIn(api, tokenOf('read'), { host: 'watch.example.com', origin });
    expect(cookies[0]).toMatchObject({ name: '__Host-gatewatch', secure: true, httpOnly: true, path: '/' });
  });

  it.each([
    ['a wrong token', 'no-such-token', 401],
    ['a token that may only send logs', tokenOf('ingest'), 403],
  ])('does not work with %s', async (_story, token, status) => {
    await using api = await openApi();
    const answer = await signIn(api, token);
    expect(answer.statusCode).toBe(status);
    expect(answer.cookies).toEqual([]);
  });

  it.each([
    ['another origin', { ...here, origin: 'https://evil.example.net' }],
    ['another site', { ...here, 'sec-fetch-site': 'cross-site' }],
    ['a neighbour of the same site', { ...here, 'sec-fetch-site': 'same-site' }],
    ['no origin at all, in a browser', { host: here.host, 'sec-fetch-site': 'same-origin' }],
    ['an origin without a name', { ...here, origin: 'null' }],
  ])('does not work from %s', async (_story, headers) => {
    await using api = await openApi();
    expect((await signIn(api, tokenOf('read'), headers)).statusCode).toBe(403);
  });

  it('again begins another session and ends the one before', async () => {
    await using api = await openApi();
    const first = await cookieOf(api);
    const second = await cookieOf(api, { ...here, cookie: first });
    expect(second).not.toBe(first);
    const ask = (cookie: string) => api.app.inject({ url: '/v1/session', headers: { cookie } });
    expect((await ask(first)).statusCode).toBe(401);
    expect((await ask(second)).statusCode).toBe(200);
  });
});

describe('a session', () => {
  it('reads, and knows who it is', async () => {
    await using api = await openApi();
    const headers = { cookie: await cookieOf(api) };
    const {
      name,
      scope,
      expires_at: end,
    } = (await api.app.inject({ url: '/v1/session', headers })).json<{
      name: string;
      scope: string;
      expires_at: string;
    }>();
    expect({ name, scope }).toEqual({ name: 'act of the test', scope: 'act' });
    expect(Date.parse(end) - Date.now()).toBeGreaterThan(11 * 3_600_000);
    expect((await api.app.inject({ url: '/v1/status', headers })).statusCode).toBe(200);
  });

  it('changes things from our own page only', async () => {
    await using api = await openApi();
    const cookie = await cookieOf(api);
    expect((await freeze(api, { ...here, cookie })).statusCode).toBe(202);
    const foreign: Record<string, string>[] = [
      { host: here.host },
      { ...here, origin: 'http://evil.example.net' },
      { ...here, origin: 'http://127.0.0.1:9999' },
      { ...here, origin: 'null' },
      { ...here, 'sec-fetch-site': 'cross-site' },
      { ...here, 'sec-fetch-site': 'none' },
    ];
    for (const headers of foreign) {
      expect((await freeze(api, { ...headers, cookie })).statusCode, JSON.stringify(headers)).toBe(403);
    }
    expect(api.appended('commands')).toHaveLength(1);
  });

  it('works behind a proxy that changes Host, from the public address', async () => {
    await using api = await openApi({ publicUrl: 'https://watch.example.com/' });
    const headers = { host: 'inside:8787', origin: 'https://watch.example.com' };
    const cookie = await cookieOf(api, headers);
    expect((await freeze(api, { ...headers, cookie })).statusCode).toBe(202);
    expect((await freeze(api, { ...headers, origin: 'http://watch.example.com', cookie })).statusCode).toBe(
      403,
    );
  });

  it('may not do more than its token', async () => {
    await using api = await openApi();
    const { cookies } = await signIn(api, tokenOf('triage'));
    const cookie = `gatewatch=${cookies[0]?.value ?? ''}`;
    expect((await freeze(api, { ...here, cookie })).statusCode).toBe(403);
  });

  it('ends by signing out', async () => {
    await using api = await openApi();
    const cookie = await cookieOf(api);
    const out = await api.app.inject({ method: 'DELETE', url: '/v1/session', headers: { ...here, cookie } });
    expect(out.statusCode).toBe(204);
    expect(out.body).toBe('');
    expect(out.cookies[0]).toMatchObject({ name: 'gatewatch', value: '' });
    expect((await api.app.inject({ url: '/v1/session', headers: { cookie } })).statusCode).toBe(401);
  });

  it('is not needed with a bearer token, and no origin either', async () => {
    await using api = await openApi();
    const answer = await api.as('act', {
      method: 'POST',
      url: '/v1/settings/freeze',
      payload: { on: false },
      headers: { origin: 'https://evil.example.net' },
    });
    expect(answer.statusCode).toBe(202);
    const who = await api.as('act', { url: '/v1/session' });
    expect(who.json()).toEqual({ name: 'act of the test', scope: 'act', expires_at: null });
  });

  it('does not send logs', async () => {
    await using api = await openApi();
    const cookie = await cookieOf(api);
    const payload = { source: 's', keys: [{ sha256: 'ab'.repeat(32) }] };
    const answer = await api.app.inject({
      method: 'POST',
      url: '/v1/leaks',
      payload,
      headers: { ...here, cookie },
    });
    expect(answer.statusCode).toBe(403);
  });
});

describe('guessing tokens', () => {
  const ask = (api: TestApi, token: string, remoteAddress = '203.0.113.7') =>
    api.app.inject({ url: '/v1/status', headers: { authorization: `Bearer ${token}` }, remoteAddress });

  it('ends after 20 wrong ones within a minute, for the address they come from', async () => {
    let clock = Date.now();
    await using api = await openApi({ now: () => clock });
    for (let guess = 0; guess < 20; guess += 1)
      expect((await ask(api, `guess-${guess}`)).statusCode).toBe(401);
    const refused = await ask(api, 'guess-21');
    expect(refused.statusCode).toBe(429);
    expect(refused.headers['retry-after']).toBe('60');
    expect((await ask(api, 'guess-22', '203.0.113.8')).statusCode).toBe(401);
    clock += 60_000;
    expect((await ask(api, 'guess-23')).statusCode).toBe(401);
  });

  it('is held up for short tokens even when the guess is right; whoever has a long one comes in', async () => {
    await using api = await openApi({
      fixed: [{ text: new Secret('short'), scope: 'read', name: 'settings' }],
    });
    expect((await ask(api, 'short')).statusCode).toBe(200);
    const { text } = await api.tokens.create({ scope: 'read', expiresAt: Date.now() + 60_000, name: 'made' });
    for (let guess = 0; guess < 25; guess += 1) await ask(api, `guess-${guess}`);
    expect((await ask(api, text)).statusCode).toBe(200);
    expect((await ask(api, tokenOf('read'))).statusCode).toBe(200);
    expect((await ask(api, 'short')).statusCode).toBe(429);
  });

  it('counts the addresses of one IPv6 network together', async () => {
    await using api = await openApi();
    for (let guess = 0; guess < 20; guess += 1)
      await ask(api, 'guess', `2001:db8:1:2::${guess.toString(16)}`);
    expect((await ask(api, 'guess', '2001:db8:1:2:ffff::1')).statusCode).toBe(429);
    expect((await ask(api, 'guess', '2001:db8:1:3::1')).statusCode).toBe(401);
  });

  it('is counted, by what became of it', async () => {
    await using api = await openApi();
    for (let guess = 0; guess < 22; guess += 1) await ask(api, `guess-${guess}`);
    await freeze(api, { authorization: `Bearer ${tokenOf('read')}` });
    const { values } = await api.deps.metrics.authFailures.get();
    const counts = Object.fromEntries(values.map(({ labels, value }) => [String(labels.code), value]));
    expect(counts).toEqual({ E_UNAUTHORIZED: 20, E_TOO_MANY_ATTEMPTS: 2, E_FORBIDDEN: 1 });
  });

  it('is held up at the door for people too', async () => {
    await using api = await openApi();
    for (let guess = 0; guess < 20; guess += 1) await signIn(api, `guess-${guess}`);
    expect((await signIn(api, 'guess')).statusCode).toBe(429);
  });
});
