import { describe, expect, it } from 'vitest';
import { createCore } from '../../../detectors/core.ts';
import type { KeyId } from '../../../detectors/event.ts';
import { Announcer } from '../../../services/detect/announcer.ts';
import { HeldPartition } from '../../../services/detect/held-partition.ts';
import type { Enricher } from '../../../services/enrichment/enricher.ts';
import { createMetrics } from '../../../services/metrics.ts';
import { encodeEvent } from '../../../services/topics.ts';
import type { Mark } from '../../../services/topics.ts';
import { anEvent } from '../../support/events.ts';
import { MemoryCheckpoints } from '../../support/memory-checkpoints.ts';
import { MemoryStore } from '../../support/memory-store.ts';
import { MemoryTransport } from '../../support/memory-transport.ts';
import { quietLog } from '../../support/quiet.ts';

const NOW = Date.parse('2026-06-01T12:00:00Z');

const enricher: Enricher = {
  lookup: () => ({ place: undefined, network: undefined }),
  sources: () => [],
  close: () => Promise.resolve(),
};

async function aHeldPartition() {
  const transport = new MemoryTransport({ partitions: 2 });
  const announcer = new Announcer({ transport, partitions: 2, held: () => [], log: quietLog });
  const held = new HeldPartition(
    {
      ...{ transport, store: new MemoryStore(), checkpoints: new MemoryCheckpoints(), enricher },
      createCore: (partition, partitions) =>
        createCore({ partition, partitions, learningMs: 0, maxKeys: 1_000, maxReadyKeys: 1_000 }),
      ...{ log: quietLog, metrics: createMetrics(), now: () => NOW },
    },
    {
      ...{ number: 0, partitions: 2, announcer, closing: new AbortController().signal },
      ...{ onLost: () => undefined, lag: () => Promise.resolve(0) },
    },
  );
  await held.open(new AbortController().signal);
  return held;
}

const batchOf = (topic: string, value: string) => {
  const record = { offset: 0, key: '', value, appendedAt: NOW };
  return { topic, partition: 0, records: [record] };
};

function say(held: HeldPartition): void {
  held.say(100)?.wasTold();
}

const markOfOther = (change: Partial<Mark>): string => {
  const mark: Mark = {
    ...{ partition: 1, watermark: NOW, next: NOW, openFrom: NOW, isIdle: false },
    news: { networks: [], probes: [] },
  };
  return JSON.stringify({ marks: [{ ...mark, ...change }] });
};

describe('a partition', () => {
  it('has nothing to say again what it has said', async () => {
    const held = await aHeldPartition();
    expect(held.hasToSay()).toBe(true);
    say(held);
    expect(held.hasToSay()).toBe(false);
  });

  it('has to say what it learned, though it is where it was', async () => {
    const held = await aHeldPartition();
    const stranger = anEvent({
      ts: NOW,
      outcome: 'unknown_key',
      ip: '9.9.9.9',
      keyId: 'f'.repeat(64) as KeyId,
    });
    await held.handle(batchOf('events', encodeEvent(anEvent({ ts: NOW }))));
    say(held);
    expect(held.hasToSay()).toBe(false);
    await held.handle({
      ...batchOf('events', ''),
      records: [{ offset: 1, key: '', value: encodeEvent(stranger), appendedAt: NOW }],
    });
    expect(held.say(100)?.mark.news.probes).toHaveLength(1);
    expect(held.hasToSay()).toBe(true);
    say(held);
    expect(held.hasToSay()).toBe(false);
  });

  it('says again where it is as long as somebody waits for that', async () => {
    const held = await aHeldPartition();
    say(held);
    await held.handle(batchOf('rollups', markOfOther({ next: NOW + 3_600_000 })));
    expect(held.hasToSay()).toBe(true);
    say(held);
    expect(held.hasToSay()).toBe(true);
    await held.handle({
      ...batchOf('rollups', ''),
      records: [{ offset: 1, key: '', value: markOfOther({}), appendedAt: NOW }],
    });
    say(held);
    expect(held.hasToSay()).toBe(false);
  });
});
