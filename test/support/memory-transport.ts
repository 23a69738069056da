import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises';
import { AppError } from '../../services/errors.ts';
import type {
  AppendResult,
  Batch,
  Handler,
  InRecord,
  OutRecord,
  Subscription,
  Transport,
} from '../../services/transports/transport.ts';

const BATCH_RECORDS = 1_000;
const RETRY_MS = 20;

/** What a `MemoryTransport` would have on disk: survives it. */
export class MemoryLog {
  readonly partitions = new Map<string, InRecord[]>();
  readonly ids = new Map<string, Map<string, number>>();
  readonly positions = new Map<string, number>();

  records(topic: string, partition: number): InRecord[] {
    const name = `${topic}/${partition}`;
    const records = this.partitions.get(name) ?? [];
    this.partitions.set(name, records);
    return records;
  }
}

interface Options {
  log?: MemoryLog;
  partitions?: number;
  duplicateWindowMs?: number;
  now?: () => number;
}

/** What goes by key has as many partitions as asked for, every other topic one. */
const BY_KEY: ReadonlySet<string> = new Set(['events', 'facts', 'rollups']);

/** Topics in memory. */
export class MemoryTransport implements Transport {
  readonly log: MemoryLog;
  readonly #partitions: number;
  readonly #duplicateWindowMs: number;
  readonly #now: () => number;
  readonly #readers = new Set<Reader>();
  #isClosed = false;

  constructor({
    log = new MemoryLog(),
    partitions = 1,
    duplicateWindowMs = Infinity,
    now = Date.now,
  }: Options = {}) {
    this.log = log;
    this.#partitions = partitions;
    this.#duplicateWindowMs = duplicateWindowMs;
    this.#now = now;
  }

