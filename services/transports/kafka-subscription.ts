import { setTimeout as sleep } from 'node:timers/promises';
import type {
  Admin,
  Consumer,
  ConsumerCrashEvent,
  ConsumerGroupJoinEvent,
  EachBatchPayload,
  Kafka,
} from 'kafkajs';
import { AppError, messageOf } from '../errors.ts';
import { kafkaUnavailable, whenWarm } from '../kafka/client.ts';
import { togetherAssigner } from '../kafka/together-assigner.ts';
import { boundsOf } from '../kafka/topics.ts';
import type { Log } from '../log.ts';
import { Lane } from './kafka-lane.ts';
import type { Handler, InRecord, Share, Subscription } from './transport.ts';

const MAX_BATCH_RECORDS = 1_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 30_000;
/** The client's default of 5 s makes everything that waits for a fetch slow: joining, leaving, seeking. */
const MAX_WAIT_MS = 300;
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

export interface KafkaTopic {
  /** As the rest of gatewatch calls it. */
  topic: string;
  /** Its full name. */
  topicName: string;
}

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

/** The time during which a partition is ours, in all topics. */
interface Tenure {
  partition: number;
  topics: readonly KafkaTopic[];
  lanes: Map<string, Lane>;
  /** Aborted: nothing more is taken. */
  over: AbortController;
  /** Somebody else commits from now on. */
  hasMoved: boolean;
  /** The handler was asked where to start, and has to be told of the end. */
  isAssigned: boolean;
  opened: Promise<void>;
}

/** One member of a consumer group. Where a partition is read from is the handler's to say (its checkpoint), and is found
 *  out anew each time the partition comes back from somebody else. Offsets are committed after their effect. */
export class KafkaSubscription implements Subscription {
  readonly #options: KafkaSubscriptionOptions;
  readonly #consumer: Consumer;
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
  #crashes = 0;
  #joined: (() => void) | undefined;

