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
  topic: string;
  group: string;
  partitions: number;
  handler: Handler;
  setPosition: (partition: number, offset: number) => void;
  /** Resolves when positions are on disk. */
  flush: () => Promise<void>;
  log: Log;
  onRetry: () => void;
  onClose: () => void;
}

interface Lane {
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

  get topic(): string {
    return this.#options.topic;
  }

  async open(): Promise<void> {
    for (let partition = 0; partition < this.#options.partitions; partition++) {
      const reader = new Reader(this.#options.files, this.#options.topic, partition);
      const next = await this.#startOf(partition, reader);
      this.#lanes.push({ partition, reader, next, batch: undefined, failures: 0, done: Promise.resolve() });
    }
    for (const lane of this.#lanes) lane.done = this.#run(lane);
  }

  lag(): Promise<number> {
    return Promise.resolve(this.#lanes.reduce((sum, { reader, next }) => sum + reader.end() - next, 0));
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.wake();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.wake();
    await Promise.all(this.#lanes.map(({ done }) => done));
    await this.#options.flush();
    this.#options.onClose();
  }

  /** There may be something new to read. */
  wake(): void {
    const wakers = this.#wakers;
    this.#wakers = [];
    for (const wake of wakers) wake();
  }

  async #startOf(partition: number, reader: Reader): Promise<number> {
    const { files, topic, group, handler, log, setPosition, flush } = this.#options;
    const known = (await handler.startAt?.(partition)) ?? files.positions.get([topic, group, partition]);
    // Once this is on disk, retention keeps what the group has not handled.
    setPosition(partition, known !== undefined && known <= reader.end() ? known : 0);
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
    this.#options.setPosition(lane.partition, lane.next);
    // A handler that never waits must not keep others from the event loop.
    await setImmediate();
  }

  #read({ partition, reader, next }: Lane): Batch | undefined {
    const records = reader.read(next);
    return records && { topic: this.#options.topic, partition, records };
  }

  async #pauseAfter(error: unknown, { partition, next, failures }: Lane): Promise<void> {
    const { topic, group, log, onRetry } = this.#options;
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** (failures - 1), LONGEST_PAUSE_MS);
    const code = error instanceof AppError ? error.code : undefined;
    const where = { topic, group, partition, offset: next };
    log.warn(
      { ...where, code, reason: messageOf(error), failures, pauseMs },
      'A batch was not handled and comes again.',
    );
    onRetry();
    await sleep(pauseMs, undefined, { signal: this.#closing.signal }).catch(() => undefined);
  }
}
