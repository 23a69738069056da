import { setTimeout as sleep } from 'node:timers/promises';
import type { Admin, Consumer, ConsumerGroupJoinEvent, EachBatchPayload, Kafka } from 'kafkajs';
import { AppError, messageOf } from '../errors.ts';
import type { Log } from '../log.ts';
import { whenWarm } from '../kafka/client.ts';
import { toRecord } from './kafka-records.ts';
import { boundsOf } from '../kafka/topics.ts';
import type { Bounds } from '../kafka/topics.ts';
import type { Handler, InRecord, Subscription } from './transport.ts';

const MAX_BATCH_RECORDS = 1_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 30_000;
/** The client's default of 5 s makes everything that waits for a fetch slow: joining, leaving, seeking. */
const MAX_WAIT_MS = 300;
/** What a killed member keeps the others waiting. */
const SESSION_MS = 10_000;
const HEARTBEAT_MS = 3_000;
const COMMIT_EVERY_MS = 1_000;
const PARTITIONS_AT_ONCE = 4;

export interface KafkaSubscriptionOptions {
  kafka: Kafka;
  admin: Admin;
  /** As the rest of gatewatch calls it, and its full name. */
  topic: string;
  topicName: string;
  group: string;
  groupId: string;
  handler: Handler;
  log: Log;
  onRetry: () => void;
  onClose: () => void;
}

interface Lane {
  /** Offset of the next record not yet handled. */
  next: number;
  /** The batch in hand. */
  running: Promise<void>;
}

/** One member of a consumer group. Where a partition is read from is the handler's to say (its checkpoint), and is found
 *  out anew each time the partition comes back from somebody else. Offsets are committed after their effect. */
export class KafkaSubscription implements Subscription {
  readonly #options: KafkaSubscriptionOptions;
  readonly #consumer: Consumer;
  readonly #lanes = new Map<number, Promise<Lane>>();
  readonly #closing = new AbortController();
  #memberId = '';
  #isPaused = false;
  #joined: (() => void) | undefined;

