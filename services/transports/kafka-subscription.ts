import { setTimeout as sleep } from 'node:timers/promises';
import type {
  Admin,
  Consumer,
  ConsumerCrashEvent,
  ConsumerGroupJoinEvent,
  EachBatchPayload,
  Kafka,
  TopicPartitionOffset,
} from 'kafkajs';
import { messageOf } from '../errors.ts';
import { kafkaUnavailable, whenWarm } from '../kafka/client.ts';
import { togetherAssigner } from '../kafka/together-assigner.ts';
import { boundsOf } from '../kafka/topics.ts';
import type { Bounds } from '../kafka/topics.ts';
import type { Log } from '../log.ts';
import { Batches, pauseMsOf } from './kafka-batches.ts';
import { Lane } from './kafka-lane.ts';
import { Orders } from './kafka-orders.ts';
import { newTenure } from './kafka-tenure.ts';
import type { KafkaTopic, Tenure } from './kafka-tenure.ts';
import type { Handler, Share, Subscription } from './transport.ts';

/** The client's default of 5 s makes everything that waits for a fetch slow: joining, leaving, seeking. */
const MAX_WAIT_MS = 300;
/** Packed; some ten times as much in memory, where what is fetched lies until it is handled: collecting the garbage of large
 *  fetches costs more than asking more often. A larger batch comes all the same. */
const FETCH_BYTES = 1 << 18;
/** What a killed member keeps the others waiting: the least that brokers allow unless they are told otherwise. */
const SESSION_MS = 6_000;
const HEARTBEAT_MS = 1_500;
/** The broker's clock for us started at the latest when it answered; this much is left for the way back. */
const SURE_MS = SESSION_MS - 1_500;
/** How long the others wait for a member with a batch in hand before they go on without it. */
const REBALANCE_MS = 10_000;
const COMMIT_EVERY_MS = 1_000;
const PARTITIONS_AT_ONCE = 4;
/** A batch that is in hand for longer holds up no other partition: the client fetches nothing more from a broker until all
 *  that it gave is taken. */
const SLOW_MS = 250;
/** Brokers that are away must not keep a process from ending. */
const LEAVE_WITHIN_MS = 2_000;
const HAND_BACK_WITHIN_MS = 7_000;

export interface KafkaSubscriptionOptions {
  kafka: Kafka;
  admin: Admin;
  brokers: readonly string[];
  topics: readonly KafkaTopic[];
  group: string;
  groupId: string;
  handler: Handler;
  share: Share;
  log: Log;
  onRetry: (topic: string) => void;
  /** A new share-out, with the number of partitions that are ours. */
  onJoin: (partitions: number) => void;
  onClose: () => void;
}

/** One member of a consumer group. Where a partition is read from is the handler's to say (its checkpoint), and is found
 *  out anew each time the partition comes back from somebody else. Offsets are committed after their effect. */
export class KafkaSubscription implements Subscription {
  readonly #options: KafkaSubscriptionOptions;
  readonly #consumer: Consumer;
  readonly #orders: Orders;
  readonly #batches: Batches;
  readonly #tenures = new Map<number, Tenure>();
  /** A partition that comes back waits until its end was dealt with. */
  readonly #ended = new Map<number, Promise<void>>();
  readonly #closing = new AbortController();
  #memberId = '';
  #isPaused = false;
  /** When the broker last heard of us, by the clock that also runs while the process is stopped. */
  #heardAt = -Infinity;
  /** By kind of request, epoch milliseconds. */
  readonly #sentAt = new Map<string, number>();
  readonly #boundsAsked = new Map<string, Promise<Bounds[]>>();
  #crashes = 0;
  /** The newest batch: through it the client heartbeats and commits as the member that it is now. */
  #newest: EachBatchPayload | undefined;
  /** The group is shared out anew, or has done without us. */
  #mustRejoin = false;
  /** Ours until all is handed back. */
  #leaving: Tenure[] = [];
  #committing: Promise<void> | undefined;
  #timers: NodeJS.Timeout[] = [];
  #joined: (() => void) | undefined;

