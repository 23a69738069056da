import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import { createIngest } from '../../../services/ingest/ingest.ts';
import { createMetrics } from '../../../services/metrics.ts';
import { decodeEvent } from '../../../services/topics.ts';
import type { Rejected } from '../../../services/topics.ts';
import { openEmbeddedTransport } from '../../../services/transports/embedded.ts';
import type { Transport } from '../../../services/transports/transport.ts';
import { aLitellmFormat, NOW } from '../../support/ingest-parts.ts';
import { aLitellmRecord } from '../../support/litellm-records.ts';
import type { LitellmRecordOptions } from '../../support/litellm-records.ts';
import { MemoryTransport } from '../../support/memory-transport.ts';
import { pythonJson } from '../../support/python-json.ts';

const DAY_MS = 86_400_000;
const closers: (() => Promise<unknown> | undefined)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

function bodyOf(...records: (LitellmRecordOptions | null)[]): Buffer {
  return Buffer.from(pythonJson(records.map((one) => one && aLitellmRecord(one))));
}

interface Given {
  transport?: Transport;
  gateways?: { name: string; type: string }[];
}

function setUp({ transport = new MemoryTransport(), gateways = [] }: Given = {}) {
  const now = () => NOW;
  const metrics = createMetrics();
  const format = aLitellmFormat();
  const ingest = createIngest({
    formats: new Map([[format.name, format]]),
    gateways,
    transport,
    metrics,
    now,
  });
  return {
    transport,
    metrics,
    take: (body: Buffer | string, gateway?: string) => ingest.take('litellm', Buffer.from(body), { gateway }),
    ingest,
  };
}

async function recordsOf(transport: Transport, topic: string) {
  const end = await transport.endOffset(topic, 0);
  const values: string[] = [];
  for await (const records of transport.read(topic, 0, 0, end))
    values.push(...records.map(({ value }) => value));
  return values;
}

async function openInFolder(dir: string, now: () => number): Promise<Transport> {
  return openEmbeddedTransport({ dir, log: pino({ level: 'silent' }), now });
}

function newFolder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'gatewatch-ingest-'));
  closers.push(() => {
    rmSync(dir, { recursive: true });
    return undefined;
  });
  return dir;
}

