import { setMaxListeners } from 'node:events';
import type { Core } from '../../detectors/detector.ts';
import type { KeyId } from '../../detectors/event.ts';
import { AppError } from '../errors.ts';
import { Pace } from '../pace.ts';
import type { Batch, Subscription, Transport } from '../transports/transport.ts';
import type { DetectDeps } from './deps.ts';
import { Announcer } from './announcer.ts';
import { HeldPartition } from './held-partition.ts';
import { KeyTable } from './key-table.ts';

const CHECKPOINT_EVERY_MS = 30_000;
/** A topic that cannot be written must not hold up the end; what was judged is judged again at the next start. */
const GIVE_UP_AFTER_MS = 4_000;
/** And a large fleet must not hold it up either. */
const CLOSE_KEYS_MS = 3_000;
const GROUP = 'detect';
const TOPICS = ['events', 'facts', 'rollups'] as const;

export interface Detect {
  /** Records of `events` in our partitions that are not yet judged. */
  lag(): Promise<number>;
  /** Newest event time judged, epoch milliseconds; 0 before the first event. */
  watermark(): number;
  /** Undefined for a key of another process's partition. */
  describeKey(keyId: KeyId): ReturnType<Core['describeKey']>;
  /** False while a partition of ours is being restored, or the brokers do not answer. */
  isReady(): boolean;
  /** Brings the gauges up to date. */
  measure(): Promise<void>;
  /** Finishes what is in hand, saves a checkpoint, leaves. */
  close(): Promise<void>;
}

/** Reads `events` with the `facts` about the same keys, looks up place and network, judges, learns; writes `findings`,
 *  `rollups`, `commands` and the `events` table. Processes share out the partitions among them. State and offsets are saved
 *  together every 30 s, so a crash repeats at most that much, with the same result. */
export async function startDetect(deps: DetectDeps): Promise<Detect> {
  const detect = new DetectStep(deps, await countPartitions(deps.transport));
  await detect.open();
  return detect;
}

/** A fact about a key must come to where the key is judged. */
async function countPartitions(transport: Transport): Promise<number> {
  const counts = await Promise.all(TOPICS.map((topic) => transport.partitions(topic)));
  if (new Set(counts).size === 1) return counts[0] ?? 1;
  const found = TOPICS.map((topic, index) => `${topic} has ${String(counts[index])}`).join(', ');
  throw new AppError(
    'E_CONFIG',
    `The topics events, facts and rollups must have the same number of partitions: ${found}. Delete the wrong ones while nothing is in them, and start again.`,
  );
}

class DetectStep implements Detect {
  readonly #deps: DetectDeps;
  readonly #partitions = new Map<number, HeldPartition>();
  readonly #keyTable: KeyTable;
  readonly #closing = new AbortController();
  /** Rows of keys are for people, and may not take the time in which state is saved. */
  readonly #keysDone = new AbortController();
  /** From then on saving does not rest beside the live flow. */
  readonly #hurry = new AbortController();
  #subscription: Subscription | undefined;
  readonly #announcer: Announcer;
  /** Of each of our topics. */
  readonly #count: number;
  #timer: NodeJS.Timeout | undefined;
  #flushing: Promise<void> = Promise.resolve();

