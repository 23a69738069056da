import { once } from 'node:events';
import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { Writable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import fastify from 'fastify';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { AppError } from '../../../services/errors.ts';
import { createIngest } from '../../../services/ingest/ingest.ts';
import type { Ingest } from '../../../services/ingest/ingest.ts';
import { registerIngest } from '../../../services/ingest/routes.ts';
import { createMetrics } from '../../../services/metrics.ts';
import type { Transport } from '../../../services/transports/transport.ts';
import { aLitellmFormat, NOW } from '../../support/ingest-parts.ts';
import { aLitellmRecord } from '../../support/litellm-records.ts';
import { MemoryTransport } from '../../support/memory-transport.ts';
import { pythonJson } from '../../support/python-json.ts';

const TOKEN = 'Bearer the-token';
const MIB = 1024 * 1024;
const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function start(given: { transport?: Transport; ingest?: Ingest } = {}) {
  const { transport = new MemoryTransport(), ingest } = given;
  const metrics = createMetrics();
  const format = aLitellmFormat();
  const lines: string[] = [];
  const sink = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk));
      done();
    },
  });
  const app = fastify({ logger: { level: 'trace', stream: sink } });
  const real = createIngest({
    formats: new Map([[format.name, format]]),
    gateways: [],
    transport,
    metrics,
    now: () => NOW,
  });
  await registerIngest(app, {
    ingest: ingest ?? real,
    metrics,
    authorize: ({ headers }) => {
      if (headers.authorization === TOKEN) return Promise.resolve();
      return Promise.reject(new AppError('E_UNAUTHORIZED', 'No such token.'));
    },
  });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  closers.push(() => app.close());
  return { url, port: (app.server.address() as AddressInfo).port, metrics, log: () => lines.join('') };
}

async function post(url: string, body: Buffer | string, headers: Record<string, string> = {}) {
  const response = await fetch(`${url}/v1/logs/litellm`, {
    method: 'POST',
    body: new Uint8Array(Buffer.from(body)),
    headers: { authorization: TOKEN, ...headers },
  });
  const answer = (await response.json()) as { error?: { code: string; message: string } };
  return { status: response.status, answer, retryAfter: response.headers.get('retry-after') };
}

const one = pythonJson([aLitellmRecord()]);