  constructor(options: KafkaSubscriptionOptions) {
    this.#options = options;
    // Whoever stood still for too long has them no more.
    const has = () => (this.isSure() ? this.#held().map(({ partition }) => partition) : []);
    this.#consumer = options.kafka.consumer({
      groupId: options.groupId,
      partitionAssigners: [togetherAssigner({ share: options.share, has })],
      sessionTimeout: SESSION_MS,
      rebalanceTimeout: REBALANCE_MS,
      heartbeatInterval: HEARTBEAT_MS,
      maxWaitTimeInMs: MAX_WAIT_MS,
      maxBytesPerPartition: FETCH_BYTES,
      maxBytes: FETCH_BYTES,
      allowAutoTopicCreation: false,
      retry: {
        // The client looks for the group's coordinator when it joins only, so it must give up and join anew.
        retries: 3,
        initialRetryTime: 200,
        maxRetryTime: 1_000,
        restartOnFailure: () => Promise.resolve(true),
      },
    });
    this.#orders = new Orders(this.#consumer, options);
    const closing = this.#closing.signal;
    this.#batches = new Batches({ ...options, closing });
  }

  get topics(): readonly KafkaTopic[] {
    return this.#options.topics;
  }

  /** Resolves when this member is in the group and, of the partitions that are its own by then, knows where to read. */
  async open(): Promise<void> {
    const { GROUP_JOIN, HEARTBEAT, REBALANCING, CRASH, REQUEST } = this.#consumer.events;
    const joined = new Promise<void>((resolve) => (this.#joined = resolve));
    this.#consumer.on(GROUP_JOIN, (event) => {
      this.#join(event);
    });
    // What counts is when we said something that was answered well: the answer may have lain there while we stood still.
    this.#consumer.on(REQUEST, ({ payload: { apiName, sentAt } }) => {
      this.#sentAt.set(apiName, sentAt);
    });
    this.#consumer.on(HEARTBEAT, () => {
      this.#mustRejoin = false;
      this.#noteHeard('Heartbeat');
    });
    this.#consumer.on(REBALANCING, () => {
      void this.#commit();
      this.#options.handler.rebalancing?.();
    });
    this.#consumer.on(CRASH, (event) => {
      this.#newest = undefined;
      for (const { lanes } of this.#held()) for (const lane of lanes.values()) lane.committed = undefined;
      void this.#restart(event);
    });
    await whenWarm(() => this.#consumer.connect());
    for (const { topicName } of this.topics)
      await this.#consumer.subscribe({ topic: topicName, fromBeginning: true });
    await this.#run();
    this.#timers = [
      setInterval(() => void this.#beat(), HEARTBEAT_MS).unref(),
      setInterval(() => void this.#commit(), COMMIT_EVERY_MS).unref(),
    ];
    await joined;
    await Promise.all([...this.#tenures.values()].map(({ opened }) => opened));
  }

  async lag(topic?: string, only?: number): Promise<number> {
    let lag = 0;
    for (const wanted of this.topics) {
      if (topic !== undefined && wanted.topic !== topic) continue;
      for (const { partition, first, end } of await this.#boundsOf(wanted.topicName)) {
        const tenure = this.#tenures.get(partition);
        if (tenure === undefined || (only !== undefined && only !== partition)) continue;
        const lane = tenure.lanes.get(wanted.topicName);
        // A partition that is still being restored has everything before it that nobody has committed.
        const next = lane?.next ?? (await this.#committed(wanted.topicName, partition)) ?? first;
        lag += Math.max(0, end - next);
      }
    }
    return lag;
  }

  isReady(): boolean {
    const tenures = [...this.#tenures.values()];
    return this.isSure() && tenures.every(({ topics, lanes }) => lanes.size === topics.length);
  }

  reopen(partition: number): void {
    const tenure = this.#tenures.get(partition);
    if (tenure === undefined || !this.isSure() || this.#closing.signal.aborted) return;
    this.#end(tenure, 'moved');
    this.#begin(partition, tenure.topics);
  }

  isSure(): boolean {
    return performance.now() - this.#heardAt < SURE_MS;
  }

  pause(): void {
    this.#isPaused = true;
    for (const { lanes } of this.#tenures.values()) this.#orders.pause(lanes.values());
  }

  resume(): void {
    this.#isPaused = false;
    for (const { lanes } of this.#tenures.values()) this.#orders.resume(lanes.values());
  }

  async close(): Promise<void> {
    this.#closing.abort();
    for (const tenure of this.#tenures.values()) this.#end(tenure, 'closing');
    await Promise.race([
      Promise.all(this.#ended.values()),
      sleep(HAND_BACK_WITHIN_MS, undefined, { ref: false }),
    ]);
    for (const timer of this.#timers) clearInterval(timer);
    await Promise.race([this.#leave(), sleep(LEAVE_WITHIN_MS, undefined, { ref: false })]);
    this.#options.onClose();
  }

  /** Every partition asks for its lag in the same turn; brokers are asked once for all of them. */
  #boundsOf(topicName: string): Promise<Bounds[]> {
    let asked = this.#boundsAsked.get(topicName);
    asked ??= Promise.resolve().then(() => {
      this.#boundsAsked.delete(topicName);
      return boundsOf(this.#options.admin, topicName);
    });
    this.#boundsAsked.set(topicName, asked);
    return asked;
  }

  /** What is handled by now is committed first, so that nobody handles it again. */
  async #leave(): Promise<void> {
    const committed = Promise.resolve(this.#committing).then(() => this.#commit());
    // Others wait for us to go more than for what we have read.
    await Promise.race([committed, sleep(LEAVE_WITHIN_MS / 2, undefined, { ref: false })]);
    await this.#consumer.disconnect();
  }

  /** The client sends heartbeats between batches only; a batch may take longer than a session, and many small ones may take
   *  all turns. */
  async #beat(): Promise<void> {
    await this.#newest?.heartbeat().catch(() => (this.#mustRejoin = true));
  }

  /** One at a time. What could not be committed is made up for by the next one. */
  #commit(): Promise<void> {
    this.#committing ??= this.#commitHandled()
      .catch((error: unknown) => {
        const where = { group: this.#options.group, reason: messageOf(error) };
        this.#options.log.debug(where, 'Not committed yet.');
      })
      .finally(() => (this.#committing = undefined));
    return this.#committing;
  }

  async #commitHandled(): Promise<void> {
    const due = this.#held()
      .flatMap(({ lanes }) => [...lanes.values()])
      .filter(({ next, committed }) => next !== committed)
      .map((lane) => ({ lane, next: lane.next }));
    if (due.length === 0) return;
    const offsets = due.map(({ lane: { topicName: topic, partition }, next }) => {
      return { topic, partition, offset: next.toString() };
    });
    await this.#commitOffsets(offsets);
    for (const { lane, next } of due) lane.committed = next;
  }

  /** Not by the consumer itself if that can be helped: it tries again, as another member if need be, when a partition may be
   *  somebody else's. */
  async #commitOffsets(offsets: TopicPartitionOffset[]): Promise<void> {
    if (this.#newest === undefined) return this.#consumer.commitOffsets(offsets);
    const topics = offsets.map(({ topic, ...partition }) => ({ topic, partitions: [partition] }));
    await this.#newest.commitOffsetsIfNecessary({ topics });
  }

  /** Those that we are about to give back are still ours. */
  #held(): Tenure[] {
    return [...this.#tenures.values(), ...this.#leaving];
  }

  #noteHeard(request: string): void {
    const ago = Date.now() - (this.#sentAt.get(request) ?? 0);
    this.#heardAt = performance.now() - Math.max(0, ago);
  }

  #run(): Promise<void> {
    return this.#consumer.run({
      // The client would send a commit for each batch of each partition, and one to find out where to read.
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: PARTITIONS_AT_ONCE,
      eachBatch: (payload) => this.#take(payload),
    });
  }

  /** The client gives up for good at errors that it takes for lasting, such as a right that was taken away. We do not. */
  async #restart({ payload: { restart, error } }: ConsumerCrashEvent): Promise<void> {
    if (restart) return;
    const { brokers, log, group } = this.#options;
    for (;;) {
      const pauseMs = pauseMsOf((this.#crashes += 1));
      log.error({ group, reason: kafkaUnavailable(brokers, error).message, pauseMs }, 'Reading stopped.');
      await this.#batches.rest(pauseMs);
      if (this.#closing.signal.aborted) return;
      try {
        await this.#consumer.connect();
        await this.#run();
        return;
      } catch {
        // Tried again after a longer pause.
      }
    }
  }

  /** Partitions that stay keep their place. A member that was thrown out and comes back under a new name has lost them
   *  all: others may have gone on with them. */
  #join({ payload: { memberId, memberAssignment } }: ConsumerGroupJoinEvent): void {
    this.#noteHeard('SyncGroup');
    this.#crashes = 0;
    this.#mustRejoin = false;
    const assigned = new Set(Object.values(memberAssignment).flat());
    for (const tenure of this.#tenures.values()) {
      if (memberId === this.#memberId && assigned.has(tenure.partition))
        this.#orders.putInStep(tenure.lanes.values());
      else this.#end(tenure, 'moved');
    }
    const isSame = memberId === this.#memberId;
    this.#leaving = this.#leaving.filter(({ partition }) => isSame && assigned.has(partition));
    this.#memberId = memberId;
    if (!this.#closing.signal.aborted) {
      for (const partition of assigned) {
        const topics = this.topics.filter(({ topicName }) =>
          memberAssignment[topicName]?.includes(partition),
        );
        if (!this.#tenures.has(partition)) this.#begin(partition, topics);
      }
    }
    this.#options.onJoin(this.#tenures.size);
    this.#joined?.();
  }

  #begin(partition: number, topics: readonly KafkaTopic[]): void {
    const tenure = newTenure(partition, topics);
    this.#tenures.set(partition, tenure);
    // Until it is known from where. A batch that waited for it would hold up the others.
    this.#orders.pause(topics.map(({ topicName }) => ({ topicName, partition })));
    tenure.opened = this.#open(tenure);
  }

  async #open(tenure: Tenure): Promise<void> {
    const { partition, topics, lanes } = tenure;
    await this.#ended.get(partition);
    const isOver = () => tenure.over.signal.aborted || this.#closing.signal.aborted;
    let offsets: Readonly<Record<string, number>> | undefined;
    for (let failures = 1; !isOver(); failures += 1) {
      try {
        offsets ??= await this.#assign(tenure);
        for (const at of topics) {
          const next = await this.#startOf(at, partition, offsets[at.topic]);
          lanes.set(at.topicName, new Lane({ ...at, partition, next }));
        }
        if (!isOver()) this.#startReading(tenure);
        return;
      } catch (error) {
        await this.#batches.pauseAfter(error, { topic: topics[0]?.topic ?? '', partition, failures });
      }
    }
  }

  async #assign(tenure: Tenure): Promise<Readonly<Record<string, number>>> {
    tenure.isAssigned = true;
    return (await this.#options.handler.assigned?.(tenure.partition, tenure.over.signal)) ?? {};
  }

  #startReading(tenure: Tenure): void {
    this.#orders.putInStep(tenure.lanes.values());
    if (!this.#isPaused) this.#orders.resume(tenure.lanes.values());
  }

  #end(tenure: Tenure, why: 'moved' | 'closing'): void {
    const { handler, log, group } = this.#options;
    const { partition } = tenure;
    tenure.over.abort(why);
    tenure.hasMoved = why === 'moved';
    this.#tenures.delete(partition);
    if (why === 'closing') this.#leaving.push(tenure);
    const ended = tenure.opened
      // A batch in hand may have failed because the partition had gone.
      .then(() => Promise.allSettled([...tenure.lanes.values()].map(({ running }) => running)))
      .then(() => (tenure.isAssigned ? handler.revoked?.(partition, why) : undefined))
      .catch((error: unknown) => {
        const where = { group, partition, reason: messageOf(error) };
        log.warn(where, 'A partition was not handed over cleanly.');
      });
    this.#ended.set(partition, ended);
  }

  async #startOf(
    { topic, topicName }: KafkaTopic,
    partition: number,
    asked: number | undefined,
  ): Promise<number> {
    const { admin, group, log } = this.#options;
    const bounds = (await boundsOf(admin, topicName)).find((one) => one.partition === partition);
    const { first, end } = bounds ?? { first: 0, end: 0 };
    const wanted = asked ?? (await this.#committed(topicName, partition)) ?? first;
    if (wanted >= first && wanted <= end) return wanted;
    const where = { topic, group, partition, wanted, first, end };
    if (wanted < first) {
      log.error({ ...where, missing: first - wanted }, 'Records were removed before this group read them.');
    } else {
      log.error(where, 'The log is shorter than this group has read; it starts over.');
    }
    return first;
  }

  async #committed(topicName: string, partition: number): Promise<number | undefined> {
    const { admin, groupId } = this.#options;
    const [committed] = await whenWarm(() => admin.fetchOffsets({ groupId, topics: [topicName] }));
    const offset = Number(committed?.partitions.find((one) => one.partition === partition)?.offset ?? -1);
    return offset < 0 ? undefined : offset;
  }

  async #take(payload: EachBatchPayload): Promise<void> {
    const { topic: topicName, partition } = payload.batch;
    this.#newest = payload;
    const tenure = this.#tenures.get(partition);
    const lane = tenure?.lanes.get(topicName);
    if (tenure === undefined || lane === undefined || !this.#mayGoOn(payload, tenure)) return;
    if (lane.isSlow) return;
    const messages = lane.due(payload);
    if (messages === undefined) {
      this.#orders.seek(lane);
      return;
    }
    const mayGoOn = () => this.#mayGoOn(payload, tenure);
    lane.running = this.#batches.handleAll(payload, { tenure, lane, messages }, mayGoOn);
    const isDone = await Promise.race([lane.running.then(() => true), sleep(SLOW_MS, false, { ref: false })]);
    if (!isDone) {
      void this.#takeItsTime(tenure, lane);
      return;
    }
    await payload.heartbeat();
  }

  async #takeItsTime(tenure: Tenure, lane: Lane): Promise<void> {
    lane.isSlow = true;
    this.#orders.pause([lane]);
    try {
      await lane.running;
    } finally {
      lane.isSlow = false;
    }
    if (tenure.over.signal.aborted || this.#closing.signal.aborted) return;
    this.#orders.seek(lane);
    if (!this.#isPaused) this.#orders.resume([lane]);
  }

  #mayGoOn(payload: EachBatchPayload, { over }: Tenure): boolean {
    if (over.signal.aborted || this.#isPaused || this.#mustRejoin || this.#closing.signal.aborted)
      return false;
    return payload.isRunning() && !payload.isStale();
  }
}
