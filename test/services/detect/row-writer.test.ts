import { pino } from 'pino';
import { describe, expect, it, vi } from 'vitest';
import { RowWriter } from '../../../services/detect/row-writer.ts';
import type { RowWriterDeps } from '../../../services/detect/row-writer.ts';
import { AppError } from '../../../services/errors.ts';
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

function newWriter(store: Store, changes: Partial<RowWriterDeps> = {}): RowWriter {
  const log = pino({ level: 'silent' });
  const onLost = () => undefined;
  const parts = { checkpoints: new MemoryCheckpoints(), rowsAgain, onLost, log, metrics: createMetrics() };
  return new RowWriter({ partition: 0, store, ...parts, ...changes });
}

async function openWriter(store: Store, checkpoints: MemoryCheckpoints, judgedTo = 0): Promise<RowWriter> {
  const writer = newWriter(store, { checkpoints });
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

  it('writes what lies at the same offsets of a topic that was made anew', async () => {
    const store = new FakeStore();
    const checkpoints = new MemoryCheckpoints();
    for (const topic of ['first', 'second']) {
      const writer = newWriter(store, { checkpoints });
      await writer.open(0, 2);
      for (let offset = 0; offset < 3; offset += 1) writer.add(offset, `["${topic}",${offset.toString()}]`);
      await writer.close(5_000);
    }
    expect(store.rows.filter((row) => row.includes('second'))).toHaveLength(3);
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

  it('tries again when the log cannot be read, and loses nothing', async () => {
    const store = new FakeStore();
    let reads = 0;
    async function* sometimes(from: number, to: number) {
      reads += 1;
      if (reads === 1) throw new Error('The brokers are away.');
      yield* rowsAgain(from, to);
    }
    const writer = newWriter(store, { rowsAgain: sometimes });
    await writer.open(2_500);
    await vi.waitFor(
      () => {
        expect(store.rows).toEqual(numbers(2_500));
      },
      { timeout: 10_000 },
    );
    await writer.close(1_000);
  });

  it('goes on behind rows that went from the log before the store took them, and counts them', async () => {
    const store = new FakeStore();
    const metrics = createMetrics();
    async function* partlyGone(from: number, to: number) {
      if (from < 100) throw new AppError('E_NOT_FOUND', 'Past retention.');
      yield await Promise.resolve([rowAt(from)].slice(0, to - from));
    }
    const writer = newWriter(store, { rowsAgain: partlyGone, metrics });
    await writer.open(100);
    writer.add(100, rowAt(100));
    await writer.close(1_000);
    expect(store.rows).toEqual([rowAt(100)]);
    expect((await metrics.rowsLost.get()).values[0]?.value).toBe(100);
  });

  it('is open before the store has taken the last insert of before', async () => {
    const checkpoints = new MemoryCheckpoints();
    const first = await openWriter(new FakeStore(), checkpoints);
    first.add(0, rowAt(0));
    await first.close(1_000);
    const store = new FakeStore();
    store.isAway = true;
    const second = await openWriter(store, checkpoints, 1);
    second.add(1, rowAt(1));
    store.isAway = false;
    await vi.waitFor(
      () => {
        expect(store.rows).toEqual(numbers(2));
      },
      { timeout: 5_000 },
    );
    await second.close(1_000);
  });

  it('writes nothing once another one has taken the partition, and says so', async () => {
    const checkpoints = new MemoryCheckpoints();
    const store = new FakeStore();
    let isLost = false;
    const first = newWriter(store, { checkpoints, onLost: () => (isLost = true) });
    await first.open(0);
    const second = await openWriter(new FakeStore(), checkpoints);
    first.add(0, rowAt(0));
    await first.close(2_000);
    expect({ isLost, rows: store.rows }).toEqual({ isLost: true, rows: [] });
    await second.close(1_000);
  });

  it('makes the rows anew when records went from the log between others that wait', async () => {
    const store = new FakeStore();
    store.isAway = true;
    const metrics = createMetrics();
    async function* withoutTheMiddle(from: number, to: number) {
      if (from < 10) throw new AppError('E_NOT_FOUND', 'Past retention.', { first: 10 });
      yield* rowsAgain(from, to);
    }
    const writer = newWriter(store, { rowsAgain: withoutTheMiddle, metrics });
    await writer.open(0);
    writer.add(0, rowAt(0));
    writer.add(10, rowAt(10));
    store.isAway = false;
    await vi.waitFor(
      () => {
        expect(store.rows).toEqual([rowAt(0), rowAt(10)]);
      },
      { timeout: 5_000 },
    );
    expect((await metrics.rowsLost.get()).values[0]?.value).toBe(9);
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