  constructor(deps: DetectDeps, partitions: number) {
    this.#deps = deps;
    this.#count = partitions;
    // Each partition waits with it in hand.
    setMaxListeners(0, this.#closing.signal);
    this.#keyTable = new KeyTable(deps);
    this.#announcer = new Announcer({ ...deps, partitions, held: () => this.#partitions.values() });
  }

  async open(): Promise<void> {
    this.#subscription = await this.#deps.transport.subscribe(TOPICS, GROUP, {
      assigned: (partition, signal) => this.#take(partition, signal),
      handle: (batch) => this.#handle(batch),
      revoked: (partition, why) => this.#letGo(partition, why),
      rebalancing: () => void this.#save(),
    });
    this.#announcer.start();
    this.#timer = setInterval(() => void this.#saveAndFlush(), CHECKPOINT_EVERY_MS);
  }

  async lag(): Promise<number> {
    return (await this.#subscription?.lag('events')) ?? 0;
  }

  watermark(): number {
    return Math.max(0, ...[...this.#partitions.values()].map((one) => one.watermark()));
  }

  describeKey(keyId: KeyId) {
    for (const partition of this.#partitions.values()) {
      const summary = partition.describeKey(keyId);
      if (summary !== undefined) return summary;
    }
    return undefined;
  }

  isReady(): boolean {
    return this.#subscription?.isReady() ?? false;
  }

  async measure(): Promise<void> {
    const { metrics, now } = this.#deps;
    const held = [...this.#partitions.values()];
    const ageOf = (at: number) => (now() - at) / 1000;
    metrics.checkpointAge.set(held.length === 0 ? 0 : ageOf(Math.min(...held.map((one) => one.savedAt()))));
    metrics.storeBacklog.set(held.reduce((sum, one) => sum + one.backlog(), 0));
    const watermark = this.watermark();
    if (watermark > 0) metrics.watermarkAge.set(ageOf(watermark));
    for (const topic of TOPICS)
      metrics.lag.set({ topic, group: GROUP }, (await this.#subscription?.lag(topic)) ?? 0);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#hurry.abort();
    const timer = setTimeout(() => {
      this.#closing.abort();
    }, GIVE_UP_AFTER_MS);
    const keysTimer = setTimeout(() => {
      this.#keysDone.abort();
    }, CLOSE_KEYS_MS);
    await this.#subscription?.close();
    clearTimeout(timer);
    clearTimeout(keysTimer);
    this.#announcer.close();
    await this.#flushing;
  }

  async #take(number: number, signal: AbortSignal): Promise<Record<string, number>> {
    // One that was not handed back must not go on beside the new one.
    await this.#partitions.get(number)?.drop();
    this.#partitions.delete(number);
    const onLost = () => this.#subscription?.reopen(number);
    const partition = new HeldPartition(this.#deps, {
      number,
      partitions: this.#count,
      announcer: this.#announcer,
      closing: this.#closing.signal,
      onLost,
      lag: async () => (await this.#subscription?.lag('events', number)) ?? Infinity,
    });
    const offsets = await partition.open(signal);
    this.#partitions.set(number, partition);
    return offsets;
  }

  async #letGo(number: number, why: 'moved' | 'closing'): Promise<void> {
    const partition = this.#partitions.get(number);
    if (why === 'moved') {
      this.#partitions.delete(number);
      await partition?.drop();
    } else {
      const pace = this.#pace();
      this.#noteChanged(number);
      const flushed = this.#flush(pace, { maxRows: Infinity, hurry: this.#keysDone.signal });
      await Promise.all([partition?.close(pace), flushed]);
      this.#partitions.delete(number);
    }
  }

  async #handle(batch: Batch): Promise<void> {
    const partition = this.#partitions.get(batch.partition);
    if (partition === undefined) throw new RangeError(`Partition ${batch.partition.toString()} is not ours.`);
    await partition.handle(batch);
    this.#noteChanged(batch.partition);
  }

  #noteChanged(number: number): void {
    const keyIds = this.#partitions.get(number)?.takeChangedKeys() ?? [];
    this.#keyTable.noteChanged(keyIds, (keyId) => this.#partitions.get(number)?.describeKey(keyId));
  }

  /** Each by itself: one that fails does not hold up the others. */
  async #save(): Promise<void> {
    for (const partition of this.#partitions.values()) await partition.save(this.#pace());
  }

  async #saveAndFlush(): Promise<void> {
    await this.#save();
    // A store that is slow must not hold up the next checkpoint.
    void this.#flush(this.#pace());
  }

  #flush(pace: Pace, options?: Parameters<KeyTable['flush']>[1]): Promise<void> {
    this.#flushing = this.#flushing.then(() => this.#keyTable.flush(pace, options));
    return this.#flushing;
  }

  #pace(): Pace {
    return new Pace(this.#hurry.signal);
  }
}
