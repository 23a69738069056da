import { CompressionTypes, Partitioners } from 'kafkajs';
import type { Kafka, Message, Producer } from 'kafkajs';
import { kafkaUnavailable } from './kafka-client.ts';
import type { IdMemory } from './kafka-ids.ts';
import { toMessage } from './kafka-records.ts';
import type { AppendResult, OutRecord } from './transport.ts';

/** A request is one batch of records for each partition; brokers take a few megabytes in one. */
const MAX_REQUEST_CHARS = 1 << 20;
/** Appends that wait are sent together up to so many records. */
const GROUP_RECORDS = 10_000;
/** Smaller requests are not worth packing. */
const PACK_FROM_CHARS = 4_096;
/** Named, so that the client does not warn of a change between its versions: partitions are given. */
const createPartitioner = Partitioners.DefaultPartitioner;

export interface KafkaWriterOptions {
  kafka: Kafka;
  brokers: readonly string[];
  ids: IdMemory;
  /** Full name of a topic, and how many partitions it has. */
  topicOf: (topic: string) => { name: string; partitions: number };
  now: () => number;
  stalledAfterMs: number;
}

interface Waiting {
  topic: string;
  records: readonly OutRecord[];
  dropDuplicates: boolean;
  result: { appended: number; duplicates: number[] };
  resolve: (result: AppendResult) => void;
  reject: (error: unknown) => void;
}

/** What goes in one request, and the appends that are done with it. */
interface Request {
  topic: string;
  messages: Message[];
  chars: number;
  finishes: Waiting[];
}

/** The only producer of this process: idempotent, so that its own repeats are not written twice, and with one request at a
 *  time, so that ids are claimed in order. What arrives while a request is on its way waits for the next. */
export class KafkaWriter {
  readonly #options: KafkaWriterOptions;
  readonly #producer: Producer;
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;
  #isClosed = false;
  /** The brokers do not answer. Until they do, nothing is taken in. */
  #isStalled = false;

  constructor(options: KafkaWriterOptions) {
    this.#options = options;
    this.#producer = options.kafka.producer({
      createPartitioner,
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      // Half a minute, for the election of leaders after the loss of a broker.
      retry: { initialRetryTime: 100, maxRetryTime: 5_000, retries: 10 },
    });
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
    if (this.#isStalled) this.#rejectWaiting('closed');
    else await this.#running;
    await this.#producer.disconnect();
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
    const stall = setTimeout(() => {
      this.#isStalled = true;
      this.#rejectWaiting('no answer from the brokers');
    }, this.#options.stalledAfterMs);
    try {
      for (const request of this.#requestsOf(group)) await this.#send(request);
    } catch (error) {
      // What a request before has written stays claimed: its sender sends all of it again.
      for (const { reject } of group) reject(kafkaUnavailable(this.#options.brokers, error));
    } finally {
      clearTimeout(stall);
      this.#isStalled = false;
    }
  }

  /** Claims ids as it goes, so each request is sent before the next is made. */
  *#requestsOf(group: readonly Waiting[]): Generator<Request> {
    const { ids, topicOf, now } = this.#options;
    const { name, partitions } = topicOf(group[0]?.topic ?? '');
    const newRequest = (): Request => ({ topic: name, messages: [], chars: 0, finishes: [] });
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
        request.messages.push(toMessage(record, partitions, now()));
        request.chars += chars;
        result.appended += 1;
      }
      request.finishes.push(waiting);
    }
    yield request;
  }

  async #send({ topic, messages, chars, finishes }: Request): Promise<void> {
    const { ids } = this.#options;
    try {
      if (messages.length > 0) {
        const compression = chars < PACK_FROM_CHARS ? CompressionTypes.None : CompressionTypes.GZIP;
        await this.#producer.send({ topic, messages, acks: -1, compression });
      }
    } catch (error) {
      ids.undo();
      throw error;
    }
    ids.keep();
    for (const { resolve, result } of finishes) resolve(result);
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
