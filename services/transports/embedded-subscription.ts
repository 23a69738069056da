import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { AppError, messageOf } from '../errors.ts';
import type { Log } from '../log.ts';
import { Reader } from './embedded-reader.ts';
import type { Files } from './embedded-files.ts';
import type { Batch, Handler, Subscription } from './transport.ts';

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 30_000;

export interface SubscriptionOptions {
  files: Files;
  topics: readonly { topic: string; partitions: number }[];
  group: string;
  handler: Handler;
  setPosition: (topic: string, partition: number, offset: number) => void;
  /** Resolves when positions are on disk. */
  flush: () => Promise<void>;
  log: Log;
  onRetry: (topic: string) => void;
  onClose: () => void;
}

interface Lane {
  topic: string;
  partition: number;
  reader: Reader;
  /** Offset of the next record not yet handled. */
  next: number;
  batch: Batch | undefined;
  /** How often the batch in hand has failed. */
  failures: number;
  done: Promise<void>;
}

/** One member that owns all partitions of its group, each read by a lane of its own. */
export class EmbeddedSubscription implements Subscription {
  readonly #options: SubscriptionOptions;
  readonly #lanes: Lane[] = [];
  readonly #closing = new AbortController();
  #wakers: (() => void)[] = [];
  #isPaused = false;

  constructor(options: SubscriptionOptions) {
    this.#options = options;
  }

  reads(topic: string): boolean {
    return this.#options.topics.some((one) => one.topic === topic);
  }

  async open(): Promise<void> {
    const { topics, handler, files } = this.#options;
    for (let partition = 0; partition < this.#partitions(); partition++) {
      const offsets = (await handler.assigned?.(partition, this.#closing.signal)) ?? {};
      for (const { topic } of topics.filter(({ partitions }) => partition < partitions)) {
        const reader = new Reader(files, topic, partition);
        const next = await this.#startOf({ topic, partition }, reader, offsets[topic]);
        const idle = { batch: undefined, failures: 0, done: Promise.resolve() };
        this.#lanes.push({ topic, partition, reader, next, ...idle });
      }
    }
    for (const lane of this.#lanes) lane.done = this.#run(lane);
  }

  lag(topic?: string, partition?: number): Promise<number> {
    const wanted = this.#lanes.filter(
      (lane) =>
        (topic === undefined || lane.topic === topic) &&
        (partition === undefined || lane.partition === partition),
    );
    return Promise.resolve(wanted.reduce((sum, { reader, next }) => sum + reader.end() - next, 0));
  }

  isReady(): boolean {
    return true;
  }

  /** There is nobody else. */
  reopen(): void {
    return;
  }

  isSure(): boolean {
    return true;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.wake();
  }

  async close(): Promise<void> {
    this.#closing.abort('closing');
    this.wake();
    await Promise.all(this.#lanes.map(({ done }) => done));
    const { handler } = this.#options;
    const numbers = Array.from({ length: this.#partitions() }, (_, partition) => partition);
    await Promise.all(numbers.map(async (partition) => handler.revoked?.(partition, 'closing')));
    await this.#options.flush();
    this.#options.onClose();
  }

  /** There may be something new to read. */
  wake(): void {
    const wakers = this.#wakers;
    this.#wakers = [];
    for (const wake of wakers) wake();
  }

  #partitions(): number {
    return Math.max(...this.#options.topics.map(({ partitions }) => partitions));
  }

  async #startOf(
    { topic, partition }: { topic: string; partition: number },
    reader: Reader,
    asked: number | undefined,
  ): Promise<number> {
    const { files, group, log, setPosition, flush } = this.#options;
    const known = asked ?? files.positions.get([topic, group, partition]);
    // Once this is on disk, retention keeps what the group has not handled.
    setPosition(topic, partition, known !== undefined && known <= reader.end() ? known : 0);
    await flush();
    const first = reader.first();
    const wanted = known ?? first;
    if (wanted >= first && wanted <= reader.end()) return wanted;
    const where = { topic, group, partition, wanted, first, end: reader.end() };
    if (wanted < first) {
      log.error({ ...where, missing: first - wanted }, 'Records were removed before this group read them.');
    } else {
      log.error(where, 'The log is shorter than this group has read; it starts over.');
    }
    return first;
  }

  async #run(lane: Lane): Promise<void> {
    while (!this.#closing.signal.aborted) {
      try {
        await this.#step(lane);
        lane.failures = 0;
      } catch (error) {
        lane.failures++;
        await this.#pauseAfter(error, lane);
      }
    }
  }

  async #step(lane: Lane): Promise<void> {
    if (!this.#isPaused) lane.batch ??= this.#read(lane);
    if (this.#isPaused || lane.batch === undefined) {
      await new Promise<void>((resolve) => this.#wakers.push(resolve));
      return;
    }
    const { records } = lane.batch;
    await this.#options.handler.handle(lane.batch);
    lane.next += records.length;
    lane.batch = undefined;
    this.#options.setPosition(lane.topic, lane.partition, lane.next);
    // A handler that never waits must not keep others from the event loop.
    await setImmediate();
  }

  #read({ topic, partition, reader, next }: Lane): Batch | undefined {
    const records = reader.read(next);
    return records && { topic, partition, records };
  }

  async #pauseAfter(error: unknown, { topic, partition, next, failures }: Lane): Promise<void> {
    const { group, log, onRetry } = this.#options;
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** (failures - 1), LONGEST_PAUSE_MS);
    const code = error instanceof AppError ? error.code : undefined;
    const where = { topic, group, partition, offset: next };
    log.warn(
      { ...where, code, reason: messageOf(error), failures, pauseMs },
      'A batch was not handled and comes again.',
    );
    onRetry(topic);
    await sleep(pauseMs, undefined, { signal: this.#closing.signal }).catch(() => undefined);
  }
}
