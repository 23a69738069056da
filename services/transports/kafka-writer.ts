import { setTimeout as sleep } from 'node:timers/promises';
import { CompressionTypes } from 'kafkajs';
import type { Kafka, Message, Producer, ProducerRecord } from 'kafkajs';
import { kafkaUnavailable, producerSettings } from '../kafka/client.ts';
import { AppError } from '../errors.ts';
import type { IdMemory } from './kafka-ids.ts';
import { toMessage } from './kafka-records.ts';
import type { AppendResult, OutRecord } from './transport.ts';

/** A request is one batch of records for each partition; brokers take a few megabytes in one. */
const MAX_REQUEST_CHARS = 1 << 20;
/** Appends that wait are sent together up to so many records. */
const GROUP_RECORDS = 10_000;
/** Smaller requests are not worth packing. */
const PACK_FROM_CHARS = 4_096;
/** Brokers that are away must not keep a process from ending. */
const CLOSE_MS = 1_500;

export interface KafkaWriterOptions {
  kafka: Kafka;
  brokers: readonly string[];
  ids: IdMemory;
  /** Full name of a topic, and how many partitions it has. */
  topicOf: (topic: string) => { name: string; partitions: number };
  /** Remembers the ids of what is in a topic from these offsets on, by partition. */
  rememberFrom: (topic: string, offsets: ReadonlyMap<number, number>) => Promise<void>;
  now: () => number;
  stalledAfterMs: number;
}

interface Waiting {
  topic: string;
  records: readonly OutRecord[];
  dropDuplicates: boolean;
  result: { appended: number; duplicates: number[]; end?: number };
  /** Of its last record. */
  partition?: number;
  resolve: (result: AppendResult) => void;
  reject: (error: unknown) => void;
}

/** What goes in one request, and the appends that are done with it. */
interface Request {
  /** Its full name. */
  name: string;
  messages: Message[];
  chars: number;
  /** Nothing in it has an id: it does no harm twice. */
  mayRepeat: boolean;
  finishes: Waiting[];
}

/** The only producer of this process: idempotent, so that its own repeats are not written twice, and with one request at a
 *  time, so that ids are claimed in order. What arrives while a request is on its way waits for the next. */
export class KafkaWriter {
  readonly #options: KafkaWriterOptions;
  #producer: Producer;
  #waiting: Waiting[] = [];
  #inHand: readonly Waiting[] = [];
  #running: Promise<void> | undefined;
  #isClosed = false;
  /** The brokers do not answer. Until they do, nothing is taken in. */
  #isStalled = false;
  /** By topic and partition, the offset behind what was certainly written. */
  readonly #ends = new Map<string, Map<number, number>>();
  /** Topics with a request that failed: it may have been written all the same. */
  readonly #doubtful = new Set<string>();

  constructor(options: KafkaWriterOptions) {
    this.#options = options;
    this.#producer = newProducer(options.kafka);
  }

  async open(): Promise<void> {
    await this.#producer.connect();
  }

