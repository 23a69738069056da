import { describe, expect, it, vi } from 'vitest';
import type { KeySummary } from '../../../detectors/detector.ts';
import type { KeyId } from '../../../detectors/event.ts';
import { KeyTable } from '../../../services/detect/key-table.ts';
import { createMetrics } from '../../../services/metrics.ts';
import { Pace } from '../../../services/pace.ts';
import { MemoryStore } from '../../support/memory-store.ts';
import { quietLog } from '../../support/quiet.ts';

const MINUTE_MS = 60_000;

function describeKey(keyId: KeyId): KeySummary {
  return {
    keyId,
    gateway: 'litellm',
    keyAlias: `alias of ${keyId}`,
    team: 'search',
    user: 'dana',
    firstSeenAt: 1,
    lastSeenAt: 2,
    calls: 3,
    costUsd: 4,
    isLearning: true,
    profile: { countries: ['NO'] },
  };
}

function setUp() {
  const store = new MemoryStore();
  const insert = vi.spyOn(store, 'insert');
  let now = 10 * MINUTE_MS;
  const table = new KeyTable({ store, log: quietLog, metrics: createMetrics(), now: () => now });
  return { store, insert, table, wait: (ms: number) => (now += ms) };
}

const keys = (count: number) =>
  Array.from({ length: count }, (_, index) => `key-${index.toString()}` as KeyId);

describe('the keys table', () => {
  it('gets a row for each key that changed, in few inserts', async () => {
    const { store, insert, table } = setUp();
    table.noteChanged(keys(9_000), describeKey);
    await table.flush(new Pace());
    expect(store.rows('keys')).toHaveLength(9_000);
    expect(store.rows('keys')[7]).toMatchObject({
      key_id: 'key-7',
      is_learning: 1,
      profile: '{"countries":["NO"]}',
    });
    expect(insert).toHaveBeenCalledTimes(5);
  });

  it('gets ten thousand rows at once, of the keys that wait longest, and the others next time', async () => {
    const { store, table } = setUp();
    const all = keys(25_000);
    table.noteChanged(all, describeKey);
    await table.flush(new Pace());
    table.noteChanged(all.slice(15_000), describeKey);
    await table.flush(new Pace());
    const written = () => store.rows('keys').map((row) => row['key_id']);
    expect(written()).toEqual(all.slice(0, 20_000));
    await table.flush(new Pace());
    expect(written()).toEqual(all);
  });

  it('is brought up to date at the end as far as there is time', async () => {
    const { store, insert, table } = setUp();
    const end = new AbortController();
    const all = keys(6_000);
    table.noteChanged(all, (keyId) => {
      if (keyId === all[0]) end.abort();
      return describeKey(keyId);
    });
    await table.flush(new Pace(), { maxRows: Infinity, hurry: end.signal });
    expect(insert).toHaveBeenCalledTimes(1);
    await table.flush(new Pace());
    expect(store.rows('keys').map((row) => row['key_id'])).toEqual(all);
  });

  it('gets a key again only when it changed, and at most every five minutes', async () => {
    const { insert, table, wait } = setUp();
    const flush = async () => {
      await table.flush(new Pace());
      return insert.mock.calls.length;
    };
    table.noteChanged(keys(1), describeKey);
    expect(await flush()).toBe(1);
    table.noteChanged(keys(1), describeKey);
    wait(5 * MINUTE_MS - 1);
    expect(await flush()).toBe(1);
    wait(1);
    expect(await flush()).toBe(2);
    wait(60 * MINUTE_MS);
    expect(await flush()).toBe(2);
  });

  it('waits for the store, and lets nobody else wait', async () => {
    const { store, table } = setUp();
    table.noteChanged(keys(2), describeKey);
    store.isAway = true;
    await table.flush(new Pace());
    store.isAway = false;
    await table.flush(new Pace());
    expect(store.rows('keys')).toHaveLength(2);
  });

  it('passes over keys that are forgotten meanwhile', async () => {
    const { insert, table } = setUp();
    table.noteChanged(keys(1), () => undefined);
    await table.flush(new Pace());
    expect(insert).not.toHaveBeenCalled();
  });

  it('writes a key again that changed while its row was on the way', async () => {
    const { store, insert, table, wait } = setUp();
    table.noteChanged(keys(1), describeKey);
    insert.mockImplementationOnce((name, rows) => {
      table.noteChanged(keys(1), describeKey);
      insert.mockRestore();
      return store.insert(name, rows);
    });
    await table.flush(new Pace());
    wait(5 * MINUTE_MS);
    await table.flush(new Pace());
    expect(store.rows('keys')).toHaveLength(2);
  });

  it('gives way to others while it describes many keys', async () => {
    const { table } = setUp();
    const slowly = (keyId: KeyId) => {
      const until = performance.now() + 1;
      while (performance.now() < until);
      return describeKey(keyId);
    };
    let turns = 0;
    const count = () => (turns += 1);
    table.noteChanged(keys(60), slowly);
    const timer = setInterval(count, 1);
    await table.flush(new Pace());
    clearInterval(timer);
    expect(turns).toBeGreaterThan(3);
  });
});