  constructor(options: KafkaSubscriptionOptions) {
    this.#options = options;
    this.#consumer = options.kafka.consumer({
      groupId: options.groupId,
      sessionTimeout: SESSION_MS,
      heartbeatInterval: HEARTBEAT_MS,
      maxWaitTimeInMs: MAX_WAIT_MS,
      allowAutoTopicCreation: false,
      retry: {
        retries: Number.MAX_SAFE_INTEGER,
        maxRetryTime: 5_000,
        restartOnFailure: () => Promise.resolve(true),
      },
    });
  }

  get topic(): string {
    return this.#options.topic;
  }

  /** Resolves when this member is in the group and knows where to read. */
  async open(): Promise<void> {
    const joined = new Promise<void>((resolve) => (this.#joined = resolve));
    this.#consumer.on(this.#consumer.events.GROUP_JOIN, (event) => {
      this.#join(event);
    });
    await whenWarm(() => this.#consumer.connect());
    await this.#consumer.subscribe({ topic: this.#options.topicName, fromBeginning: true });
    await this.#consumer.run({
      autoCommit: true,
      autoCommitInterval: COMMIT_EVERY_MS,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: PARTITIONS_AT_ONCE,
      eachBatch: (payload) => this.#take(payload),
    });
    await joined;
    await Promise.all(this.#lanes.values());
  }

  async lag(): Promise<number> {
    const bounds = await boundsOf(this.#options.admin, this.#options.topicName);
    let lag = 0;
    for (const { partition, end } of bounds) {
      const lane = await this.#lanes.get(partition);
      if (lane !== undefined) lag += Math.max(0, end - lane.next);
    }
    return lag;
  }

  pause(): void {
    this.#isPaused = true;
    this.#consumer.pause([{ topic: this.#options.topicName }]);
  }

  resume(): void {
    this.#isPaused = false;
    this.#consumer.resume([{ topic: this.#options.topicName }]);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#consumer.disconnect();
    this.#options.onClose();
  }

  /** Partitions that stay keep their place. A member that was thrown out and comes back under a new name has lost them
   *  all: others may have gone on with them. */
  #join({ payload: { memberId, memberAssignment } }: ConsumerGroupJoinEvent): void {
    const assigned = new Set(memberAssignment[this.#options.topicName] ?? []);
    for (const [partition, lane] of this.#lanes) {
      if (memberId === this.#memberId && assigned.has(partition)) continue;
      this.#lanes.delete(partition);
      this.#letGo(partition, lane);
    }
    this.#memberId = memberId;
    for (const partition of assigned) {
      if (!this.#lanes.has(partition)) this.#lanes.set(partition, this.#openLane(partition));
    }
    this.#joined?.();
  }

  #letGo(partition: number, lane: Promise<Lane>): void {
    const { handler, log, topic, group } = this.#options;
    lane
      .then(({ running }) => running)
      .then(() => handler.revoked?.(partition))
      .catch((error: unknown) => {
        log.warn(
          { topic, group, partition, reason: messageOf(error) },
          'A partition was not handed over cleanly.',
        );
      });
  }

  async #openLane(partition: number): Promise<Lane> {
    const { handler, topicName } = this.#options;
    for (let failures = 1; ; failures += 1) {
      try {
        const wanted = await handler.startAt?.(partition);
        const next = await this.#startOf(partition, wanted);
        if (wanted !== undefined)
          this.#consumer.seek({ topic: topicName, partition, offset: next.toString() });
        return { next, running: Promise.resolve() };
      } catch (error) {
        await this.#pauseAfter(error, { partition, failures });
        if (this.#closing.signal.aborted) return { next: 0, running: Promise.resolve() };
      }
    }
  }

  async #startOf(partition: number, asked: number | undefined): Promise<number> {
    const { admin, topic, topicName, group, groupId, log } = this.#options;
    const bounds = (await boundsOf(admin, topicName)).find((one) => one.partition === partition);
    const { first, end }: Pick<Bounds, 'first' | 'end'> = bounds ?? { first: 0, end: 0 };
    const wanted = asked ?? (await this.#committed(groupId, partition)) ?? first;
    if (wanted >= first && wanted <= end) return wanted;
    const where = { topic, group, partition, wanted, first, end };
    if (wanted < first) {
      log.error({ ...where, missing: first - wanted }, 'Records were removed before this group read them.');
    } else {
      log.error(where, 'The log is shorter than this group has read; it starts over.');
    }
    return first;
  }

  async #committed(groupId: string, partition: number): Promise<number | undefined> {
    const { admin, topicName } = this.#options;
    const [committed] = await whenWarm(() => admin.fetchOffsets({ groupId, topics: [topicName] }));
    const offset = Number(committed?.partitions.find((one) => one.partition === partition)?.offset ?? -1);
    return offset < 0 ? undefined : offset;
  }

  /** What comes twice after a new join is passed over; what comes too early, before a seek took effect, comes again. */
  async #take(payload: EachBatchPayload): Promise<void> {
    const { partition, messages } = payload.batch;
    const lane = await this.#lanes.get(partition);
    if (lane === undefined || !this.#mayGoOn(payload)) return;
    const records = messages.filter(({ offset }) => Number(offset) >= lane.next).map(toRecord);
    const [first] = records;
    if (
      first === undefined ||
      (first.offset > lane.next && (await this.#isStillThere(partition, lane.next)))
    ) {
      this.#consumer.seek({ topic: this.#options.topicName, partition, offset: lane.next.toString() });
      return;
    }
    lane.running = this.#handleAll(payload, lane, records);
    await lane.running;
    await payload.heartbeat();
  }

  async #isStillThere(partition: number, offset: number): Promise<boolean> {
    const bounds = await boundsOf(this.#options.admin, this.#options.topicName);
    return bounds.some((one) => one.partition === partition && one.first <= offset);
  }

  #mayGoOn(payload: EachBatchPayload): boolean {
    return payload.isRunning() && !payload.isStale() && !this.#isPaused && !this.#closing.signal.aborted;
  }

  async #handleAll(payload: EachBatchPayload, lane: Lane, records: readonly InRecord[]): Promise<void> {
    // The client sends heartbeats between batches only; a batch may take longer than a session.
    const beat = setInterval(() => void payload.heartbeat().catch(() => undefined), HEARTBEAT_MS);
    try {
      for (let from = 0; from < records.length && this.#mayGoOn(payload); from += MAX_BATCH_RECORDS) {
        const piece = records.slice(from, from + MAX_BATCH_RECORDS);
        const last = piece.at(-1);
        if (last === undefined || !(await this.#handle(payload, piece))) return;
        lane.next = last.offset + 1;
        payload.resolveOffset(last.offset.toString());
        await payload.commitOffsetsIfNecessary();
      }
    } finally {
      clearInterval(beat);
    }
  }

  /** False when the partition is lost, or everything ends, before it was handled. */
  async #handle(payload: EachBatchPayload, records: readonly InRecord[]): Promise<boolean> {
    const { handler, topic } = this.#options;
    const { partition } = payload.batch;
    for (let failures = 1; ; failures += 1) {
      try {
        await handler.handle({ topic, partition, records });
        return true;
      } catch (error) {
        this.#options.onRetry();
        await this.#pauseAfter(error, { partition, failures });
        if (!this.#mayGoOn(payload)) return false;
      }
    }
  }

  async #pauseAfter(error: unknown, at: { partition: number; failures: number }): Promise<void> {
    const { topic, group, log } = this.#options;
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** (at.failures - 1), LONGEST_PAUSE_MS);
    const code = error instanceof AppError ? error.code : undefined;
    log.warn(
      { topic, group, ...at, code, reason: messageOf(error), pauseMs },
      'A batch was not handled and comes again.',
    );
    await sleep(pauseMs, undefined, { signal: this.#closing.signal }).catch(() => undefined);
  }
}