describe('ingest', () => {
  it('puts each call into `events`, by key, and answers with counts', async () => {
    const { take, transport, metrics } = setUp();
    const answer = await take(bodyOf({ callId: 'a' }, { callId: 'b', keyHash: 'ab'.repeat(32) }));
    expect(answer).toEqual({ accepted: 2, duplicates: 0, rejected: 0, errors: [] });
    const events = (await recordsOf(transport, 'events')).map(decodeEvent);
    expect(events.map((event) => event?.eventId)).toEqual(['a', 'b']);
    expect((await metrics.eventsAccepted.get()).values[0]?.value).toBe(2);
  });

  it('keeps the good records beside bad ones, and says which were bad and why', async () => {
    const { take, transport, metrics } = setUp();
    const future = { endTime: (NOW + DAY_MS) / 1000 };
    const body = Buffer.concat([
      bodyOf({ callId: 'a' }, null, future).subarray(0, -1),
      Buffer.from(', {"id": "x"}, 5, {"id": "half'),
    ]);
    const answer = await take(body);
    expect(answer).toEqual({
      accepted: 1,
      duplicates: 0,
      rejected: 5,
      errors: [
        { index: 1, code: 'null_record' },
        { index: 2, code: 'clock_out_of_range' },
        { index: 3, code: 'no_status' },
        { index: 4, code: 'not_an_object' },
        { index: 5, code: 'truncated' },
      ],
    });
    const counted = (await metrics.recordsRejected.get()).values.map(({ labels, value }) => [
      labels.code,
      value,
    ]);
    expect(counted).toEqual(answer.errors.map(({ code }) => [code, 1]));
    const rejected = (await recordsOf(transport, 'rejected')).map((value) => JSON.parse(value) as Rejected);
    expect(rejected[2]).toEqual({
      at: NOW,
      gateway: 'litellm',
      format: 'litellm',
      code: 'no_status',
      reason: expect.any(String) as string,
      index: 3,
      sizeBytes: 11,
      sha256: createHash('sha256').update('{"id": "x"}').digest('hex'),
    });
  });

  it('leaves out what came before: in the body, in an earlier one, and before a restart', async () => {
    const dir = newFolder();
    let now = NOW;
    const first = await openInFolder(dir, () => now);
    const before = setUp({ transport: first });
    expect(await before.take(bodyOf({ callId: 'a' }, { callId: 'b' }, { callId: 'a' }))).toMatchObject({
      accepted: 2,
      duplicates: 1,
    });
    expect(await before.take(bodyOf({ callId: 'b' }, { callId: 'c' }))).toMatchObject({
      accepted: 1,
      duplicates: 1,
    });
    expect((await before.metrics.eventsDuplicate.get()).values[0]?.value).toBe(2);
    await first.close();
    now += 6 * DAY_MS;
    const second = await openInFolder(dir, () => now);
    closers.push(() => second.close());
    const after = setUp({ transport: second });
    expect(await after.take(bodyOf({ callId: 'a' }, { callId: 'c' }, { callId: 'd' }))).toMatchObject({
      accepted: 1,
      duplicates: 2,
    });
    expect(await recordsOf(second, 'events')).toHaveLength(4);
  });

  it('does not let a caller hide calls behind one call id', async () => {
    const { take } = setUp();
    const calls = [0, 1, 2].map((second) => ({
      callId: 'chosen-by-the-thief',
      endTime: NOW / 1000 - second,
    }));
    expect(await take(bodyOf(...calls))).toMatchObject({ accepted: 3, duplicates: 0 });
    expect(await take(bodyOf(...calls))).toMatchObject({ accepted: 0, duplicates: 3 });
  });

  it('takes the same call ids of two gateways for two calls', async () => {
    const { take } = setUp({
      gateways: [
        { name: 'eu', type: 'litellm' },
        { name: 'us', type: 'litellm' },
      ],
    });
    expect(await take(bodyOf({}), 'eu')).toMatchObject({ accepted: 1 });
    expect(await take(bodyOf({}), 'us')).toMatchObject({ accepted: 1 });
    expect(await take(bodyOf({}), 'us')).toMatchObject({ duplicates: 1 });
  });

  it.each([
    ['nothing', '', 'E_NOTHING_READABLE', /is empty/],
    ['blanks', ' \n', 'E_NOTHING_READABLE', /is empty/],
    ['text', 'hello', 'E_NOTHING_READABLE', /not_an_object/],
    ['half a record', '{"id": "SECRET', 'E_NOTHING_READABLE', /truncated/],
    ['another kind of record', '{"SECRET": 1}', 'E_NOTHING_READABLE', /no_id/],
  ])('refuses a body of %s, without quoting it', async (_story, body, code, message) => {
    const { take, transport } = setUp();
    const error: unknown = await take(body).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) as string });
    expect((error as Error).message).not.toContain('SECRET');
    const rejected = await recordsOf(transport, 'rejected');
    expect(rejected.join()).not.toContain('SECRET');
    expect(rejected).toHaveLength(body.trim() === '' ? 0 : 1);
  });

  it('takes a body of nulls or of clocks that are wrong for what it is', async () => {
    const { take } = setUp();
    expect(await take('[null]')).toMatchObject({ accepted: 0, rejected: 1 });
    expect(await take(bodyOf({ endTime: 1 }))).toMatchObject({
      accepted: 0,
      errors: [{ index: 0, code: 'clock_out_of_range' }],
    });
  });

  it('names the formats it knows', async () => {
    const { ingest } = setUp();
    await expect(ingest.take('nginx', bodyOf({}))).rejects.toMatchObject({
      code: 'E_UNKNOWN_FORMAT',
      message: expect.stringContaining('litellm') as string,
    });
  });

  it('writes a large body in pieces, each id once, and shows the first hundred errors', async () => {
    const { take, transport } = setUp();
    const lines = Array.from({ length: 5_000 }, (_, index) =>
      index % 10 === 0
        ? '{}'
        : `{"id":"${index.toString()}","status":"success","endTime":${(NOW / 1000).toString()}}`,
    );
    const answer = await take(lines.join('\n'));
    expect(answer).toMatchObject({ accepted: 4_500, rejected: 500 });
    expect(answer.errors).toHaveLength(100);
    expect(await recordsOf(transport, 'events')).toHaveLength(4_500);
    expect(await take(lines.join('\n'))).toMatchObject({ accepted: 0, duplicates: 4_500 });
  });

  it('counts scraps without keeping them', async () => {
    const { take, transport } = setUp();
    const answer = await take(`[${'1,'.repeat(300_000)}${pythonJson(aLitellmRecord())}]`);
    expect(answer).toMatchObject({ accepted: 1, rejected: 300_000 });
    expect(await recordsOf(transport, 'rejected')).toHaveLength(1_000);
  });

  it('gives way to others while it reads a large body', async () => {
    const { take } = setUp();
    const line = pythonJson(aLitellmRecord({ size: 'full' }));
    const body = Buffer.from(Array.from({ length: 1_500 }, () => line).join('\n'));
    let turns = 0;
    const timer = setInterval(() => (turns += 1), 1);
    await take(body);
    clearInterval(timer);
    expect(turns).toBeGreaterThan(3);
  });

  it('rejects with what the log of events says, so that the sender tries again', async () => {
    const { take, transport } = setUp();
    await transport.close();
    await expect(take(bodyOf({}))).rejects.toMatchObject({ code: 'E_TRANSPORT_UNAVAILABLE', mayRetry: true });
  });

  it('leaves no word of prompts, answers, headers or credentials on the disk', async () => {
    const dir = newFolder();
    const transport = await openInFolder(dir, () => NOW);
    const { take, metrics } = setUp({ transport });
    const marker = 'MARKER-3f9a';
    const credential = 'AKIAMARKER3F9AEXAMPLE';
    const record = {
      ...aLitellmRecord({
        size: 'full',
        prompt: marker,
        keyHash: credential,
        failure: 'foreignCredential',
        endUser: `${marker}@example.com`,
      }),
      response: marker,
      hidden_params: { headers: marker },
      error_str: `${marker} ${credential}`,
    };
    const answer = await take(
      `[${pythonJson(record)}, {"messages": "${marker}"}, "${marker}", {"${marker}": "${credential}`,
    );
    expect(answer).toMatchObject({ accepted: 1, rejected: 3 });
    await transport.close();
    const files = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
    const disk = files
      .map((file) => readFileSync(join(file.parentPath, file.name)).toString('latin1'))
      .join();
    expect(disk).toContain('foreign:');
    for (const text of [disk, JSON.stringify(answer), await metrics.registry.metrics()]) {
      expect(text).not.toContain(marker);
      expect(text).not.toContain(credential);
    }
  });
});

