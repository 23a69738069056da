import { describe, expect, it } from 'vitest';
import { createCore } from '../../../detectors/core.ts';
import { createJudge } from '../../../services/detect/judge.ts';
import { Partition } from '../../../services/detect/partition.ts';
import { Peers } from '../../../services/detect/peers.ts';
import { RowWriter } from '../../../services/detect/row-writer.ts';
import { createMetrics } from '../../../services/metrics.ts';
import { encodeEvent } from '../../../services/topics.ts';
import { Pace } from '../../../services/pace.ts';
import { anEvent } from '../../support/events.ts';
import { MemoryCheckpoints } from '../../support/memory-checkpoints.ts';
import { MemoryStore } from '../../support/memory-store.ts';
import { MemoryTransport } from '../../support/memory-transport.ts';
import { weeksEnricher } from '../../support/office-weeks.ts';
import { quietLog } from '../../support/quiet.ts';

const NOW = Date.UTC(2026, 8, 1, 12, 0);
const MINUTE = 60_000;
const isLive = (ts: number) => ts >= NOW - 10 * MINUTE;

async function openPartition(checkpoints: MemoryCheckpoints, transport: MemoryTransport) {
  const parts = {
    partition: 0,
    checkpoints,
    transport,
    log: quietLog,
    metrics: createMetrics(),
    now: () => NOW,
  };
  async function* rowsAgain() {
    yield await Promise.resolve([]);
  }
  const writer = new RowWriter({ ...parts, store: new MemoryStore(), rowsAgain, onLost: () => undefined });
  const core = createCore({ partition: 0, partitions: 2, learningMs: 0, maxKeys: 10, maxReadyKeys: 10 });
  const peers = new Peers({ partition: 0, partitions: 2, now: () => NOW });
  const partition = new Partition({ ...parts, core, judge: createJudge(core, weeksEnricher), peers, writer });
  await partition.open(new AbortController().signal);
  const judge = (minutesAgo: number[], from = 0) => {
    const records = minutesAgo.map((minutes, at) => {
      const event = anEvent({ ts: NOW - minutes * MINUTE });
      return { offset: from + at, key: event.keyId, value: encodeEvent(event), appendedAt: NOW };
    });
    const { judged, next } = partition.judgeEvents({ topic: 'events', partition: 0, records }, isLive);
    return { judged, next };
  };
  return { partition, judge, close: () => writer.close(1_000) };
}

describe('a partition that may not go ahead of others', () => {
  it('stops at the first event that does, and says which', async () => {
    const { judge, close } = await openPartition(new MemoryCheckpoints(), new MemoryTransport());
    expect(judge([11, 0])).toEqual({ judged: 0, next: NOW - 11 * MINUTE });
    await close();
  });

  it('does not let a late event hold up live ones: it is ahead of nobody', async () => {
    const { judge, close } = await openPartition(new MemoryCheckpoints(), new MemoryTransport());
    expect(judge([1, 11, 0])).toEqual({ judged: 3, next: undefined });
    await close();
  });

  it('knows after a restart how far it was', async () => {
    const checkpoints = new MemoryCheckpoints();
    const transport = new MemoryTransport();
    const event = anEvent({ ts: NOW });
    await transport.append('events', [{ key: event.keyId, id: 'one', value: encodeEvent(event) }]);
    const before = await openPartition(checkpoints, transport);
    before.judge([0]);
    await before.partition.saveCheckpoint(new Pace(), () => Promise.resolve());
    await before.close();
    const after = await openPartition(checkpoints, transport);
    expect(after.judge([11], 1)).toEqual({ judged: 1, next: undefined });
    await after.close();
  });
});
