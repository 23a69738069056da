import { randomUUID } from 'node:crypto';
import type { Admin, Kafka, KafkaMessage, Message, Producer } from 'kafkajs';
import { AppError, messageOf } from '../errors.ts';
import { partitionOf } from '../hash64.ts';
import { createKafka, kafkaUnavailable, producerSettings, whenWarm } from '../kafka/client.ts';
import type { KafkaSettings } from '../kafka/client.ts';
import { KafkaReader } from '../kafka/reader.ts';
import { boundsOf, ensureTopics } from '../kafka/topics.ts';
import type { Log } from '../log.ts';
import type { Checkpoint, CheckpointStore, CheckpointUpdate } from './checkpoint-store.ts';
import {
  entryMessage,
  FoundCheckpoint,
  isMark,
  manifestMessage,
  markMessage,
} from './kafka-checkpoint-messages.ts';
import type { Mark } from './kafka-checkpoint-messages.ts';

/** A request to the broker; a transaction has as many as it needs. */
const MAX_REQUEST_BYTES = 1 << 20;

export interface KafkaCheckpointOptions extends KafkaSettings {
  /** Full name of a topic of its own. */
  topic: string;
  /** When it is made. */
  partitions: number;
  log: Log;
  now?: () => number;
}

/** One checkpoint that this process has loaded or saved, and with that taken from whoever had it before. */
interface Owned {
  checkpoint: string;
  partition: number;
  producer: Producer;
  /** What we wrote when we took it over. */
  claim: string;
  /** The last save failed. */
  isBroken: boolean;
  isLost: boolean;
  offsets: Record<string, number>;
  /** Saves follow each other. */
  last: Promise<unknown>;
}

interface Taken {
  owned: Owned;
  found: Checkpoint | undefined;
}

type Options = Required<Pick<KafkaCheckpointOptions, 'topic' | 'partitions' | 'log' | 'now' | 'brokers'>>;

/** Checkpoints in a compacted topic, where every process finds them: of each entry the newest record stays.
 *
 *  A save is a transaction, so that all of it counts or nothing. Loading takes the checkpoint over: a process that was
 *  only paused, and still believes that it is its own, cannot save it any more. */
export async function openKafkaCheckpoints(options: KafkaCheckpointOptions): Promise<CheckpointStore> {
  const { topic, partitions, brokers, log } = options;
  const kafka = createKafka(options, log);
  const admin = kafka.admin();
  try {
    await whenWarm(() => admin.connect());
    await ensureTopics(admin, [{ topic, partitions, retention: 'compact' }]);
    const count = (await whenWarm(() => boundsOf(admin, topic))).length;
    return new KafkaCheckpoints({ now: Date.now, ...options, partitions: count }, kafka, admin);
  } catch (cause) {
    await admin.disconnect().catch(() => undefined);
    throw kafkaUnavailable(brokers, cause);
  }
}

class KafkaCheckpoints implements CheckpointStore {
  readonly #options: Options;
  readonly #kafka: Kafka;
  readonly #admin: Admin;
  readonly #reader: KafkaReader;
  readonly #owned = new Map<string, Promise<Owned>>();
  readonly #scratch = new Int32Array(2);

  constructor(options: Options, kafka: Kafka, admin: Admin) {
    this.#options = options;
    this.#kafka = kafka;
    this.#admin = admin;
    this.#reader = new KafkaReader(kafka, admin, { topics: [options.topic], prefix: `${options.topic}.` });
    this.#reader.warmUp();
  }

