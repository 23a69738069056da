import { describe, expect, it, vi } from 'vitest';
import { pino } from 'pino';
import { createCore } from '../../../detectors/core.ts';
import { startDetect } from '../../../services/detect/detect.ts';
import type { Enricher } from '../../../services/enrichment/enricher.ts';
import type { Log } from '../../../services/log.ts';
import { createMetrics } from '../../../services/metrics.ts';
import { encodeEvent } from '../../../services/topics.ts';
import { anEvent } from '../../support/events.ts';
import { MemoryCheckpoints } from '../../support/memory-checkpoints.ts';
import { MemoryStore } from '../../support/memory-store.ts';
import { MemoryLog, MemoryTransport } from '../../support/memory-transport.ts';
import { quietLog } from '../../support/quiet.ts';

const enricher: Enricher = {
  lookup: () => ({ place: undefined, network: undefined }),
  sources: () => [],
  close: () => Promise.resolve(),
};

function detectOn(
  transport: MemoryTransport,
  store: MemoryStore,
  checkpoints: MemoryCheckpoints,
  log: Log = quietLog,
) {
  return startDetect({
    transport,
    store,
    checkpoints,
    enricher,
    createCore: (partition, partitions) =>
      createCore({ partition, partitions, learningMs: 0, maxKeys: 1_000, maxReadyKeys: 1_000 }),
    log,
    metrics: createMetrics(),
    now: Date.now,
  });
}

async function append(transport: MemoryTransport, count: number): Promise<string[]> {
  const events = Array.from({ length: count }, () => anEvent());
  const records = events.map((event) => ({ key: event.keyId, id: event.eventId, value: encodeEvent(event) }));
  await transport.append('events', records, { dropDuplicates: true });
  return events.map(({ eventId }) => eventId);
}

describe('detect', () => {
  it('judges again what was handled after the last checkpoint, and stores each event once', async () => {
    const log = new MemoryLog();
    const [store, checkpoints] = [new MemoryStore(), new MemoryCheckpoints()];
    const ids = await append(new MemoryTransport({ log }), 10);
    // A killed process committed these, but saved no state that includes them.
    log.positions.set('events/detect/0', 7);
    const transport = new MemoryTransport({ log });
    const detect = await detectOn(transport, store, checkpoints);
    await vi.waitFor(async () => {
      expect(await detect.lag()).toBe(0);
    });
    expect(detect.describeKey(anEvent().keyId)?.calls).toBe(10);
    await detect.close();
    expect(store.rows('events').map((row) => row['event_id'])).toEqual(ids);
  });

  it('begins anew with a log that was made anew, and stores all of it', async () => {
    const [store, checkpoints] = [new MemoryStore(), new MemoryCheckpoints()];
    const stored: string[] = [];
    for (const count of [5, 3]) {
      const transport = new MemoryTransport({ log: new MemoryLog() });
      stored.push(...(await append(transport, count)));
      const detect = await detectOn(transport, store, checkpoints);
      await vi.waitFor(async () => {
        expect(await detect.lag()).toBe(0);
      });
      await detect.close();
    }
    expect(store.rows('events').map((row) => row['event_id'])).toEqual(stored);
  });

  it('says so when the clock of another process is ahead', async () => {
    const transport = new MemoryTransport({ partitions: 2, now: () => Date.now() + 6_000 });
    const said: string[] = [];
    const log = pino({ level: 'warn' }, { write: (line: string) => said.push(line) });
    const detect = await detectOn(transport, new MemoryStore(), new MemoryCheckpoints(), log);
    await vi.waitFor(() => expect(said.join()).toContain('The clock of another machine is ahead'), 5_000);
    await detect.close();
    expect(said).toHaveLength(2);
  });

  it('goes on where its checkpoint stands', async () => {
    const log = new MemoryLog();
    const [store, checkpoints] = [new MemoryStore(), new MemoryCheckpoints()];
    const ids = await append(new MemoryTransport({ log }), 3);
    for (const more of [0, 4]) {
      const transport = new MemoryTransport({ log });
      const detect = await detectOn(transport, store, checkpoints);
      ids.push(...(await append(transport, more)));
      await vi.waitFor(async () => {
        expect(await detect.lag()).toBe(0);
      });
      await detect.close();
      await transport.close();
    }
    expect(store.rows('events').map((row) => row['event_id'])).toEqual(ids);
  });

  it.each([
    { keyAlias: '', team: '', teamAlias: '', user: '' },
    { keyAlias: '' },
    { team: '' },
    { teamAlias: '' },
    { user: '' },
  ])(
    'stores the names that a gateway no longer tells, because the key was deleted: %o',
    async (forgotten) => {
      const store = new MemoryStore();
      const transport = new MemoryTransport();
      const detect = await detectOn(transport, store, new MemoryCheckpoints());
      const events = [anEvent(), anEvent({ ...forgotten, status: 'failure', outcome: 'unknown_key' })];
      await transport.append(
        'events',
        events.map((event) => ({ key: event.keyId, id: event.eventId, value: encodeEvent(event) })),
      );
      await vi.waitFor(async () => {
        expect(await detect.lag()).toBe(0);
      });
      await detect.close();
      const names = { key_alias: 'search-prod', team: 'team-search', team_alias: 'search', user: 'dana' };
      expect(store.rows('events')).toMatchObject([names, names]);
    },
  );
});
