import { randomUUID } from 'node:crypto';
import type { Admin, Consumer, ConsumerGroupJoinEvent, EachBatchPayload, Kafka, KafkaMessage } from 'kafkajs';
import { Handover } from './handover.ts';
import { Position } from './position.ts';
import { togetherAssigner } from './together-assigner.ts';

export interface Reading {
  /** Full name; one of those the reader was made for. */
  topic: string;
  partition: number;
  from: number;
  /** The message after which there is nothing more to read. */
  isLast: (message: KafkaMessage) => boolean;
}

const MAX_WAIT_MS = 200;
/** After a crash of the client its former self keeps the new one waiting for so long. */
const SESSION_MS = 6_000;
/** A checkpoint may be hundreds of megabytes. */
const MAX_BYTES_A_PARTITION = 8 * 2 ** 20;

interface Active {
  position: Position;
  /** Nothing more is fetched until what was given is taken. */
  isHeld: boolean;
  pieces: Handover<KafkaMessage[]>;
}

/** Reads partitions outside any group of ours. The client reads in groups only, and brokers let a new group wait for
 *  seconds before it starts, so there is one group with one member for all that this process ever reads again. */
export class KafkaReader {
  readonly #admin: Admin;
  readonly #topics: readonly string[];
  readonly #groupId: string;
  readonly #consumer: Consumer;
  readonly #active = new Map<string, Active>();
  /** A partition is read by one after the other. */
  readonly #turns = new Map<string, Promise<void>>();
  #joined: Promise<void> | undefined;

  constructor(kafka: Kafka, admin: Admin, { topics, prefix }: { topics: readonly string[]; prefix: string }) {
    this.#admin = admin;
    this.#topics = topics;
    this.#groupId = `${prefix}read-${randomUUID()}`;
    this.#consumer = kafka.consumer({
      groupId: this.#groupId,
      partitionAssigners: [togetherAssigner({ share: 'one', has: () => [] })],
      maxWaitTimeInMs: MAX_WAIT_MS,
      sessionTimeout: SESSION_MS,
      rebalanceTimeout: SESSION_MS,
      heartbeatInterval: SESSION_MS / 4,
      maxBytesPerPartition: MAX_BYTES_A_PARTITION,
      allowAutoTopicCreation: false,
      retry: {
        retries: 3,
        initialRetryTime: 200,
        maxRetryTime: 1_000,
        restartOnFailure: () => Promise.resolve(true),
      },
    });
  }

  /** Joins ahead of the first reading, because joining takes its time. */
  warmUp(): void {
    this.#joined ??= this.#join();
    this.#joined.catch(() => undefined);
  }

  /** The messages from an offset on, in the pieces in which the broker gives them, committed ones only. */
  async *read({ topic, partition, from, isLast }: Reading): AsyncGenerator<KafkaMessage[]> {
    await (this.#joined ??= this.#join());
    const name = nameOf(topic, partition);
    const before = this.#turns.get(name);
    let done: () => void = () => undefined;
    this.#turns.set(name, new Promise((resolve) => (done = resolve)));
    await before;
    const active: Active = { position: new Position(from), isHeld: false, pieces: new Handover() };
    this.#active.set(name, active);
    try {
      this.#goOn(topic, partition, active);
      for (;;) {
        const piece = await active.pieces.take();
        const end = piece.findIndex(isLast);
        if (end < 0 && active.isHeld) this.#goOn(topic, partition, active);
        yield end < 0 ? piece : piece.slice(0, end + 1);
        if (end >= 0) return;
      }
    } finally {
      this.#active.delete(name);
      done();
      this.#hold(topic, partition);
    }
  }

  async close(): Promise<void> {
    if (this.#joined === undefined) return;
    for (const { pieces } of this.#active.values()) pieces.fail(new Error('The reader was closed.'));
    await this.#consumer.disconnect();
    await this.#admin.deleteGroups([this.#groupId]).catch(() => undefined);
  }

  async #join(): Promise<void> {
    const { GROUP_JOIN, CRASH } = this.#consumer.events;
    const joined = new Promise<void>((resolve, reject) => {
      this.#consumer.on(GROUP_JOIN, (event) => {
        this.#pauseIdle(event);
        resolve();
      });
      this.#consumer.on(CRASH, ({ payload: { restart, error } }) => {
        if (restart) return;
        for (const { pieces } of this.#active.values()) pieces.fail(error);
        this.#joined = undefined;
        reject(error);
      });
    });
    joined.catch(() => undefined);
    try {
      await this.#consumer.connect();
      for (const topic of this.#topics) await this.#consumer.subscribe({ topic, fromBeginning: true });
      await this.#consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: 4,
        eachBatch: (payload) => {
          this.#take(payload);
          return Promise.resolve();
        },
      });
      await joined;
    } catch (error) {
      this.#joined = undefined;
      throw error;
    }
  }

  #pauseIdle({ payload: { memberAssignment } }: ConsumerGroupJoinEvent): void {
    for (const [topic, partitions] of Object.entries(memberAssignment)) {
      for (const partition of partitions) {
        const active = this.#active.get(nameOf(topic, partition));
        if (active === undefined || active.isHeld) this.#hold(topic, partition);
        else this.#seek(topic, partition, active);
      }
    }
  }

  #goOn(topic: string, partition: number, active: Active): void {
    active.isHeld = false;
    this.#seek(topic, partition, active);
    this.#consumer.resume([{ topic, partitions: [partition] }]);
  }

  #hold(topic: string, partition: number): void {
    try {
      this.#consumer.pause([{ topic, partitions: [partition] }]);
    } catch {
      // It is between a crash and its restart, and pauses everything when it joins again.
    }
  }

  #seek(topic: string, partition: number, { position }: Active): void {
    this.#consumer.seek({ topic, partition, offset: position.seek() });
  }

  #take(payload: EachBatchPayload): void {
    const { batch } = payload;
    const { topic, partition } = batch;
    const active = this.#active.get(nameOf(topic, partition));
    if (active === undefined || payload.isStale()) return;
    const messages = active.position.due(batch);
    const last = messages?.at(-1);
    if (messages === undefined || last === undefined) {
      this.#seek(topic, partition, active);
      return;
    }
    // Whoever waits here keeps all partitions of this broker waiting; a piece that is not taken yet is fetched again.
    if (!active.pieces.give(messages)) {
      active.isHeld = true;
      this.#hold(topic, partition);
      return;
    }
    active.position.next = Number(last.offset) + 1;
    payload.resolveOffset(last.offset);
  }
}

function nameOf(topic: string, partition: number): string {
  return `${topic}/${partition.toString()}`;
}
