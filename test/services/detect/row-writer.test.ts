import { pino } from 'pino';
import { describe, expect, it, vi } from 'vitest';
import { RowWriter } from '../../../services/detect/row-writer.ts';
import { createMetrics } from '../../../services/metrics.ts';
import type { Store } from '../../../services/stores/store.ts';
import { MemoryCheckpoints } from '../../support/memory-checkpoints.ts';

/** Keeps rows by token, as ClickHouse does with its deduplication tokens. */
class FakeStore implements Store {
  readonly rows: string[] = [];
  readonly sizes: number[] = [];
  readonly #tokens = new Set<string>();
  isAway = false;
  /** The insert arrives, but the caller never learns. */
  losesAnswers = false;

  insert(_table: string, rows: readonly string[], token = ''): Promise<void> {
    if (this.isAway) return Promise.reject(new Error('away'));
    if (!this.#tokens.has(token)) this.rows.push(...rows);
    this.#tokens.add(token);
    this.sizes.push(rows.length);
    return this.losesAnswers ? new Promise(() => undefined) : Promise.resolve();
  }
  query = () => Promise.resolve([]);
  userQuery = () => Promise.reject(new Error('not here'));
  ping = () => Promise.resolve();
  close = () => Promise.resolve();
}

const rowAt = (offset: number) => `[${offset.toString()}]`;
const numbers = (count: number) => Array.from({ length: count }, (_, index) => rowAt(index));

async function* rowsAgain(from: number, to: number) {
  for (let at = from; at < to; at += 1_000) {
    yield await Promise.resolve(numbers(Math.min(to, at + 1_000)).slice(at));
  }
}

async function openWriter(store: Store, checkpoints: MemoryCheckpoints, judgedTo = 0): Promise<RowWriter> {
  const log = pino({ level: 'silent' });
  const writer = new RowWriter({
    partition: 0,
    store,
    checkpoints,
    rowsAgain,
    log,
    metrics: createMetrics(),
  });
  await writer.open(judgedTo);
  return writer;
}

describe('RowWriter', () => {
  it('writes every row once and in order', async () => {
    const store = new FakeStore();
    const writer = await openWriter(store, new MemoryCheckpoints());
    for (let offset = 0; offset < 25_000; offset += 1) writer.add(offset, rowAt(offset));
    await writer.close(5_000);
    expect(store.rows).toEqual(numbers(25_000));
  });

  it('writes few large parts, however often rows come', async () => {
    vi.useFakeTimers();
    try {
      const store = new FakeStore();
      const writer = await openWriter(store, new MemoryCheckpoints());
      for (let offset = 0; offset < 25_000; offset += 1) {
        writer.add(offset, rowAt(offset));
        if (offset % 100 === 99) await vi.advanceTimersByTimeAsync(10);
      }
      await vi.advanceTimersByTimeAsync(1_000);
      expect(store.rows).toHaveLength(25_000);
      expect(store.sizes).toEqual([10_000, 10_000, 5_000]);
      await writer.close(5_000);
    } finally {
      vi.useRealTimers();
    }
  });

  it('leaves out offsets that have no row', async () => {
    const store = new FakeStore();
    const writer = await openWriter(store, new MemoryCheckpoints());
    writer.add(0, rowAt(0));
    writer.add(1, '');
    writer.add(2, rowAt(2));
    await writer.close(5_000);
    expect(store.rows).toEqual([rowAt(0), rowAt(2)]);
  });

  it('repeats an insert whose answer was lost in a crash, and the store drops the repeat', async () => {
    const store = new FakeStore();
    const checkpoints = new MemoryCheckpoints();
    store.losesAnswers = true;
    const crashed = await openWriter(store, checkpoints);
    for (let offset = 0; offset < 10_000; offset += 1) crashed.add(offset, rowAt(offset));
    await vi.waitFor(() => {
      expect(store.rows).toHaveLength(10_000);
    });
    store.losesAnswers = false;
    const writer = await openWriter(store, checkpoints, 0);
    // Detection starts from its own, older checkpoint and gives the same rows again.
    for (let offset = 0; offset < 12_000; offset += 1) writer.add(offset, rowAt(offset));
    await writer.close(5_000);
    expect(store.rows).toEqual(numbers(12_000));
  });

  it('makes rows anew that were judged before a crash but never written', async () => {
    const store = new FakeStore();
    const writer = await openWriter(store, new MemoryCheckpoints(), 3_500);
    writer.add(3_500, rowAt(3_500));
    await writer.close(5_000);
    expect(store.rows).toEqual(numbers(3_501));
  });

  it('keeps a bounded backlog while the store is away and writes all of it later', async () => {
    const store = new FakeStore();
    store.isAway = true;
    const writer = await openWriter(store, new MemoryCheckpoints());
    for (let offset = 0; offset < 160_000; offset += 1) writer.add(offset, rowAt(offset));
    await new Promise((resolve) => setImmediate(resolve));
    store.isAway = false;
    await vi.waitFor(
      () => {
        expect(store.rows).toHaveLength(160_000);
      },
      { timeout: 15_000 },
    );
    expect(store.rows).toEqual(numbers(160_000));
    await writer.close(1_000);
  });

  it('starts behind records that are gone from the log, and knows later which rows it wrote', async () => {
    const [store, checkpoints] = [new FakeStore(), new MemoryCheckpoints()];
    const first = await openWriter(store, checkpoints);
    for (const offset of [5, 6]) first.add(offset, rowAt(offset));
    await first.close(5_000);
    const second = await openWriter(store, checkpoints, 7);
    second.add(7, rowAt(7));
    await second.close(5_000);
    expect(store.rows).toEqual([5, 6, 7].map(rowAt));
  });
});