  constructor(options: KafkaSubscriptionOptions) {
    this.#options = options;
    // Whoever stood still for too long has them no more.
    const has = () => (this.isSure() ? [...this.#tenures.keys()] : []);
    this.#consumer = options.kafka.consumer({
      groupId: options.groupId,
      partitionAssigners: [togetherAssigner({ share: options.share, has })],
      sessionTimeout: SESSION_MS,
      rebalanceTimeout: REBALANCE_MS,
      heartbeatInterval: HEARTBEAT_MS,
      maxWaitTimeInMs: MAX_WAIT_MS,
      allowAutoTopicCreation: false,
      retry: {
        // The client looks for the group's coordinator when it joins only, so it must give up and join anew.
        retries: 3,
        initialRetryTime: 200,
        maxRetryTime: 1_000,
        restartOnFailure: () => Promise.resolve(true),
      },
    });
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
      this.#noteHeard('Heartbeat');
    });
    this.#consumer.on(REBALANCING, () => this.#options.handler.rebalancing?.());
    this.#consumer.on(CRASH, (event) => void this.#restart(event));
    await whenWarm(() => this.#consumer.connect());
    for (const { topicName } of this.topics)
      await this.#consumer.subscribe({ topic: topicName, fromBeginning: true });
    await this.#run();
    await joined;
    await Promise.all([...this.#tenures.values()].map(({ opened }) => opened));
  }

  async lag(topic?: string, only?: number): Promise<number> {
    let lag = 0;
    for (const wanted of this.topics) {
      if (topic !== undefined && wanted.topic !== topic) continue;
      for (const { partition, first, end } of await boundsOf(this.#options.admin, wanted.topicName)) {
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
    for (const { lanes } of this.#tenures.values()) this.#tell('pause', [...lanes.values()].map(asPaused));
  }

  resume(): void {
    this.#isPaused = false;
    for (const { lanes } of this.#tenures.values()) this.#goOn([...lanes.values()]);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    for (const tenure of this.#tenures.values()) this.#end(tenure, 'closing');
    await Promise.race([
      Promise.all(this.#ended.values()),
      sleep(HAND_BACK_WITHIN_MS, undefined, { ref: false }),
    ]);
    await Promise.race([this.#consumer.disconnect(), sleep(LEAVE_WITHIN_MS, undefined, { ref: false })]);
    this.#options.onClose();
  }

  #noteHeard(request: string): void {
    const ago = Date.now() - (this.#sentAt.get(request) ?? 0);
    this.#heardAt = performance.now() - Math.max(0, ago);
  }

  #run(): Promise<void> {
    return this.#consumer.run({
      autoCommit: true,
      autoCommitInterval: COMMIT_EVERY_MS,
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
      const pauseMs = this.#pauseMs((this.#crashes += 1));
      log.error({ group, reason: kafkaUnavailable(brokers, error).message, pauseMs }, 'Reading stopped.');
      await this.#rest(pauseMs);
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
    const assigned = new Set(Object.values(memberAssignment).flat());
    for (const tenure of this.#tenures.values()) {
      if (memberId === this.#memberId && assigned.has(tenure.partition)) this.#putInStep(tenure);
      else this.#end(tenure, 'moved');
    }
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

  /** After joining, the client reads from where the group's commits stand. */
  #putInStep({ lanes }: Tenure): void {
    for (const lane of lanes.values()) {
      if (lane.isSlow) this.#tell('pause', [asPaused(lane)]);
      else this.#seek(lane);
    }
  }

  #seek(lane: Lane): void {
    const place = lane.seek();
    this.#unlessRestarting(() => {
      this.#consumer.seek(place);
    });
  }

  #tell(what: 'pause' | 'resume', partitions: { topic: string; partitions: number[] }[]): void {
    this.#unlessRestarting(() => {
      this.#consumer[what](partitions);
    });
  }

  /** Between a crash and its restart the client takes no orders; when it joins again, every lane is put in step. */
  #unlessRestarting(order: () => void): void {
    try {
      order();
    } catch (error) {
      this.#options.log.debug(
        { group: this.#options.group, reason: messageOf(error) },
        'The client restarts.',
      );
    }
  }

  #goOn(lanes: readonly Lane[]): void {
    this.#tell('resume', lanes.filter(({ isSlow }) => !isSlow).map(asPaused));
  }

  #begin(partition: number, topics: readonly KafkaTopic[]): void {
    const tenure: Tenure = {
      ...{ partition, topics, lanes: new Map<string, Lane>() },
      ...{ over: new AbortController(), hasMoved: false, isAssigned: false, opened: Promise.resolve() },
    };
    this.#tenures.set(partition, tenure);
    // Until it is known from where. A batch that waited for it would hold up the others.
    this.#tell(
      'pause',
      topics.map(({ topicName }) => asPaused({ topicName, partition })),
    );
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
        await this.#pauseAfter(error, { topic: topics[0]?.topic ?? '', partition, failures });
      }
    }
  }

  async #assign(tenure: Tenure): Promise<Readonly<Record<string, number>>> {
    tenure.isAssigned = true;
    return (await this.#options.handler.assigned?.(tenure.partition, tenure.over.signal)) ?? {};
  }

  #startReading(tenure: Tenure): void {
    this.#putInStep(tenure);
    if (!this.#isPaused) this.#goOn([...tenure.lanes.values()]);
  }

  #end(tenure: Tenure, why: 'moved' | 'closing'): void {
    const { handler, log, group } = this.#options;
    const { partition } = tenure;
    tenure.over.abort(why);
    tenure.hasMoved = why === 'moved';
    this.#tenures.delete(partition);
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
    const tenure = this.#tenures.get(partition);
    const lane = tenure?.lanes.get(topicName);
    if (tenure === undefined || lane === undefined || !this.#mayGoOn(payload, tenure)) return;
    if (lane.isSlow) return;
    const records = lane.due(payload);
    if (records === undefined) {
      this.#seek(lane);
      return;
    }
    lane.running = this.#handleAll(payload, { tenure, lane, records });
    const isDone = await Promise.race([lane.running.then(() => true), sleep(SLOW_MS, false, { ref: false })]);
    if (!isDone) {
      void this.#takeItsTime(tenure, lane);
      return;
    }
    await payload.heartbeat();
  }

  async #takeItsTime(tenure: Tenure, lane: Lane): Promise<void> {
    lane.isSlow = true;
    this.#tell('pause', [asPaused(lane)]);
    // A commit that failed is made up for by the next one.
    await lane.running.catch(() => undefined);
    lane.isSlow = false;
    if (tenure.over.signal.aborted || this.#closing.signal.aborted) return;
    this.#seek(lane);
    if (!this.#isPaused) this.#goOn([lane]);
  }

  #mayGoOn(payload: EachBatchPayload, { over }: Tenure): boolean {
    if (over.signal.aborted || this.#isPaused || this.#closing.signal.aborted) return false;
    return payload.isRunning() && !payload.isStale();
  }

  async #handleAll(
    payload: EachBatchPayload,
    { tenure, lane, records }: { tenure: Tenure; lane: Lane; records: readonly InRecord[] },
  ): Promise<void> {
    // The client sends heartbeats between batches only; a batch may take longer than a session.
    let mustRejoin = false;
    const beat = setInterval(() => {
      payload.heartbeat().catch(() => (mustRejoin = true));
    }, HEARTBEAT_MS);
    const mayGoOn = () => !mustRejoin && this.#mayGoOn(payload, tenure);
    try {
      for (let from = 0; from < records.length && mayGoOn(); from += MAX_BATCH_RECORDS) {
        const piece = records.slice(from, from + MAX_BATCH_RECORDS);
        const last = piece.at(-1);
        if (last === undefined || !(await this.#handle(tenure, lane, { records: piece, mayGoOn }))) return;
        lane.moveTo(last.offset + 1);
        if (tenure.hasMoved) return;
        payload.resolveOffset(last.offset.toString());
        await payload.commitOffsetsIfNecessary();
      }
    } finally {
      clearInterval(beat);
    }
  }

  /** False when the partition is lost, or everything ends, before it was handled. */
  async #handle(
    { over }: Tenure,
    lane: Lane,
    { records, mayGoOn }: { records: readonly InRecord[]; mayGoOn: () => boolean },
  ): Promise<boolean> {
    const { topic, partition } = lane;
    for (let failures = 1; ; failures += 1) {
      try {
        await this.#options.handler.handle({ topic, partition, records });
        return true;
      } catch (error) {
        if (over.signal.aborted) return false;
        this.#options.onRetry(topic);
        await this.#pauseAfter(error, { topic, partition, failures });
        if (!mayGoOn()) return false;
      }
    }
  }

  async #pauseAfter(
    error: unknown,
    at: { topic: string; partition: number; failures: number },
  ): Promise<void> {
    const { group, log } = this.#options;
    const pauseMs = this.#pauseMs(at.failures);
    const code = error instanceof AppError ? error.code : undefined;
    log.warn(
      { group, ...at, code, reason: messageOf(error), pauseMs },
      'A batch was not handled and comes again.',
    );
    await this.#rest(pauseMs);
  }

  #pauseMs(failures: number): number {
    return Math.min(FIRST_PAUSE_MS * 2 ** (failures - 1), LONGEST_PAUSE_MS);
  }

  async #rest(pauseMs: number): Promise<void> {
    await sleep(pauseMs, undefined, { signal: this.#closing.signal }).catch(() => undefined);
  }
}

function asPaused({ topicName, partition }: { topicName: string; partition: number }) {
  return { topic: topicName, partitions: [partition] };
}
