import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Event } from '../../../detectors/event.ts';
import { startFakeGateway } from '../../../services/demo/fake-gateway.ts';
import type { FakeGateway, FakeGatewayOptions } from '../../../services/demo/fake-gateway.ts';
import { createAddressResolver } from '../../../services/gateways/client-address.ts';
import { litellmFormat } from '../../../services/gateways/litellm.ts';
import { JsonBytes } from '../../../services/json-scan.ts';
import { Secret } from '../../../services/secret.ts';

const START = 1_790_000_000_000;
const caller = { ip: '198.51.100.7', userAgent: 'OpenAI/Python 1.51.0', model: 'gpt-4o-mini' };

let time: number;
let gateway: FakeGateway;
beforeEach(async () => {
  time = START;
  gateway = await start();
});
afterEach(() => gateway.close());

const start = (options: FakeGatewayOptions = {}) => startFakeGateway({ now: () => time, ...options });

async function restart(options: FakeGatewayOptions): Promise<void> {
  await gateway.close();
  gateway = await start(options);
}

async function admin(method: string, path: string, body?: unknown, credential = gateway.masterKey) {
  const response = await fetch(`${gateway.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${credential}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return {
    status: response.status,
    body: (await response.json()) as Record<string, Record<string, unknown>>,
  };
}

/** What our own reader makes of the newest record: the fake is only good if it is read as the real one is. */
function lastEvent(): Event {
  const format = litellmFormat({
    pepper: new Secret('pepper'),
    resolveAddress: createAddressResolver(['10.0.0.0/8'], true),
  });
  const json = new JsonBytes(Buffer.from(JSON.stringify(gateway.records.at(-1))));
  const { result } = format.read(json, 0, json.length, { gateway: 'litellm', now: time, isImport: false });
  if ('reason' in result) throw new Error(result.reason);
  return result;
}

describe('the log of the fake gateway', () => {
  it('tells of a call whose key, from where, with what and for how much', () => {
    const { key, keyId } = gateway.createKey({ alias: 'search-prod', team: 'search', user: 'svc' });
    expect(
      gateway.call(key, { ...caller, ip: '198.51.100.7, 10.0.0.4', costUsd: 0.25, durationMs: 900 }),
    ).toBe(200);
    expect(lastEvent()).toMatchObject({
      keyId,
      keyAlias: 'search-prod',
      team: 'team-search',
      teamAlias: 'search',
      user: 'svc',
      ip: '198.51.100.7',
      client: 'openai-python',
      model: 'gpt-4o-mini',
      outcome: 'ok',
      costUsd: 0.25,
      durationMs: 900,
      ts: START,
    });
  });

  it.each([
    { story: 'an unknown key', outcome: 'unknown_key', status: 401, key: () => 'sk-nobody-knows-this-key' },
    { story: 'no key', outcome: 'no_key', status: 401, key: () => undefined },
    {
      story: 'something that is no key',
      outcome: 'foreign_credential',
      status: 401,
      key: () => 'AKIAIOSFODNN7EXAMPLE',
    },
    {
      story: 'an expired key',
      outcome: 'expired_key',
      status: 401,
      key: () => gateway.createKey({ alias: 'old', expiresAt: START }).key,
    },
    {
      story: 'a key without budget',
      outcome: 'over_budget',
      status: 422,
      key: () => gateway.createKey({ alias: 'poor', maxBudgetUsd: 0 }).key,
    },
    {
      story: 'a key for other models',
      outcome: 'model_denied',
      status: 403,
      key: () => gateway.createKey({ alias: 'few', models: ['o3'] }).key,
    },
    {
      story: 'a deleted key',
      outcome: 'unknown_key',
      status: 401,
      key: () => {
        const { key, keyId } = gateway.createKey({ alias: 'gone' });
        gateway.deleteKey(keyId);
        return key;
      },
    },
  ])('is read as $outcome for $story', ({ outcome, status, key }) => {
    expect(gateway.call(key(), caller)).toBe(status);
    expect(lastEvent()).toMatchObject({ outcome, status: 'failure', costUsd: 0, totalTokens: 0 });
  });

  it('is read as a failure upstream when the provider says no', () => {
    const { key } = gateway.createKey({ alias: 'a' });
    expect(gateway.call(key, { ...caller, model: 'err-401' })).toBe(401);
    expect(lastEvent()).toMatchObject({ outcome: 'upstream_error' });
  });

  it('misses the call of a caller who asks not to be logged, spend included', async () => {
    const { key, keyId } = gateway.createKey({ alias: 'a' });
    gateway.call(key, { ...caller, costUsd: 5, isNotLogged: true });
    expect(gateway.records).toHaveLength(0);
    const { body } = await admin('GET', `/key/info?key=${keyId}`);
    expect(body['info']).toMatchObject({ spend: 0 });
  });

  it('arrives at the receiver in batches, again after a failure', async () => {
    const bodies: unknown[][] = [];
    const statuses = [503];
    const receiver = createServer((request, response) => {
      void (async () => {
        const chunks: Buffer[] = [];
        for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
        bodies.push(JSON.parse(Buffer.concat(chunks).toString()) as unknown[]);
        expect(request.headers.authorization).toBe('Bearer an-ingest-token');
        response.writeHead(statuses.shift() ?? 200).end();
      })();
    });
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port.toString()}/`;
    await restart({ logsTo: { url, token: 'an-ingest-token', flushMs: 60_000 } });
    const { key } = gateway.createKey({ alias: 'a' });
    for (let call = 0; call < 3; call += 1) gateway.call(key, caller);
    await gateway.flush();
    expect(bodies.map((body) => body.length)).toEqual([3, 3]);
    expect(bodies[1]).toEqual(gateway.records);
    receiver.close();
  });
});