describe('the gateway of a body', () => {
  const eu = { name: 'eu', type: 'litellm' };
  const us = { name: 'us', type: 'litellm' };
  const other = { name: 'other', type: 'kong' };
  const main = { name: 'litellm', type: 'litellm' };

  it.each([
    ['the format without gateways in the settings', [], undefined, 'litellm'],
    ['the format, said aloud', [], 'litellm', 'litellm'],
    ['the only one in the settings', [eu, other], undefined, 'eu'],
    ['the one that is named', [eu, us], 'us', 'us'],
    ['the one called like the format where nothing is said', [main, eu], undefined, 'litellm'],
  ])('is %s', async (_story, gateways, wanted, expected) => {
    const { take, transport } = setUp({ gateways });
    await take(bodyOf({}), wanted);
    const [value = ''] = await recordsOf(transport, 'events');
    expect(decodeEvent(value)?.gateway).toBe(expected);
  });

  it.each([
    ['one that is not in the settings', [eu], 'us'],
    ['one of another type', [eu, other], 'other'],
    ['none where it could be either', [eu, us], undefined],
    ['an empty name', [eu], ''],
  ])('is refused as %s', async (_story, gateways, wanted) => {
    const { take } = setUp({ gateways });
    await expect(take(bodyOf({}), wanted)).rejects.toMatchObject({
      code: 'E_BAD_REQUEST',
      message: expect.stringContaining('eu') as string,
    });
  });

  it('is never what the body says', async () => {
    const { take, transport } = setUp({ gateways: [eu] });
    await take(pythonJson({ ...aLitellmRecord(), gateway: 'us', source: 'us' }));
    const [value = ''] = await recordsOf(transport, 'events');
    expect(decodeEvent(value)?.gateway).toBe('eu');
  });
});