  async save(checkpoint: string, update: CheckpointUpdate): Promise<void> {
    const owned = await this.#own(checkpoint);
    const saved = owned.last.then(() => this.#save(owned, update));
    owned.last = saved.catch(() => undefined);
    await saved;
  }

  async load(checkpoint: string): Promise<Checkpoint | undefined> {
    await this.release(checkpoint);
    return (await this.#take(checkpoint)).found;
  }

  async release(checkpoint: string): Promise<void> {
    const owned = await this.#owned.get(checkpoint)?.catch(() => undefined);
    this.#owned.delete(checkpoint);
    await owned?.last;
    await owned?.producer.disconnect();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#owned.keys()].map((checkpoint) => this.release(checkpoint)));
    await this.#reader.close();
    await this.#admin.disconnect();
  }

  async #own(checkpoint: string): Promise<Owned> {
    return this.#owned.get(checkpoint) ?? (await this.#take(checkpoint)).owned;
  }

  /** Known as ours from the call on, so that two saves at once take it over once. */
  #take(checkpoint: string): Promise<Taken> {
    const taken = this.#takeOver(checkpoint);
    const owned = taken.then((one) => one.owned);
    this.#owned.set(checkpoint, owned);
    owned.catch(() => this.#owned.delete(checkpoint));
    return taken;
  }

  async #takeOver(checkpoint: string): Promise<Taken> {
    const partition = this.#partitionOf(checkpoint);
    // From here on the broker refuses whoever had it before.
    const producer = await this.#connect(checkpoint);
    try {
      const claim = randomUUID();
      const { manifest, entries, isDamaged } = await this.#read(
        { checkpoint, partition, producer },
        'claim',
        claim,
      );
      if (isDamaged) await this.#saveAnew({ checkpoint, partition, producer }, { manifest, entries });
      const found = manifest && { ...manifest, entries };
      const offsets = { ...manifest?.offsets };
      const owned = {
        checkpoint,
        partition,
        producer,
        claim,
        offsets,
        isBroken: false,
        isLost: false,
        last: Promise.resolve(),
      };
      return { owned, found };
    } catch (error) {
      await producer.disconnect().catch(() => undefined);
      throw this.#unavailable(error);
    }
  }

  /** The state of a partition of events lies in the partition of the same number, so that none has to be read for another. */
  #partitionOf(checkpoint: string): number {
    const { partitions } = this.#options;
    const number = /\/(\d+)$/.exec(checkpoint)?.[1];
    return number === undefined
      ? partitionOf(checkpoint, partitions, this.#scratch)
      : Number(number) % partitions;
  }

  async #connect(checkpoint: string): Promise<Producer> {
    const producer = this.#kafka.producer({
      transactionalId: `${this.#options.topic}.${checkpoint}`,
      ...producerSettings,
      // One that gave up is not used again.
      retry: { initialRetryTime: 50, maxRetryTime: 2_000, retries: 10 },
    });
    try {
      await whenWarm(() => producer.connect());
      return producer;
    } catch (error) {
      throw this.#unavailable(error);
    }
  }

  /** Everything of a checkpoint up to our own mark. A save with a damaged record ends it: what counts is the one before. */
  async #read(
    { checkpoint, partition, producer }: Pick<Owned, 'checkpoint' | 'partition' | 'producer'>,
    mark: Mark,
    id: string,
  ): Promise<FoundCheckpoint> {
    const { topic, log } = this.#options;
    await this.#inTransaction(producer, [[{ ...markMessage(checkpoint, mark, id), partition }]]);
    const bounds = (await boundsOf(this.#admin, topic)).find((one) => one.partition === partition);
    const found = new FoundCheckpoint(checkpoint);
    const isLast = (message: KafkaMessage) => isMark(message, id);
    const reading = { topic, partition, from: bounds?.first ?? 0, isLast };
    for await (const messages of this.#reader.read(reading)) {
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
    { checkpoint, partition, producer }: Pick<Owned, 'checkpoint' | 'partition' | 'producer'>,
    { manifest, entries }: Pick<FoundCheckpoint, 'manifest' | 'entries'>,
  ): Promise<void> {
    const messages = [
      markMessage(checkpoint, 'begin', randomUUID()),
      ...[...entries].map(([name, text]) => entryMessage(checkpoint, name, text)),
      manifestMessage(checkpoint, manifest ?? { savedAt: this.#options.now(), offsets: {} }),
    ];
    await this.#inTransaction(producer, requestsOf(messages.map((message) => ({ ...message, partition }))));
  }

  async #save(owned: Owned, { offsets, changed }: CheckpointUpdate): Promise<void> {
    const { checkpoint, partition } = owned;
    const merged = { ...owned.offsets, ...offsets };
    const entries = [...changed].map(([name, text]) => entryMessage(checkpoint, name, text));
    const manifest = manifestMessage(checkpoint, { savedAt: this.#options.now(), offsets: merged });
    const messages = [...entries, manifest].map((message) => ({ ...message, partition }));
    try {
      // Asking the broker again would throw out the new owner, who would have to come back.
      if (owned.isLost) throw lost();
      if (owned.isBroken) await this.#renew(owned);
      await this.#inTransaction(owned.producer, requestsOf(messages));
      owned.offsets = merged;
    } catch (error) {
      owned.isBroken = true;
      throw this.#unavailable(error);
    }
  }

  /** After a failure the client's producer may be stuck in its transaction, and the broker may have given it up. A new one
   *  helps, if nobody else has taken the checkpoint over meanwhile. */
  async #renew(owned: Owned): Promise<void> {
    await owned.producer.disconnect().catch(() => undefined);
    owned.producer = await this.#connect(owned.checkpoint);
    const { claim } = await this.#read(owned, 'probe', randomUUID());
    owned.isLost = claim !== owned.claim;
    if (owned.isLost) throw lost();
    owned.isBroken = false;
  }

  async #inTransaction(producer: Producer, requests: readonly Message[][]): Promise<void> {
    const transaction = await producer.transaction();
    try {
      for (const messages of requests) await transaction.send({ topic: this.#options.topic, messages });
      await transaction.commit();
    } catch (error) {
      await transaction.abort().catch(() => undefined);
      throw error;
    }
  }

  #unavailable(cause: unknown): AppError {
    const { topic, brokers } = this.#options;
    const message = `State cannot be saved to or loaded from ${topic} at ${brokers.join(', ')} (${messageOf(cause)}). Check that Kafka can be reached and that the user may write there in transactions.`;
    return new AppError('E_CHECKPOINT_UNAVAILABLE', message, { cause });
  }
}

function lost(): Error {
  return new Error('another process has taken it over');
}

function requestsOf(messages: readonly Message[]): Message[][] {
  const requests: Message[][] = [[]];
  let size = 0;
  for (const message of messages) {
    const sizeBytes = message.value?.length ?? 0;
    size += sizeBytes;
    if (size > MAX_REQUEST_BYTES) {
      requests.push([]);
      size = sizeBytes;
    }
    requests.at(-1)?.push(message);
  }
  return requests;
}