describe('the key API of the fake gateway', () => {
  it('blocks and unblocks by hash, as often as one likes', async () => {
    const { key, keyId } = gateway.createKey({ alias: 'a' });
    for (let time = 0; time < 2; time += 1) {
      expect(await admin('POST', '/key/block', { key: keyId })).toMatchObject({
        status: 200,
        body: { token: keyId, blocked: true },
      });
    }
    expect(gateway.call(key, caller)).toBe(401);
    expect(lastEvent()).toMatchObject({ outcome: 'blocked_key', keyAlias: 'a' });
    expect((await admin('GET', `/key/info?key=${keyId}`)).body['info']).toMatchObject({
      blocked: true,
      status: 'revoked',
    });
    await admin('POST', '/key/unblock', { key: keyId });
    expect(gateway.call(key, caller)).toBe(200);
  });

  it.each([
    { story: 'an unknown hash', body: { key: '0'.repeat(64) }, status: 404 },
    { story: 'an alias', body: { key: 'search-prod' }, status: 400 },
    { story: 'no key', body: {}, status: 422 },
  ])('answers $status to $story', async ({ body, status }) => {
    expect((await admin('POST', '/key/block', body)).status).toBe(status);
  });

  it('lets in administrators only, and restricted keys on their routes only', async () => {
    const { keyId } = gateway.createKey({ alias: 'target' });
    const user = gateway.createKey({ alias: 'user' }).key;
    const restricted = gateway.createKey({ alias: 'ours', isAdmin: true, allowedRoutes: ['/key/block'] }).key;
    expect((await admin('POST', '/key/block', { key: keyId }, 'sk-wrong')).status).toBe(401);
    expect((await admin('POST', '/key/block', { key: keyId }, user)).status).toBe(403);
    expect((await admin('POST', '/key/generate', { max_budget: 'none' }, restricted)).status).toBe(403);
    expect((await admin('POST', '/key/block', { key: keyId }, restricted)).status).toBe(200);
  });

  it('still tells about a deleted key', async () => {
    const { keyId } = gateway.createKey({ alias: 'gone' });
    await admin('POST', '/key/delete', { keys: [keyId] });
    expect((await admin('GET', `/key/info?key=${keyId}`)).body['info']).toMatchObject({ status: 'deleted' });
    expect((await admin('POST', '/key/block', { key: keyId })).status).toBe(404);
  });

  it('makes a key that is blocked at another worker only when that one forgets what it knew', async () => {
    await restart({ workers: 2, keyCacheMs: 60_000 });
    const { key, keyId } = gateway.createKey({ alias: 'a' });
    for (const worker of [0, 1]) expect(gateway.call(key, { ...caller, worker })).toBe(200);
    await admin('POST', '/key/block', { key: keyId });
    expect([0, 1].map((worker) => gateway.call(key, { ...caller, worker })).sort()).toEqual([200, 401]);
    time += 60_001;
    expect([0, 1].map((worker) => gateway.call(key, { ...caller, worker }))).toEqual([401, 401]);
  });

  it('does not cut a stream that runs when the key is blocked', async () => {
    const { key, keyId } = gateway.createKey({ alias: 'a' });
    const stream = gateway.openStream(key, caller);
    time += 5_000;
    await admin('POST', '/key/block', { key: keyId });
    time += 5_000;
    stream.end();
    expect(lastEvent()).toMatchObject({ outcome: 'ok', ts: START + 10_000, durationMs: 10_000 });
  });

  it('serves a blocked key on while it is told to ignore blocks', async () => {
    const { key, keyId } = gateway.createKey({ alias: 'a' });
    gateway.setFaults({ ignoresBlocks: true });
    await admin('POST', '/key/block', { key: keyId });
    expect(gateway.call(key, caller)).toBe(200);
  });
});
