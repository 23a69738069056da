import type { Admin, Kafka, KafkaMessage } from 'kafkajs';
import { AppError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import { createKafka, kafkaUnavailable, whenWarm } from '../kafka/client.ts';
import type { KafkaSettings } from '../kafka/client.ts';
import { IdMemory } from './kafka-ids.ts';
import { KafkaReader } from '../kafka/reader.ts';
import { idOf, toRecord } from './kafka-records.ts';
import { KafkaSubscription } from './kafka-subscription.ts';
import { boundsOf, ensureTopics } from '../kafka/topics.ts';
import { KafkaWriter } from './kafka-writer.ts';
import type {
  AppendResult,
  Handler,
  InRecord,
  OutRecord,
  Share,
  Subscription,
  Transport,
} from './transport.ts';

const HOUR_MS = 3_600_000;
const PIECE_RECORDS = 1_000;
/** As Kafka's settings say it. */
const FOREVER = -1;

export interface KafkaTransportOptions extends KafkaSettings {
  log: Log;
  metrics?: Pick<Metrics, 'batchesRetried' | 'rebalances' | 'partitionsAssigned'>;
  /** Before the name of each topic and group. */
  prefix?: string;
  /** All topics there are, with the number of partitions of each that is made. */
  topics: Readonly<Record<string, number>>;
  retentionMs?: number;
  /** Topics whose records never go. */
  keptForever?: readonly string[];
  duplicateWindowMs?: number;
  maxIds?: number;
  /** After a start so many of the newest records of a topic are read for their ids, over all its partitions. */
  idsReadBack?: number;
  stalledAfterMs?: number;
  now?: () => number;
}

const DEFAULTS = {
  prefix: 'gatewatch.',
  retentionMs: 7 * 24 * HOUR_MS,
  keptForever: [] as readonly string[],
  duplicateWindowMs: 7 * 24 * HOUR_MS,
  maxIds: 5_000_000,
  idsReadBack: 200_000,
  stalledAfterMs: 30_000,
  now: Date.now,
};
type Settings = KafkaTransportOptions & typeof DEFAULTS;

/** Topics of an Apache Kafka cluster. */
export async function openKafkaTransport(options: KafkaTransportOptions): Promise<Transport> {
  const settings: Settings = { ...DEFAULTS, ...options };
  const kafka = createKafka(settings, settings.log);
  const admin = kafka.admin();
  try {
    await whenWarm(() => admin.connect());
    const transport = new KafkaTransport(settings, kafka, admin);
    await transport.open();
    return transport;
  } catch (cause) {
    await admin.disconnect().catch(() => undefined);
    throw kafkaUnavailable(settings.brokers, cause);
  }
}

class KafkaTransport implements Transport {
  readonly #settings: Settings;
  readonly #kafka: Kafka;
  readonly #admin: Admin;
  readonly #ids: IdMemory;
  readonly #writer: KafkaWriter;
  readonly #reader: KafkaReader;
  readonly #partitions = new Map<string, number>();
  /** Topics whose ids were read back, or are just now. */
  readonly #readBack = new Map<string, Promise<void>>();
  readonly #subscriptions = new Map<string, KafkaSubscription>();

  constructor(settings: Settings, kafka: Kafka, admin: Admin) {
    const { duplicateWindowMs: windowMs, maxIds, now, brokers, stalledAfterMs } = settings;
    this.#settings = settings;
    this.#kafka = kafka;
    this.#admin = admin;
    const names = Object.keys(settings.topics).map((topic) => this.#nameOf(topic));
    this.#reader = new KafkaReader(kafka, admin, { topics: names, prefix: settings.prefix });
    this.#ids = new IdMemory({ windowMs, maxIds, now });
    const topicOf = (topic: string) => ({ name: this.#nameOf(topic), partitions: this.#countOf(topic) });
    const rememberFrom = (topic: string, offsets: ReadonlyMap<number, number>) =>
      this.#readIdsOf(topic, offsets);
    this.#writer = new KafkaWriter({
      ...{ kafka, brokers, ids: this.#ids, topicOf, rememberFrom, now, stalledAfterMs },
    });
  }

  async open(): Promise<void> {
    const { topics, retentionMs, keptForever } = this.#settings;
    const wanted = Object.entries(topics).map(([topic, partitions]) => ({
      topic: this.#nameOf(topic),
      partitions,
      retention: keptForever.includes(topic) ? FOREVER : retentionMs,
    }));
    await ensureTopics(this.#admin, wanted);
    const names = Object.keys(topics);
    const metadata = await whenWarm(() =>
      this.#admin.fetchTopicMetadata({ topics: names.map((topic) => this.#nameOf(topic)) }),
    );
    for (const topic of names) {
      const found = metadata.topics.find(({ name }) => name === this.#nameOf(topic));
      this.#partitions.set(topic, found?.partitions.length ?? 1);
    }
    this.#reader.warmUp();
    await this.#writer.open();
  }

  async append(
    topic: string,
    records: readonly OutRecord[],
    { dropDuplicates = false }: { dropDuplicates?: boolean } = {},
  ): Promise<AppendResult> {
    if (records.length === 0) return { appended: 0, duplicates: [] };
    if (dropDuplicates) await this.#knowIdsOf(topic);
    return this.#writer.append(topic, records, dropDuplicates);
  }

  async subscribe(
    topics: readonly string[],
    group: string,
    handler: Handler,
    share: Share = 'spread',
  ): Promise<Subscription> {
    const { log, metrics, prefix, brokers } = this.#settings;
    const groupId = `${prefix}${group}`;
    if (this.#subscriptions.has(groupId)) throw new Error(`The group ${groupId} is read already.`);
    const subscription = new KafkaSubscription({
      ...{ kafka: this.#kafka, admin: this.#admin, brokers, group, groupId, handler, share, log },
      topics: topics.map((topic) => ({ topic, topicName: this.#nameOf(topic) })),
      onRetry: (topic) => metrics?.batchesRetried.inc({ topic, group }),
      onJoin: (partitions) => {
        metrics?.rebalances.inc({ group });
        metrics?.partitionsAssigned.set({ group }, partitions);
      },
      onClose: () => this.#subscriptions.delete(groupId),
    });
    this.#subscriptions.set(groupId, subscription);
    await subscription.open();
    return subscription;
  }

  async *read(
    topic: string,
    partition: number,
    from: number,
    to: number,
  ): AsyncGenerator<readonly InRecord[]> {
    if (from >= to) return;
    const bounds = await this.#boundsOf(topic, partition);
    if (from < bounds.first || to > bounds.end) {
      throw gone({ topic, partition, from, to, ...bounds });
    }
    let next = from;
    for await (const messages of this.#readRange(this.#nameOf(topic), { partition, from, to })) {
      for (let at = 0; at < messages.length; at += PIECE_RECORDS) {
        const records = messages.slice(at, at + PIECE_RECORDS).map(toRecord);
        // Retention does not wait for somebody who reads slowly.
        if (records[0]?.offset !== next)
          throw gone({ topic, partition, from: next, to, first: records[0]?.offset });
        next += records.length;
        yield records;
      }
    }
  }

  partitions(topic: string): Promise<number> {
    return Promise.resolve(this.#countOf(topic));
  }

  async lagOf(topic: string, group: string): Promise<number> {
    const name = this.#nameOf(topic);
    const groupId = `${this.#settings.prefix}${group}`;
    const [committed] = await whenWarm(() => this.#admin.fetchOffsets({ groupId, topics: [name] }));
    const offsets = new Map(
      committed?.partitions.map(({ partition, offset }) => [partition, Number(offset)]),
    );
    const bounds = await boundsOf(this.#admin, name);
    return bounds.reduce((lag, { partition, first, end }) => {
      return lag + end - Math.max(first, offsets.get(partition) ?? 0);
    }, 0);
  }

  async endOffset(topic: string, partition: number): Promise<number> {
    return (await this.#boundsOf(topic, partition)).end;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#subscriptions.values()].map((subscription) => subscription.close()));
    await this.#writer.close();
    await this.#reader.close();
    await this.#admin.disconnect();
  }

  #nameOf(topic: string): string {
    return `${this.#settings.prefix}${topic}`;
  }

  #countOf(topic: string): number {
    const count = this.#partitions.get(topic);
    if (count === undefined) throw new RangeError(`There is no topic ${topic}.`);
    return count;
  }

  async #boundsOf(topic: string, partition: number): Promise<{ first: number; end: number }> {
    const bounds = await boundsOf(this.#admin, this.#nameOf(topic));
    return bounds.find((one) => one.partition === partition) ?? { first: 0, end: 0 };
  }

  #readRange(
    topic: string,
    { partition, from, to }: { partition: number; from: number; to: number },
  ): AsyncGenerator<KafkaMessage[]> {
    const isLast = ({ offset }: KafkaMessage) => Number(offset) >= to - 1;
    return this.#reader.read({ topic, partition, from, isLast });
  }

  #knowIdsOf(topic: string): Promise<void> {
    let known = this.#readBack.get(topic);
    if (known === undefined) {
      known = this.#readIdsOf(topic).catch((cause: unknown) => {
        this.#readBack.delete(topic);
        throw kafkaUnavailable(this.#settings.brokers, cause);
      });
      this.#readBack.set(topic, known);
    }
    return known;
  }

  /** From these offsets on; where none is given, of the newest records. */
  async #readIdsOf(topic: string, offsets: ReadonlyMap<number, number> = new Map()): Promise<void> {
    const name = this.#nameOf(topic);
    const bounds = await boundsOf(this.#admin, name);
    const share = Math.ceil(this.#settings.idsReadBack / Math.max(1, bounds.length));
    for (const { partition, first, end } of bounds) {
      const range = { partition, from: Math.max(first, offsets.get(partition) ?? end - share), to: end };
      if (range.from >= range.to) continue;
      for await (const messages of this.#readRange(name, range)) {
        for (const message of messages) this.#ids.remember(topic, idOf(message));
      }
    }
  }
}

function gone(where: Record<string, unknown>): AppError {
  return new AppError('E_NOT_FOUND', 'Some of these records are past retention or not there yet.', where);
}
