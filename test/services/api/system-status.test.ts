import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { statusSchema } from '../../../services/api/schema.ts';
import { describeSystem } from '../../../services/api/system-status.ts';
import type { SystemParts, SystemSteps } from '../../../services/api/system-status.ts';
import { MemoryStore } from '../../support/memory-store.ts';
import { MemoryTransport } from '../../support/memory-transport.ts';

const NOW = Date.UTC(2026, 2, 3, 10, 15);
const HOUR_MS = 3_600_000;
const parts = (): SystemParts => ({
  config: { mode: 'certain', gateways: [], dataDir: tmpdir() },
  transport: new MemoryTransport(),
  store: new MemoryStore(),
  enricher: { lookup: () => ({}), sources: () => [], close: () => Promise.resolve() } as never,
  now: () => NOW,
});

interface Seen {
  channels?: { channel: string; waiting: number; isFailing: boolean }[];
  gateways?: { askedAt: number; isWell: boolean }[];
  watermark?: number;
  isReady?: boolean;
  isActive?: boolean;
  lag?: Promise<number>;
}

async function statusOf({
  channels = [],
  gateways = [],
  watermark = 0,
  isReady = true,
  isActive = true,
  lag = Promise.resolve(0),
}: Seen) {
  const steps: SystemSteps = {
    wanted: ['detect', 'respond'],
    detect: { lag: () => lag, isReady: () => isReady, watermark: () => watermark },
    respond: {
      lag: () => Promise.resolve(0),
      isReady: () => true,
      isFrozen: () => false,
      isActive: () => isActive,
      channels: () => channels,
      gateways: () => gateways,
    },
  };
  const status = await describeSystem(parts(), steps);
  expect(statusSchema.parse(status)).toEqual(status);
  return { status, partOf: (name: string) => status.parts.find((part) => part.name === name) };
}

const mail = { channel: 'mail', waiting: 3, isFailing: true };
const webhook = { channel: 'webhook', waiting: 12, isFailing: true };

describe('the status', () => {
  it.each([
    { story: 'detection that restores its state', seen: { isReady: false }, part: 'detect', ready: false },
    { story: 'detection far behind', seen: { lag: Promise.resolve(20_001) }, part: 'detect', ready: false },
    {
      story: 'detection nearly up to date',
      seen: { lag: Promise.resolve(20_000) },
      part: 'detect',
      ready: true,
    },
    { story: 'a responder that stands by', seen: { isActive: false }, part: 'respond', ready: true },
  ])('knows $story: ready is $ready', async ({ seen, part, ready }) => {
    const { status, partOf } = await statusOf(seen);
    expect(partOf(part)?.ready).toBe(ready);
    expect(status.ready).toBe(ready);
  });

  it('is told in time when nobody can say how far behind detection is', async () => {
    const { status } = await statusOf({ lag: new Promise(() => undefined) });
    expect(status.lag).toEqual({ events: 0, respond: 0 });
  });

  it('says that nobody is told while every channel fails, and is ready all the same: a restart would not help', async () => {
    const { status, partOf } = await statusOf({ channels: [mail, webhook] });
    expect(partOf('notify')).toEqual({
      name: 'notify',
      ready: false,
      reason: 'Nobody is told: messages do not get out by mail and webhook, 12 messages wait; see the log.',
    });
    expect(status.ready).toBe(true);
  });

  it.each([
    { story: 'one channel of two works', channels: [mail, { ...webhook, isFailing: false }] },
    { story: 'all work', channels: [{ ...mail, isFailing: false, waiting: 0 }] },
  ])('is content with messages while $story', async ({ channels }) => {
    expect((await statusOf({ channels })).partOf('notify')).toMatchObject({ ready: true, reason: '' });
  });

  it('says nothing of messages where no channel is set up', async () => {
    expect((await statusOf({})).partOf('notify')).toBeUndefined();
  });

  it.each([
    {
      story: 'a gateway that failed when it was last asked',
      isWell: false,
      agoMs: 59 * 60_000,
      ready: false,
    },
    { story: 'a gateway that did what it was asked', isWell: true, agoMs: 1_000, ready: true },
  ])('knows $story', async ({ isWell, agoMs, ready }) => {
    const { status, partOf } = await statusOf({ gateways: [{ askedAt: NOW - agoMs, isWell }] });
    expect(partOf('gateway')).toMatchObject({ ready });
    expect(partOf('gateway')?.reason.includes('gatewatch doctor')).toBe(!ready);
    expect(status.ready).toBe(true);
  });

  it('does not hold against a gateway what was seen an hour ago', async () => {
    const { partOf } = await statusOf({ gateways: [{ askedAt: NOW - HOUR_MS, isWell: false }] });
    expect(partOf('gateway')).toBeUndefined();
  });

  it.each([
    { hours: 23.9, ready: true, reason: '' },
    { hours: 24, ready: false, reason: 'No call was logged for 24 hours.' },
    { hours: 70.5, ready: false, reason: 'No call was logged for 70 hours.' },
  ])(
    'calls a gateway that used to send silent after a day: $hours hours',
    async ({ hours, ready, reason }) => {
      const { status, partOf } = await statusOf({ watermark: NOW - hours * HOUR_MS });
      expect(partOf('gateway')).toEqual({ name: 'gateway', ready, reason });
      expect(status.ready).toBe(true);
    },
  );

  it('is not ready while a step is missing', async () => {
    const { ready } = await describeSystem(parts(), { wanted: ['detect', 'respond'] });
    expect(ready).toBe(false);
  });
});
