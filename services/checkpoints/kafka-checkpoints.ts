import { randomUUID } from 'node:crypto';
import type { Admin, Kafka, KafkaMessage, Message, Producer } from 'kafkajs';
import { AppError, messageOf } from '../errors.ts';
import { partitionOf } from '../hash64.ts';
import { createKafka, kafkaUnavailable, producerSettings, whenWarm } from '../kafka/client.ts';
import type { KafkaSettings } from '../kafka/client.ts';
import { KafkaReader } from '../kafka/reader.ts';
import { boundsOf, ensureTopics } from '../kafka/topics.ts';
import type { Log } from '../log.ts';
import type {
  Checkpoint,
  CheckpointStore,
  CheckpointUpdate,
  OpenCheckpoint,
  Opened,
} from './checkpoint-store.ts';
import { Holders, lost } from './holders.ts';
import {
  entryMessages,
  FoundCheckpoint,
  isMark,
  manifestMessage,
  markMessage,
} from './kafka-checkpoint-messages.ts';
import type { Manifest, Mark } from './kafka-checkpoint-messages.ts';

/** A request to the broker; a transaction has as many as it needs. Brokers take a megabyte unless they are told otherwise. */
const MAX_REQUEST_BYTES = 700_000;
/** What a record takes beside key and value, at most. */
const RECORD_BYTES = 80;
/** All of a large state is one transaction; brokers allow 15 minutes. */
const TRANSACTION_MS = 5 * 60_000;

export interface KafkaCheckpointOptions extends KafkaSettings {
  /** Full name of a topic of its own. */
  topic: string;
  /** When it is made. */
  partitions: number;
  log: Log;
  now?: () => number;
}

/** Where a checkpoint lies, and who writes it. */
interface Place {
  checkpoint: string;
  partition: number;
  producer: Producer;
}

type Options = Required<Pick<KafkaCheckpointOptions, 'topic' | 'partitions' | 'log' | 'now' | 'brokers'>>;

interface Parts {
  options: Options;
  kafka: Kafka;
  admin: Admin;
  reader: KafkaReader;
}

/** Checkpoints in a compacted topic, where every process finds them: of each entry the newest record stays.
 *
 *  A save is a transaction, so that all of it counts or nothing. Whoever opens a checkpoint writes that into the topic: a
 *  process that was only paused, and still believes that it is its own, cannot save it any more. */
export async function openKafkaCheckpoints(options: KafkaCheckpointOptions): Promise<CheckpointStore> {
  const { topic, partitions, brokers, log } = options;
  const kafka = createKafka(options, log);
  const admin = kafka.admin();
  try {
    await whenWarm(() => admin.connect());
    await ensureTopics(admin, [{ topic, partitions, retention: 'compact' }]);
    const count = (await whenWarm(() => boundsOf(admin, topic))).length;
    const reader = new KafkaReader(kafka, admin, { topics: [topic], prefix: `${topic}.` });
    reader.warmUp();
    return new KafkaCheckpoints({
      ...{ kafka, admin, reader },
      options: { now: Date.now, ...options, partitions: count },
    });
  } catch (cause) {
    await admin.disconnect().catch(() => undefined);
    throw kafkaUnavailable(brokers, cause);
  }
}

class KafkaCheckpoints implements CheckpointStore {
  readonly #parts: Parts;
  readonly #holders = new Holders();
  readonly #open = new Set<KafkaCheckpoint>();
  readonly #scratch = new Int32Array(2);

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async open(name: string): Promise<Opened> {
    const holder = this.#holders.take(name);
    const checkpoint = new KafkaCheckpoint(this.#parts, {
      ...{ name, partition: this.#partitionOf(name) },
      isHeld: () => this.#holders.isHeldBy(name, holder),
      onRelease: () => {
        this.#holders.letGo(name, holder);
        this.#open.delete(checkpoint);
      },
    });
    this.#open.add(checkpoint);
    try {
      return { found: await checkpoint.takeOver(), checkpoint };
    } catch (error) {
      await checkpoint.release();
      throw error;
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open].map((checkpoint) => checkpoint.release()));
    await this.#parts.reader.close();
    await this.#parts.admin.disconnect();
  }

  /** The state of a partition of events lies in the partition of the same number, so that none has to be read for another. */
  #partitionOf(name: string): number {
    const { partitions } = this.#parts.options;
    const number = /\/(\d+)$/.exec(name)?.[1];
    return number === undefined ? partitionOf(name, partitions, this.#scratch) : Number(number) % partitions;
  }
}

interface KafkaCheckpointSettings {
  name: string;
  partition: number;
  /** False once somebody else in this process has opened it. */
  isHeld: () => boolean;
  onRelease: () => void;
}