  append(topic: string, records: readonly OutRecord[], dropDuplicates: boolean): Promise<AppendResult> {
    if (this.#isClosed) return Promise.reject(this.#refusal('closed'));
    if (this.#isStalled) return Promise.reject(this.#refusal('no answer from the brokers'));
    return new Promise((resolve, reject) => {
      const result = { appended: 0, duplicates: [] };
      this.#waiting.push({ topic, records, dropDuplicates, result, resolve, reject });
      this.#running ??= this.#sendAll();
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    if (!this.#isStalled) await Promise.race([this.#running, sleep(CLOSE_MS, undefined, { ref: false })]);
    this.#rejectWaiting('closed');
    for (const { reject } of this.#inHand) reject(this.#refusal('closed'));
    await Promise.race([this.#producer.disconnect(), sleep(CLOSE_MS, undefined, { ref: false })]);
  }

  async #sendAll(): Promise<void> {
    // What is appended in the same turn goes together.
    await Promise.resolve();
    while (this.#waiting.length > 0) await this.#sendGroup(this.#takeGroup());
    this.#running = undefined;
  }

  /** Those that wait for one topic: a request for each would make many small appends slow. */
  #takeGroup(): Waiting[] {
    const topic = this.#waiting[0]?.topic;
    let records = 0;
    const group = this.#waiting.filter((one) => {
      if (one.topic !== topic || (records > 0 && records + one.records.length > GROUP_RECORDS)) return false;
      records += one.records.length;
      return true;
    });
    this.#waiting = this.#waiting.filter((one) => !group.includes(one));
    return group;
  }

  async #sendGroup(group: readonly Waiting[]): Promise<void> {
    const topic = group[0]?.topic ?? '';
    this.#inHand = group;
    const stall = setTimeout(() => {
      this.#isStalled = true;
      this.#rejectWaiting('no answer from the brokers');
    }, this.#options.stalledAfterMs);
    try {
      await this.#clearDoubt(topic);
      for (const request of this.#requestsOf(group)) await this.#send(topic, request);
    } catch (error) {
      // What a request before has written stays claimed: its sender sends all of it again.
      for (const { reject } of group) reject(kafkaUnavailable(this.#options.brokers, error));
    } finally {
      clearTimeout(stall);
      this.#inHand = [];
      this.#isStalled = false;
    }
  }

  /** Claims ids as it goes, so each request is sent before the next is made. */
  *#requestsOf(group: readonly Waiting[]): Generator<Request> {
    const { ids, topicOf, now } = this.#options;
    const { name, partitions } = topicOf(group[0]?.topic ?? '');
    const newRequest = (): Request => ({ name, messages: [], chars: 0, mayRepeat: true, finishes: [] });
    let request = newRequest();
    for (const waiting of group) {
      const { topic, records, dropDuplicates, result } = waiting;
      for (const [index, record] of records.entries()) {
        const chars = record.key.length + record.id.length + record.value.length;
        if (request.messages.length > 0 && request.chars + chars > MAX_REQUEST_CHARS) {
          yield request;
          request = newRequest();
        }
        if (dropDuplicates && !ids.claim(topic, record.id)) {
          result.duplicates.push(index);
          continue;
        }
        const message = toMessage(record, partitions, now());
        if (message.partition !== undefined) waiting.partition = message.partition;
        request.messages.push(message);
        request.chars += chars;
        if (record.id !== '') request.mayRepeat = false;
        result.appended += 1;
      }
      request.finishes.push(waiting);
    }
    yield request;
  }

  /** What a request that failed has written must not be written again when its senders send it again. */
  async #clearDoubt(topic: string): Promise<void> {
    if (!this.#doubtful.has(topic)) return;
    // The old one would number the next records like those that failed; if the broker has these, it takes the next ones
    // for repeats, confirms them, and drops them.
    await this.#producer.disconnect().catch(() => undefined);
    this.#producer = newProducer(this.#options.kafka);
    await this.#producer.connect();
    await this.#options.rememberFrom(topic, this.#ends.get(topic) ?? new Map<number, number>());
    this.#doubtful.delete(topic);
  }

  async #send(topic: string, { name, messages, chars, mayRepeat, finishes }: Request): Promise<void> {
    const { ids } = this.#options;
    try {
      if (messages.length > 0) {
        const compression = chars < PACK_FROM_CHARS ? CompressionTypes.None : CompressionTypes.GZIP;
        const parts = (mayRepeat ? [messages] : byPartition(messages)).map((part) => ({
          topic: name,
          messages: part,
          acks: -1,
          compression,
        }));
        const sent = await Promise.allSettled(parts.map((part) => this.#sendPart(topic, part)));
        for (const one of sent) if (one.status === 'rejected') throw one.reason;
      }
    } catch (error) {
      ids.undo();
      this.#doubtful.add(topic);
      throw error;
    }
    ids.keep();
    for (const { resolve, result, partition = -1 } of finishes) {
      const end = this.#ends.get(topic)?.get(partition);
      resolve(end === undefined ? result : { ...result, end });
    }
  }

  /** Of one partition, unless it may be written twice. Of a request for several, the client leaves out, and confirms, those
   *  whose leader was lost and is now a broker that has answered for others already; and after a failure it writes again
   *  what a broker has taken that leads it no more. */
  async #sendPart(topic: string, part: ProducerRecord): Promise<void> {
    try {
      const parts = byPartition(part.messages);
      const offsets = new Map<number, number>();
      for (const { partition, baseOffset } of await this.#producer.send(part))
        if (baseOffset !== undefined) offsets.set(partition, Number(baseOffset));
      for (const messages of parts) {
        const partition = messages[0]?.partition ?? 0;
        const offset = offsets.get(partition);
        if (offset !== undefined) this.#noteEnd(topic, partition, offset + messages.length);
        else if (parts.length > 1) await this.#sendPart(topic, { ...part, messages });
        else throw new Error('the broker did not say where the records are');
      }
    } catch (error) {
      if (!isTooLarge(error)) throw error;
      if (part.messages.length === 1) throw tooLarge(part);
      await this.#sendInHalves(topic, part);
    }
  }

  #noteEnd(topic: string, partition: number, end: number): void {
    const ends = this.#ends.get(topic) ?? new Map<number, number>();
    this.#ends.set(topic, ends);
    ends.set(partition, end);
  }

  /** Operators may have made the topic with a smaller limit than ours; of a batch that is too large nothing is written. */
  async #sendInHalves(topic: string, part: ProducerRecord): Promise<void> {
    const middle = Math.ceil(part.messages.length / 2);
    await this.#sendPart(topic, { ...part, messages: part.messages.slice(0, middle) });
    await this.#sendPart(topic, { ...part, messages: part.messages.slice(middle) });
  }

  #rejectWaiting(reason: string): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { reject } of waiting) reject(this.#refusal(reason));
  }

  #refusal(reason: string): Error {
    return kafkaUnavailable(this.#options.brokers, new Error(reason));
  }
}

function byPartition(messages: readonly Message[]): Message[][] {
  const parts = new Map<number, Message[]>();
  for (const message of messages) {
    const partition = message.partition ?? 0;
    const part = parts.get(partition);
    if (part === undefined) parts.set(partition, [message]);
    else part.push(message);
  }
  return [...parts.values()];
}

/** Tries again until the broker has answered: a producer that gives up does not know where its numbering stands. */
function newProducer(kafka: Kafka): Producer {
  const retry = { initialRetryTime: 100, maxRetryTime: 1_000, retries: Number.MAX_SAFE_INTEGER };
  return kafka.producer({ ...producerSettings, retry });
}

function isTooLarge(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause)
    if ('type' in at && (at.type === 'MESSAGE_TOO_LARGE' || at.type === 'RECORD_LIST_TOO_LARGE')) return true;
  return false;
}

function tooLarge({ topic, messages }: ProducerRecord): AppError {
  const kilobytes = Math.ceil((messages[0]?.value?.length ?? 0) / 1_000);
  return new AppError(
    'E_TRANSPORT_UNAVAILABLE',
    `A record of ${kilobytes.toString()} kB is larger than ${topic} takes. Set max.message.bytes of the topic to 4194304.`,
    { topic },
  );
}