  async append(
    topic: string,
    records: readonly OutRecord[],
    { dropDuplicates = false } = {},
  ): Promise<AppendResult> {
    if (this.#isClosed) throw new AppError('E_TRANSPORT_UNAVAILABLE', 'The transport is closed.');
    const duplicates: number[] = [];
    for (const [index, record] of records.entries()) {
      if (dropDuplicates && this.#isKnown(topic, record.id)) duplicates.push(index);
      else this.#push(topic, record);
    }
    for (const reader of this.#readers) reader.wake();
    const last = records.at(-1);
    const end =
      last === undefined ? undefined : this.log.records(topic, this.#partitionOf(topic, last)).length;
    return {
      appended: records.length - duplicates.length,
      duplicates,
      ...(end === undefined ? {} : { end }),
    };
  }

  async subscribe(topics: readonly string[], group: string, handler: Handler): Promise<Subscription> {
    const readers: Reader[] = [];
    const counts = await Promise.all(topics.map((topic) => this.partitions(topic)));
    const numbers = Array.from({ length: Math.max(...counts) }, (_, partition) => partition);
    const closing = new AbortController();
    for (const partition of numbers) {
      const offsets = (await handler.assigned?.(partition, closing.signal)) ?? {};
      for (const topic of topics.filter((_, index) => partition < (counts[index] ?? 0))) {
        const position = `${topic}/${group}/${partition}`;
        const start = offsets[topic] ?? this.log.positions.get(position) ?? 0;
        readers.push(new Reader({ log: this.log, topic, partition, position, start, handler }));
      }
    }
    for (const reader of readers) this.#readers.add(reader.start());
    const of = (topic: string | undefined, partition: number | undefined) =>
      readers.filter(
        (reader) =>
          (topic === undefined || reader.topic === topic) &&
          (partition === undefined || reader.partition === partition),
      );
    return {
      lag: (topic, partition) =>
        Promise.resolve(of(topic, partition).reduce((sum, reader) => sum + reader.lag(), 0)),
      isSure: () => true,
      isReady: () => true,
      reopen: () => undefined,
      pause: () => readers.forEach((reader) => reader.setPaused(true)),
      resume: () => readers.forEach((reader) => reader.setPaused(false)),
      close: async () => {
        closing.abort('closing');
        await Promise.all(readers.map((reader) => reader.close()));
        for (const reader of readers) this.#readers.delete(reader);
        await Promise.all(numbers.map(async (partition) => handler.revoked?.(partition, 'closing')));
      },
    };
  }

  async *read(
    topic: string,
    partition: number,
    from: number,
    to: number,
  ): AsyncGenerator<readonly InRecord[]> {
    const records = this.log.records(topic, partition);
    if (to > records.length) throw new AppError('E_NOT_FOUND', 'There are no such records.');
    for (let at = from; at < to; at += BATCH_RECORDS) {
      yield await Promise.resolve(records.slice(at, Math.min(to, at + BATCH_RECORDS)));
    }
  }

  partitions(topic: string): Promise<number> {
    return Promise.resolve(BY_KEY.has(topic) ? this.#partitions : 1);
  }

  async lagOf(topic: string, group: string): Promise<number> {
    let lag = 0;
    for (let partition = 0; partition < (await this.partitions(topic)); partition += 1) {
      const handled = this.log.positions.get(`${topic}/${group}/${partition}`) ?? 0;
      lag += this.log.records(topic, partition).length - handled;
    }
    return lag;
  }

  endOffset(topic: string, partition: number): Promise<number> {
    return Promise.resolve(this.log.records(topic, partition).length);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#readers].map((reader) => reader.close()));
  }

  #isKnown(topic: string, id: string): boolean {
    const ids = this.log.ids.get(topic) ?? new Map<string, number>();
    this.log.ids.set(topic, ids);
    const seenAt = ids.get(id);
    if (seenAt !== undefined && this.#now() - seenAt < this.#duplicateWindowMs) return true;
    ids.set(id, this.#now());
    return false;
  }

  #partitionOf(topic: string, { key, partition }: OutRecord): number {
    if (partition !== undefined) return partition;
    const count = BY_KEY.has(topic) ? this.#partitions : 1;
    let hash = 0;
    for (const character of key) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) % 1_000_003;
    return hash % count;
  }

  #push(topic: string, record: OutRecord): void {
    const { key, value } = record;
    const records = this.log.records(topic, this.#partitionOf(topic, record));
    records.push({ offset: records.length, key, value, appendedAt: this.#now() });
  }
}

interface ReaderParts {
  log: MemoryLog;
  topic: string;
  partition: number;
  position: string;
  start: number;
  handler: Handler;
}

class Reader {
  readonly #parts: ReaderParts;
  #next: number;
  #isPaused = false;
  #wake: (() => void) | undefined;
  #running: Promise<void> | undefined;
  readonly #closing = new AbortController();

  constructor(parts: ReaderParts) {
    this.#parts = parts;
    this.#next = parts.start;
  }

  get topic(): string {
    return this.#parts.topic;
  }

  get partition(): number {
    return this.#parts.partition;
  }

  start(): this {
    this.#running = this.#run();
    return this;
  }

  wake(): void {
    this.#wake?.();
  }

  lag(): number {
    return this.#records().length - this.#next;
  }

  setPaused(isPaused: boolean): void {
    this.#isPaused = isPaused;
    this.wake();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.wake();
    await this.#running;
  }

  #records(): InRecord[] {
    return this.#parts.log.records(this.#parts.topic, this.#parts.partition);
  }

  async #run(): Promise<void> {
    const { topic, partition } = this.#parts;
    const { signal } = this.#closing;
    let batch: Batch | undefined;
    while (!signal.aborted) {
      if (this.#isPaused || (batch === undefined && this.lag() <= 0)) {
        await new Promise<void>((resolve) => (this.#wake = resolve));
        continue;
      }
      batch ??= { topic, partition, records: this.#records().slice(this.#next, this.#next + BATCH_RECORDS) };
      if (await this.#handle(batch)) batch = undefined;
      await nextTurn();
    }
  }

  async #handle(batch: Batch): Promise<boolean> {
    const { handler, log, position } = this.#parts;
    try {
      await handler.handle(batch);
    } catch {
      await wait(RETRY_MS, undefined, { signal: this.#closing.signal }).catch(() => undefined);
      return false;
    }
    this.#next += batch.records.length;
    log.positions.set(position, this.#next);
    return true;
  }
}