describe('POST /v1/logs/litellm', () => {
  it.each([
    ['application/json', one],
    ['application/x-ndjson', pythonJson(aLitellmRecord())],
    ['application/json', `${pythonJson(aLitellmRecord())}\n`],
    ['text/plain', one],
    ['application/x-www-form-urlencoded', one],
    ['multipart/form-data', one],
    ['application/octet-stream', one],
    ['', one],
    ['nonsense', one],
  ])('reads a body whatever its content type says: %s', async (contentType, body) => {
    const { url } = await start();
    const { status, answer } = await post(url, body, { 'content-type': contentType });
    expect({ status, answer }).toEqual({
      status: 200,
      answer: { accepted: 1, duplicates: 0, rejected: 0, errors: [] },
    });
  });

  it('reads gzip, and a body in pieces of unknown length', async () => {
    const { url, port } = await start();
    expect((await post(url, gzipSync(one), { 'content-encoding': 'gzip' })).answer).toMatchObject({
      accepted: 1,
    });
    const sent = request({
      port,
      method: 'POST',
      path: '/v1/logs/litellm',
      headers: { authorization: TOKEN, 'transfer-encoding': 'chunked' },
    });
    for (let at = 0; at < one.length; at += 500) sent.write(one.slice(at, at + 500));
    sent.end();
    const [answer] = (await once(sent, 'response')) as [NodeJS.ReadableStream & { statusCode: number }];
    expect(answer.statusCode).toBe(200);
    answer.resume();
  });

  it.each([
    ['a body that is no log', 'hello', {}, 400, 'E_NOTHING_READABLE'],
    ['an empty body', '', {}, 400, 'E_NOTHING_READABLE'],
    ['gzip that is none', one, { 'content-encoding': 'gzip' }, 400, 'E_BAD_REQUEST'],
    [
      'gzip that was cut',
      gzipSync(one).subarray(0, 600),
      { 'content-encoding': 'gzip' },
      400,
      'E_BAD_REQUEST',
    ],
    ['another encoding', one, { 'content-encoding': 'br' }, 415, 'E_BODY_ENCODING'],
    ['two encodings', one, { 'content-encoding': 'gzip, gzip' }, 415, 'E_BODY_ENCODING'],
    ['33 MiB', Buffer.alloc(33 * MIB, 0x20), {}, 413, 'E_BODY_TOO_LARGE'],
    [
      '33 MiB after unpacking',
      gzipSync(Buffer.alloc(33 * MIB, 0x20)),
      { 'content-encoding': 'gzip' },
      413,
      'E_BODY_TOO_LARGE',
    ],
    ['a wrong token', one, { authorization: 'Bearer wrong' }, 401, 'E_UNAUTHORIZED'],
  ])('refuses %s', async (_story, body, headers, status, code) => {
    const { url, metrics } = await start();
    const refused = await post(url, body, headers);
    expect(refused.status).toBe(status);
    expect(refused.answer.error).toMatchObject({
      code,
      message: expect.stringMatching(/^[A-Z].*\.$/) as string,
    });
    expect(refused.retryAfter).toBeNull();
    expect((await metrics.ingestRefused.get()).values).toEqual([
      expect.objectContaining({ labels: { code }, value: 1 }),
    ]);
  });

  it('does not say where the log of events lies; our own log does', async () => {
    const said = 'The log of events in /srv/gatewatch/data/transport cannot be written (ENOSPC).';
    const transport = new MemoryTransport();
    vi.spyOn(transport, 'append').mockRejectedValue(new AppError('E_TRANSPORT_UNAVAILABLE', said));
    const { url, log } = await start({ transport });
    const { status, answer } = await post(url, one);
    expect(status).toBe(503);
    expect(JSON.stringify(answer)).not.toContain('/srv');
    expect(log()).toContain('/srv/gatewatch/data/transport');
  });

  it('takes exactly 32 MiB', async () => {
    const { url } = await start();
    const body = Buffer.alloc(32 * MIB, 0x20);
    body.write(one);
    expect((await post(url, body)).answer).toMatchObject({ accepted: 1 });
  });

  it('knows no other format', async () => {
    const { url } = await start();
    const response = await fetch(`${url}/v1/logs/nginx`, {
      method: 'POST',
      body: one,
      headers: { authorization: TOKEN },
    });
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ error: { code: 'E_UNKNOWN_FORMAT' } });
  });

  it('takes the name of the gateway from the address', async () => {
    const { url } = await start();
    const response = await fetch(`${url}/v1/logs/litellm?gateway=moon&gateway=sun`, {
      method: 'POST',
      body: one,
      headers: { authorization: TOKEN },
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code: 'E_BAD_REQUEST' } });
  });

  it('answers a wrong token before the body is there', async () => {
    const { port } = await start();
    const socket = connect(port, '127.0.0.1');
    socket.write(
      `POST /v1/logs/litellm HTTP/1.1\r\nhost: x\r\nauthorization: Bearer wrong\r\ncontent-length: ${(30 * MIB).toString()}\r\n\r\n[`,
    );
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 401 /);
    socket.destroy();
  });

  it('answers a body that is announced as too large before it is there', async () => {
    const { port } = await start();
    const socket = connect(port, '127.0.0.1');
    socket.write(
      `POST /v1/logs/litellm HTTP/1.1\r\nhost: x\r\nauthorization: ${TOKEN}\r\ncontent-length: ${(33 * MIB).toString()}\r\n\r\n[`,
    );
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 413 /);
    socket.destroy();
  });

  it('stops unpacking a bomb at the limit', async () => {
    const { url } = await start();
    const bomb = gzipSync(Buffer.alloc(300 * MIB), { level: 1 });
    expect(bomb.length).toBeLessThan(32 * MIB);
    const before = process.memoryUsage().rss;
    const startedAt = performance.now();
    expect((await post(url, bomb, { 'content-encoding': 'gzip' })).status).toBe(413);
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    expect(process.memoryUsage().rss - before).toBeLessThan(150 * MIB);
  });

  it('answers only when everything is durable', async () => {
    let release: (value?: undefined) => void = () => undefined;
    const memory = new MemoryTransport();
    const gate = new Promise<void>((resolve) => (release = resolve));
    const append = vi.spyOn(memory, 'append').mockImplementation(async (_topic, records) => {
      await gate;
      return { appended: records.length, duplicates: [] };
    });
    const { url } = await start({ transport: memory });
    let isAnswered = false;
    const answer = post(url, one).finally(() => (isAnswered = true));
    await vi.waitFor(() => {
      expect(append).toHaveBeenCalled();
    });
    expect(isAnswered).toBe(false);
    release();
    expect((await answer).status).toBe(200);
  });

  it('asks to try again while the log of events cannot be written', async () => {
    const transport = new MemoryTransport();
    await transport.close();
    const { url, metrics } = await start({ transport });
    const refused = await post(url, one);
    expect(refused).toMatchObject({
      status: 503,
      retryAfter: '2',
      answer: { error: { code: 'E_TRANSPORT_UNAVAILABLE' } },
    });
    expect((await metrics.ingestRefused.get()).values[0]?.labels).toEqual({
      code: 'E_TRANSPORT_UNAVAILABLE',
    });
  });

  it('asks to try again when 256 MiB are in hand, and takes more when they are gone', async () => {
    let release: (value?: undefined) => void = () => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    const done = { accepted: 1, duplicates: 0, rejected: 0, errors: [] };
    const take = vi.fn(() => gate.then(() => done));
    const { url } = await start({ ingest: { formats: ['litellm'], take } });
    const body = Buffer.alloc(32 * MIB, 0x20);
    const held = Array.from({ length: 8 }, () => post(url, body));
    await vi.waitFor(
      () => {
        expect(take).toHaveBeenCalledTimes(8);
      },
      { timeout: 10_000 },
    );
    const refused = await post(url, body);
    expect(refused).toMatchObject({ status: 503, retryAfter: '2', answer: { error: { code: 'E_BUSY' } } });
    release();
    for (const { status } of await Promise.all(held)) expect(status).toBe(200);
    expect((await post(url, body)).status).toBe(200);
  });

  it('gives back what it held when a sender goes away in the middle', async () => {
    const { url, port } = await start();
    for (let round = 0; round < 12; round += 1) {
      const socket = connect(port, '127.0.0.1');
      await once(socket, 'connect');
      socket.write(
        `POST /v1/logs/litellm HTTP/1.1\r\nhost: x\r\nauthorization: ${TOKEN}\r\ncontent-length: ${(31 * MIB).toString()}\r\n\r\n`,
      );
      await new Promise((resolve) => socket.write(Buffer.alloc(30 * MIB, 0x20), resolve));
      socket.destroy();
      await once(socket, 'close');
    }
    await vi.waitFor(async () => {
      expect((await post(url, one)).status).toBe(200);
    });
  });

  it('hides what went wrong inside, but logs it', async () => {
    const take = () => Promise.reject(new Error('SECRET of the inside'));
    const { url, log } = await start({ ingest: { formats: [], take } });
    const refused = await post(url, one);
    expect(refused.status).toBe(500);
    expect(JSON.stringify(refused.answer)).not.toContain('SECRET');
    expect(log()).toContain('A log body was refused.');
  });

  it('writes no word of a body, a header or a credential into answers or the log', async () => {
    const marker = 'MARKER-90ab';
    const { url, log } = await start();
    const credential = `AKIA${marker}`;
    const record = pythonJson(
      aLitellmRecord({ prompt: marker, keyHash: credential, failure: 'foreignCredential' }),
    );
    const headers = { 'x-note': marker, authorization: TOKEN };
    const answers = [
      await post(url, `[${record}, "${marker}", {"id": "${marker}`, headers),
      await post(url, marker, headers),
      await post(url, marker, { ...headers, 'content-encoding': 'gzip' }),
      await post(url, record, { ...headers, 'content-encoding': marker }),
      await post(url, record, { authorization: marker }),
    ];
    expect(JSON.stringify(answers)).not.toContain(marker);
    expect(log()).not.toContain(marker);
    expect(log()).not.toContain('the-token');
  });
});