class KafkaCheckpoint implements OpenCheckpoint {
  readonly #parts: Parts;
  readonly #settings: KafkaCheckpointSettings;
  /** What we wrote when we took it over. */
  readonly #claim = randomUUID();
  #producer: Producer | undefined;
  #offsets: Record<string, number> = {};
  /** The last save failed. */
  #isBroken = false;
  #isLost = false;
  /** Saves follow each other. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(parts: Parts, settings: KafkaCheckpointSettings) {
    this.#parts = parts;
    this.#settings = settings;
  }

  async takeOver(): Promise<Checkpoint | undefined> {
    // From here on the broker refuses whoever had it before.
    const place = await this.#connect();
    try {
      const found = await this.#read(place, 'claim', this.#claim);
      if (found.isDamaged) await this.#saveAnew(place, found);
      const { manifest, entries } = found;
      this.#offsets = { ...manifest?.offsets };
      return manifest && { ...manifest, entries };
    } catch (error) {
      throw this.#unavailable(error);
    }
  }

  save(update: CheckpointUpdate): Promise<void> {
    const saved = this.#last.then(() => this.#save(update));
    this.#last = saved.catch(() => undefined);
    return saved;
  }

  async release(): Promise<void> {
    this.#settings.onRelease();
    this.#isLost = true;
    await this.#last;
    await this.#producer?.disconnect().catch(() => undefined);
  }

  async #connect(): Promise<Place> {
    const { name: checkpoint, partition } = this.#settings;
    const producer = this.#parts.kafka.producer({
      transactionalId: `${this.#parts.options.topic}.${checkpoint}`,
      transactionTimeout: TRANSACTION_MS,
      ...producerSettings,
      // One that gave up is not used again.
      retry: { initialRetryTime: 50, maxRetryTime: 2_000, retries: 10 },
    });
    this.#producer = producer;
    try {
      await whenWarm(() => producer.connect());
      return { checkpoint, partition, producer };
    } catch (error) {
      throw this.#unavailable(error);
    }
  }

  /** Everything of a checkpoint up to our own mark. A save with a damaged record ends it: what counts is the one before. */
  async #read(place: Place, mark: Mark, id: string): Promise<FoundCheckpoint> {
    const { options, admin, reader } = this.#parts;
    const { checkpoint, partition, producer } = place;
    const { topic, log } = options;
    await this.#inTransaction(producer, requestsOf(partition, [[markMessage(checkpoint, mark, id)]]));
    const bounds = (await boundsOf(admin, topic)).find((one) => one.partition === partition);
    const found = new FoundCheckpoint(checkpoint);
    // The mark may be compacted away while we stand still; then there are records behind the end as it was.
    const end = bounds?.end ?? 0;
    const isLast = (message: KafkaMessage) => isMark(message, id) || Number(message.offset) >= end;
    const reading = { topic, partition, from: bounds?.first ?? 0, isLast };
    for await (const messages of reader.read(reading)) {
      for (const message of messages) found.take(message);
    }
    if (found.isDamaged) {
      log.error(
        { checkpoint, topic },
        'A checkpoint is damaged; the one before is taken, and what came after is judged again.',
      );
    }
    return found;
  }

  /** Puts what is left of a damaged checkpoint after the damage, so that later saves count again. */
  async #saveAnew(
    { checkpoint, partition, producer }: Place,
    { manifest, entries }: Pick<FoundCheckpoint, 'manifest' | 'entries'>,
  ): Promise<void> {
    const last = manifest ?? { savedAt: this.#parts.options.now(), offsets: {} };
    const messages = saveMessages(checkpoint, entries, last);
    const begin = markMessage(checkpoint, 'begin', randomUUID());
    await this.#inTransaction(producer, requestsOf(partition, [[begin], messages]));
  }

  async #save({ offsets, changed }: CheckpointUpdate): Promise<void> {
    const { name: checkpoint, partition, isHeld } = this.#settings;
    // Asking the broker again would throw out the new owner, who would have to come back.
    if (this.#isLost || !isHeld()) throw lost(checkpoint);
    const merged = { ...this.#offsets, ...offsets };
    const manifest = { savedAt: this.#parts.options.now(), offsets: merged };
    const messages = saveMessages(checkpoint, changed, manifest);
    try {
      const producer = this.#isBroken ? await this.#renew() : this.#producer;
      if (producer === undefined) throw lost(checkpoint);
      await this.#inTransaction(producer, requestsOf(partition, [messages]));
      this.#offsets = merged;
    } catch (error) {
      this.#isBroken = true;
      throw this.#unavailable(error);
    }
  }

  /** After a failure the client's producer may be stuck in its transaction, and the broker may have given it up. A new one
   *  helps, if nobody else has taken the checkpoint over meanwhile. */
  async #renew(): Promise<Producer> {
    await this.#producer?.disconnect().catch(() => undefined);
    const place = await this.#connect();
    const { claim } = await this.#read(place, 'probe', randomUUID());
    this.#isLost = claim !== this.#claim;
    if (this.#isLost) throw lost(place.checkpoint);
    this.#isBroken = false;
    return place.producer;
  }

  async #inTransaction(producer: Producer, requests: Iterable<Message[]>): Promise<void> {
    const { topic } = this.#parts.options;
    const transaction = await producer.transaction();
    try {
      for (const messages of requests) await transaction.send({ topic, messages });
      await transaction.commit();
    } catch (error) {
      await transaction.abort().catch(() => undefined);
      throw error;
    }
  }

  #unavailable(cause: unknown): AppError {
    if (cause instanceof AppError) return cause;
    const { topic, brokers } = this.#parts.options;
    const message = `State cannot be saved to or loaded from ${topic} at ${brokers.join(', ')} (${messageOf(cause)}). Check that Kafka can be reached and that the user may write there in transactions.`;
    return new AppError('E_CHECKPOINT_UNAVAILABLE', message, { cause });
  }
}

/** Made as they are sent: a state may be a large part of a process's memory. */
function* saveMessages(
  checkpoint: string,
  entries: ReadonlyMap<string, string | undefined>,
  manifest: Manifest,
): Generator<Message> {
  for (const [name, text] of entries) yield* entryMessages(checkpoint, name, text);
  yield manifestMessage(checkpoint, manifest);
}

function* requestsOf(partition: number, parts: readonly Iterable<Message>[]): Generator<Message[]> {
  let request: Message[] = [];
  let size = 0;
  for (const messages of parts) {
    for (const message of messages) {
      const sizeBytes = RECORD_BYTES + (message.key?.length ?? 0) + (message.value?.length ?? 0);
      if (request.length > 0 && size + sizeBytes > MAX_REQUEST_BYTES) {
        yield request;
        request = [];
        size = 0;
      }
      request.push({ ...message, partition });
      size += sizeBytes;
    }
  }
  yield request;
}
