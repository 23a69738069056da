import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders, RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Secret } from '../../../services/secret.ts';
import type { Lookup } from '../../../services/notifiers/egress.ts';
import { webhookBody, webhookId } from '../../../services/notifiers/webhook-body.ts';
import { createSign } from '../../../services/notifiers/webhook-signature.ts';
import { webhookNotifier } from '../../../services/notifiers/webhook.ts';
import { aDigest, aLine, aNotification, anIncidentSnapshot } from '../../support/notifications.ts';

const NEVER = new AbortController().signal;
const SECRET = 'a shared text of enough characters';
const AT = Date.UTC(2026, 2, 3, 10, 15);

interface Seen {
  headers: IncomingHttpHeaders;
  body: string;
  path: string;
}
let seen: Seen[];
let answer: RequestListener;
let port: number;
let stop: () => Promise<void>;

beforeEach(async () => {
  seen = [];
  answer = (_request, response) => response.writeHead(200).end();
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (text: string) => (body += text));
    request.on('end', () => {
      seen.push({ headers: request.headers, body, path: request.url ?? '' });
      answer(request, response);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
  stop = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
});
afterEach(() => stop());

function open({
  host = '127.0.0.1',
  allowPrivate = false,
  lookup,
  now = () => AT,
}: { host?: string; allowPrivate?: boolean; lookup?: Lookup; now?: () => number } = {}) {
  return webhookNotifier(
    { url: `http://${host}:${port}/hook?team=a`, secret: new Secret(SECRET), allowPrivate },
    { now, timeoutMs: 500, ...(lookup === undefined ? {} : { lookup }) },
  );
}

describe('a signed POST', () => {
  it('keeps its id over attempts and is signed anew for the time of each', async () => {
    let now = AT;
    const notifier = open({ now: () => now });
    answer = (_request, response) => response.writeHead(seen.length === 1 ? 500 : 200).end();
    await expect(notifier.send(aNotification(), NEVER)).rejects.toMatchObject({
      code: 'E_NOTIFIER_UNAVAILABLE',
    });
    now += 5_000;
    await notifier.send(aNotification(), NEVER);
    const [first, second] = seen.map(({ headers }) => headers);
    expect(first?.['webhook-id']).toBe('ntf_0123456789abcdef');
    expect(second?.['webhook-id']).toBe(first?.['webhook-id']);
    expect(Number(second?.['webhook-timestamp']) - Number(first?.['webhook-timestamp'])).toBe(5);
    for (const { headers, body } of seen) {
      const content = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body}`;
      expect(headers['webhook-signature']).toBe(
        `v1,${createHmac('sha256', SECRET).update(content).digest('base64')}`,
      );
    }
  });

  it('goes to the path it was given, as JSON with a dotted type', async () => {
    await open().send(aNotification(), NEVER);
    expect(seen[0]?.path).toBe('/hook?team=a');
    expect(seen[0]?.headers['content-type']).toBe('application/json');
    expect(JSON.parse(seen[0]?.body ?? '')).toMatchObject({
      type: 'incident.opened',
      timestamp: '2026-03-03T10:15:00.000Z',
      data: { incident_id: 'inc_0123456789abcdef', severity: 'critical', usd_lost: 12.4 },
    });
  });

  it('signs with every secret while one replaces another', () => {
    const [one, two] = [Buffer.alloc(24, 1), Buffer.alloc(64, 2)];
    const both = createSign(new Secret(`whsec_${one.toString('base64')} whsec_${two.toString('base64')}`));
    const expected = [one, two].map(
      (key) => `v1,${createHmac('sha256', key).update('id.7.{}').digest('base64')}`,
    );
    expect(both('id', 7, '{}')).toBe(expected.join(' '));
  });

  it.each([
    ['too short a text', 'only twenty-three chars'],
    ['too few bytes', `whsec_${Buffer.alloc(23).toString('base64')}`],
    ['too many bytes', `whsec_${Buffer.alloc(65).toString('base64')}`],
    ['no base64', 'whsec_this is not base64 at all, is it'],
  ])('does not start with %s as secret, and does not repeat it', (_story, secret) => {
    const attempt = () => createSign(new Secret(secret));
    expect(attempt).toThrow(expect.objectContaining({ code: 'E_CONFIG' }));
    expect(attempt).not.toThrow(secret);
  });
});

describe('the body', () => {
  it('stays below 20 kB whatever an incident holds, and says what it left out', () => {
    const long = '\u{1F600}"\\'.repeat(2_000);
    const lines = Array.from({ length: 400 }, () => aLine({ text: long, observed: long, normal: long }));
    const incident = anIncidentSnapshot({
      title: long,
      keyAlias: long,
      team: long,
      user: long,
      gateway: long,
      evidence: anIncidentSnapshot().evidence.map((part) => ({ ...part, lines })),
    });
    const body = webhookBody(
      aNotification({ incident, summary: long, whatWasDone: long, runbook: long, subject: long }),
    );
    expect(Buffer.byteLength(body)).toBeLessThanOrEqual(20_000);
    const { data } = JSON.parse(body) as { data: { evidence: string[]; evidence_omitted: number } };
    expect(data.evidence.length + data.evidence_omitted).toBe(400);
  });

  it.each([
    ['opened', 'incident.opened'],
    ['resolved', 'incident.resolved'],
    ['caps-reached', 'gatewatch.caps_reached'],
    ['breaker', 'gatewatch.breaker'],
    ['digest', 'gatewatch.digest'],
  ] as const)('names %s %s', (transition, type) => {
    expect(JSON.parse(webhookBody(aNotification({ transition })))).toMatchObject({ type });
  });

  it('of a digest counts what it stands for, and belongs to no incident', () => {
    const { data } = JSON.parse(webhookBody(aDigest())) as { data: Record<string, unknown> };
    expect(data).toMatchObject({
      transition: 'digest',
      digest: {
        messages: 37,
        since: '2026-03-03T10:05:00.000Z',
        by_severity: { critical: 3, high: 34, medium: 0 },
      },
      evidence: ['[critical] Key “search-prod” looks stolen'],
      evidence_omitted: 36,
    });
    expect(data).not.toHaveProperty('incident_id');
  });

  it('has an id without a dot, since dots part what is signed', () => {
    expect(webhookId('ntf_1-a')).toBe('ntf_1-a');
    expect(webhookId('a.b')).toMatch(/^msg_[0-9a-f]{40}$/);
    expect(webhookId('a.b')).not.toBe(webhookId('a.c'));
  });
});

describe('what the receiver answers', () => {
  it.each([
    [200, undefined],
    [204, undefined],
    [299, undefined],
    [301, 'E_NOTIFIER_REFUSED'],
    [302, 'E_NOTIFIER_REFUSED'],
    [307, 'E_NOTIFIER_REFUSED'],
    [308, 'E_NOTIFIER_REFUSED'],
    [400, 'E_NOTIFIER_REFUSED'],
    [401, 'E_NOTIFIER_REFUSED'],
    [404, 'E_NOTIFIER_REFUSED'],
    [408, 'E_NOTIFIER_UNAVAILABLE'],
    [410, 'E_NOTIFIER_REFUSED'],
    [429, 'E_NOTIFIER_UNAVAILABLE'],
    [500, 'E_NOTIFIER_UNAVAILABLE'],
    [503, 'E_NOTIFIER_UNAVAILABLE'],
  ])('%d means %s', async (status, code) => {
    answer = (_request, response) =>
      response.writeHead(status, { location: `http://127.0.0.1:${port}/elsewhere` }).end();
    const sending = open().send(aNotification(), NEVER);
    if (code === undefined) await expect(sending).resolves.toBeUndefined();
    else await expect(sending).rejects.toMatchObject({ code });
    // A redirect that was followed would show as a second request.
    expect(seen).toHaveLength(1);
  });

  it.each([
    ['7', 7_000],
    ['0', 0],
    [new Date(AT + 60_000).toUTCString(), 60_000],
    [new Date(AT - 60_000).toUTCString(), 0],
    ['99999999999', 86_400_000],
    ['soon', undefined],
  ])('Retry-After %s is a pause of %s ms', async (text, retryAfterMs) => {
    answer = (_request, response) => response.writeHead(429, { 'retry-after': text }).end();
    const error: unknown = await open()
      .send(aNotification(), NEVER)
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({ details: { status: 429 } });
    expect((error as { details: { retryAfterMs?: number } }).details.retryAfterMs).toBe(retryAfterMs);
  });

  it('shows nothing of the answer, and stops reading a long one', async () => {
    answer = (_request, response) => {
      response.writeHead(400);
      const more = () => {
        while (!response.destroyed && response.write('secret of the receiver '.repeat(1_000)));
        if (!response.destroyed) response.once('drain', more);
      };
      more();
    };
    const error: unknown = await open()
      .send(aNotification(), NEVER)
      .catch((reason: unknown) => reason);
    expect(JSON.stringify(error)).not.toContain('secret of the receiver');
    expect(String(error)).not.toContain('secret of the receiver');
  });
});

describe('the way there', () => {
  it('is to the address that was checked, under the name that was given', async () => {
    let lookups = 0;
    const lookup: Lookup = async () => {
      lookups += 1;
      return [{ address: '127.0.0.1', family: 4 }];
    };
    await open({ host: 'hooks.example.com', allowPrivate: true, lookup }).send(aNotification(), NEVER);
    expect(seen[0]?.headers.host).toBe(`hooks.example.com:${port}`);
    expect(lookups).toBe(1);
  });

  it('is checked at each attempt: a name that moves to this machine is refused', async () => {
    const lookup: Lookup = async () => [{ address: '127.0.0.1', family: 4 }];
    const notifier = open({ host: 'localhost', lookup: async () => [{ address: '127.0.0.1', family: 4 }] });
    await notifier.send(aNotification(), NEVER);
    expect(seen).toHaveLength(1);
    const moved = webhookNotifier(
      { url: `https://hooks.example.com:${port}/`, secret: new Secret(SECRET), allowPrivate: false },
      { now: () => AT, lookup },
    );
    await expect(moved.send(aNotification(), NEVER)).rejects.toMatchObject({ code: 'E_NOTIFIER_REFUSED' });
    expect(seen).toHaveLength(1);
  });

  it('goes on to the next address of the name while none has taken the connection', async () => {
    const lookup: Lookup = async () => [
      { address: '::1', family: 6 },
      { address: '127.0.0.1', family: 4 },
    ];
    await open({ host: 'hooks.example.com', allowPrivate: true, lookup }).send(aNotification(), NEVER);
    expect(seen).toHaveLength(1);
  });

  it('is tried again later when the name cannot be resolved', async () => {
    const lookup: Lookup = () => Promise.reject(new Error('ENOTFOUND'));
    await expect(
      open({ host: 'hooks.example.com', lookup, allowPrivate: true }).send(aNotification(), NEVER),
    ).rejects.toMatchObject({
      code: 'E_NOTIFIER_UNAVAILABLE',
    });
  });

  it('does not wait for ever for a name', async () => {
    const lookup: Lookup = () => new Promise(() => undefined);
    await expect(
      open({ host: 'hooks.example.com', lookup, allowPrivate: true }).send(aNotification(), NEVER),
    ).rejects.toMatchObject({
      code: 'E_NOTIFIER_UNAVAILABLE',
    });
  });
});
