import type { Core, Fact, Rollup } from '../../detectors/detector.ts';
import type { Event, KeyId } from '../../detectors/event.ts';
import type { CheckpointStore, OpenCheckpoint } from '../checkpoints/checkpoint-store.ts';
import type { Metrics } from '../metrics.ts';
import type { Pace } from '../pace.ts';
import { messageOf } from '../errors.ts';
import type { Log } from '../log.ts';
import { decodeEvent, encodeEvent, LATE_MS } from '../topics.ts';
import type { Command, Finding, Mark, TopicRecords } from '../topics.ts';
import type { Batch, InRecord, Transport } from '../transports/transport.ts';
import { ContainmentWatch } from './containment-watch.ts';
import { eventRow } from './event-row.ts';
import type { Judge } from './judge.ts';
import type { Peers } from './peers.ts';
import { Repeats } from './repeats.ts';
import type { RowWriter } from './row-writer.ts';
import { Snapshot } from './snapshot.ts';

const WATCH_ENTRY = 'containment-watch';
const WATERMARK_ENTRY = 'watermark';
/** What clocks may differ before somebody should know, and how often it is said. */
const CLOCK_MS = 5_000;
const CLOCK_TELL_MS = 3_600_000;

export interface PartitionDeps {
  partition: number;
  core: Core;
  judge: Judge;
  peers: Peers;
  writer: RowWriter;
  checkpoints: CheckpointStore;
  transport: Pick<Transport, 'endOffset'>;
  log: Log;
  metrics: Metrics;
  now: () => number;
}

/** What a batch led to; everything of it goes into topics before the batch is let go. */
export interface Results {
  findings: Finding[];
  commands: Command[];
  rollups: Rollup[];
  unjudged: Unjudged[];
  /** What it says to the other partitions, once everything else is in its topic; undefined when nothing is new. */
  mark?: Mark;
}

export interface JudgedEvents {
  results: Results;
  /** How many of the records. */
  judged: number;
  /** The event that is too far ahead of other partitions to be judged now, epoch milliseconds. */
  next: number | undefined;
}

/** A record that was left out: damage, or something at which a detector failed. */
export interface Unjudged {
  topic: string;
  partition: number;
  offset: number;
  sizeBytes: number;
  code: 'damaged_record' | 'not_judged';
}

const noResults = (): Results => ({ findings: [], commands: [], rollups: [], unjudged: [] });

/** One partition of `events` with the rollups that come back to it: its detectors, their memory, its checkpoint. */
export class Partition {
  readonly #deps: PartitionDeps;
  readonly #watch = new ContainmentWatch();
  readonly #repeats = new Repeats();
  #checkpoint: OpenCheckpoint | undefined;
  #offsets: Record<string, number> = {};
  #watermark = 0;
  #clockToldAt = -Infinity;
  #lastOrigin = { receivedAt: 0, isImport: false };
  #snapshot: Snapshot | undefined;
  /** Entries of a checkpoint that could not be saved; they belong to the next one. */
  #unsaved: readonly string[] = [];
  #keysChanged = new Set<KeyId>();

  constructor(deps: PartitionDeps) {
    this.#deps = deps;
  }

  /** Restores the last checkpoint. Takes nothing from anybody once `signal` is aborted. */
  async open(signal: AbortSignal): Promise<void> {
    const { checkpoints, core, writer } = this.#deps;
    signal.throwIfAborted();
    const { found, checkpoint } = await checkpoints.open(`detect/${this.#deps.partition.toString()}`);
    this.#checkpoint = checkpoint;
    signal.throwIfAborted();
    this.#offsets = { ...found?.offsets };
    for (const [name, text] of found?.entries ?? []) {
      if (name === WATCH_ENTRY) this.#watch.restore(text);
      else if (name === WATERMARK_ENTRY) this.#watermark = Number(text);
      else core.restore(name, text);
    }
    await this.#dropForeignOffsets();
    await writer.open(this.startAt('events'), await this.#endOf('events'));
  }

  /** A topic that ends before what was judged of it was deleted and made anew. What it holds now was never judged. */
  async #dropForeignOffsets(): Promise<void> {
    for (const topic of ['events', 'facts', 'rollups']) {
      const end = await this.#endOf(topic);
      const wanted = this.startAt(topic);
      if (wanted <= end) continue;
      const where = { topic, partition: this.#deps.partition, wanted, end };
      this.#deps.log.error(
        where,
        'The log is shorter than was judged of it; it is judged from its beginning.',
      );
      this.#offsets[this.#offsetName(topic)] = 0;
    }
  }

  #endOf(topic: string): Promise<number> {
    return this.#deps.transport.endOffset(topic, this.#deps.partition);
  }

  /** Records of before the first one to be judged. */
  noteSeen(records: readonly InRecord[]): void {
    for (const record of records) this.#repeats.isRepeat(record);
  }

  /** Offset to read our partition of a topic from. Only what a checkpoint includes was judged for good: what the group has
   *  committed since is judged again. */
  startAt(topic: string): number {
    return this.#offsets[this.#offsetName(topic)] ?? 0;
  }

  watermark(): number {
    return this.#watermark;
  }

  /** `mayJudge`: says of an event time whether it is too far ahead of other partitions. What is not ahead of our own newest
   *  event is ahead of nobody. */
  judgeEvents(batch: Batch, mayJudge: (ts: number) => boolean): JudgedEvents {
    const results = noResults();
    let judged = 0;
    let next: number | undefined;
    for (const record of batch.records) {
      const { offset, value } = record;
      const event = decodeEvent(value);
      if (event !== undefined && event.ts > this.#watermark && !mayJudge(event.ts)) {
        next = event.ts;
        break;
      }
      judged += 1;
      if (this.#repeats.isRepeat(record)) {
        this.#deps.metrics.eventsDuplicate.inc({ format: 'events' });
        this.#deps.writer.add(offset, '');
        continue;
      }
      if (event === undefined) {
        this.#leaveOut(batch, record, results, 'damaged_record');
        this.#deps.writer.add(offset, '');
        continue;
      }
      this.#judgeOrLeaveOut(batch, record, event, results);
    }
    this.#moveTo(batch.topic, batch.records[judged - 1]);
    this.#passTime(this.#watermark, results);
    this.#deps.metrics.eventsJudged.inc(judged);
    this.#deps.metrics.profilesForgotten.inc(this.#deps.core.takeForgotten());
    results.mark = { ...this.mark(), ...(next === undefined ? {} : { next }) };
    return { results, judged, next };
  }

  /** There is nothing left to be judged: time passes as it does for the other partitions. */
  passTime(): Results {
    const results = noResults();
    this.#passTime(Math.max(this.#watermark, this.#deps.peers.watermark()), results);
    results.mark = { ...this.mark(), isIdle: true };
    return results;
  }

  #passTime(watermark: number, results: Results): void {
    if (this.#snapshot === undefined)
      results.findings.push(...this.#deps.judge.tick(watermark, this.#lastOrigin));
    results.rollups.push(...this.#deps.core.drainRollups());
  }

  /** What other partitions may know of this one once what was judged by now is in its topics. News is given once. */
  mark(): Mark {
    return {
      partition: this.#deps.partition,
      watermark: this.#watermark,
      next: this.#watermark,
      openFrom: this.#deps.core.rollupsOpenFrom(),
      isIdle: false,
      news: this.#deps.core.drainNews(),
    };
  }

  /** One event at which a detector fails must not hold up all that come after it. It is stored, counted and shown. */
  #judgeOrLeaveOut(batch: Batch, record: InRecord, event: Event, results: Results): void {
    const { judge, writer, log } = this.#deps;
    const { offset, value } = record;
    try {
      this.#judgeOne({ offset, value }, event, results);
    } catch (error) {
      const where = { topic: batch.topic, partition: batch.partition, offset };
      log.error({ ...where, reason: messageOf(error) }, 'An event could not be judged and is left out.');
      this.#leaveOut(batch, record, results, 'not_judged');
      writer.add(offset, eventRow(value, judge.lookup(event)));
    }
  }

  #leaveOut(
    { topic, partition }: Batch,
    { offset, value }: InRecord,
    { unjudged }: Results,
    code: Unjudged['code'],
  ): void {
    unjudged.push({ topic, partition, offset, sizeBytes: value.length, code });
  }

  #judgeOne({ offset, value }: { offset: number; value: string }, event: Event, results: Results): void {
    const { judge, writer, metrics } = this.#deps;
    const { keyAlias, team, teamAlias, user } = event;
    this.#snapshot?.beforeChange(event.keyId);
    const { context, findings } = judge.judgeEvent(event);
    const command = this.#watch.observe(event);
    // The gateway forgets the names of a deleted key; the core fills them in.
    const hasItsNames =
      event.keyAlias === keyAlias &&
      event.team === team &&
      event.teamAlias === teamAlias &&
      event.user === user;
    writer.add(offset, eventRow(hasItsNames ? value : encodeEvent(event), context));
    if (findings.length > 0) results.findings.push(...findings);
    if (command !== undefined) results.commands.push(command);
    if (event.receivedAt - event.ts > LATE_MS) metrics.eventsLate.inc();
    if (event.ipTrust === 'none') metrics.addressesUnusable.inc({ reason: 'none' });
    if (event.ts > this.#watermark) this.#watermark = event.ts;
    if (event.keyId !== '') this.#keysChanged.add(event.keyId);
    this.#lastOrigin = event;
  }

  /** What the partitions say about minutes of our teams, and about themselves. */
  judgeRollups(batch: Batch): Results {
    const results = noResults();
    const { core, judge, peers, partition } = this.#deps;
    this.#eachRecord(batch, results, ({ value, appendedAt }) => {
      const record = JSON.parse(value) as TopicRecords['rollups'];
      if ('marks' in record) {
        this.#checkClock(appendedAt);
        for (const mark of record.marks) {
          peers.note(mark);
          if (mark.partition !== partition) core.learnNews(mark.news);
        }
      } else {
        core.takeRollup(record);
      }
      for (const rollup of core.closeMinutes(peers.closedBefore())) {
        const isImport = appendedAt - rollup.minute > LATE_MS;
        results.findings.push(...judge.judgeRollup(rollup, { receivedAt: appendedAt, isImport }));
      }
    });
    return results;
  }

  /** Every process stamps its marks, and every other one reads them: of two clocks that differ, one sees the other ahead. */
  #checkClock(appendedAt: number): void {
    const now = this.#deps.now();
    const aheadMs = appendedAt - now;
    if (aheadMs < CLOCK_MS || now - this.#clockToldAt < CLOCK_TELL_MS) return;
    this.#clockToldAt = now;
    this.#deps.log.warn(
      { partition: this.#deps.partition, aheadMs },
      'The clock of another machine is ahead of this one. Set all of them by NTP.',
    );
  }

  applyFacts(batch: Batch): Results {
    const results = noResults();
    this.#eachRecord(batch, results, ({ value }) => {
      const fact = JSON.parse(value) as Fact;
      this.#snapshot?.beforeChange(fact.keyId);
      const proof = this.#watch.applyFact(fact);
      if (proof !== undefined) results.commands.push(proof);
      results.findings.push(...this.#deps.judge.judgeFact(fact, this.#deps.now()));
    });
    return results;
  }

  /** Our own steps wrote these; what fails is damage. */
  #eachRecord(batch: Batch, results: Results, apply: (record: InRecord) => void): void {
    for (const record of batch.records) {
      try {
        apply(record);
      } catch (error) {
        const where = { topic: batch.topic, partition: batch.partition, offset: record.offset };
        this.#deps.log.error({ ...where, reason: messageOf(error) }, 'A record is damaged and left out.');
        this.#leaveOut(batch, record, results, 'damaged_record');
      }
    }
    this.#moveTo(batch.topic, batch.records.at(-1));
  }

  /** Keys judged since the last call. */
  takeChangedKeys(): KeyId[] {
    const keys = [...this.#keysChanged];
    this.#keysChanged = new Set();
    return keys;
  }

  describeKey(keyId: KeyId) {
    return this.#deps.core.describeKey(keyId);
  }

  /** Saves state and offsets together. Judging goes on meanwhile. `handedOn`: resolves when all results up to now are in
   *  their topics; before that, a checkpoint that includes their events could lose them. */
  async saveCheckpoint(pace: Pace, handedOn: () => Promise<unknown>): Promise<void> {
    const snapshot = new Snapshot(this.#deps.core, this.#unsaved);
    const offsets = { ...this.#offsets };
    const results = handedOn();
    // It may fail before its turn comes.
    results.catch(() => undefined);
    snapshot.changed.set(WATCH_ENTRY, this.#watch.save());
    snapshot.changed.set(WATERMARK_ENTRY, this.#watermark.toString());
    this.#snapshot = snapshot;
    try {
      await snapshot.finish(pace);
      await results;
      await this.#checkpoint?.save({ offsets, changed: snapshot.changed });
      this.#unsaved = [];
    } catch (error) {
      this.#unsaved = [...snapshot.changed.keys()].filter(
        (name) => name !== WATCH_ENTRY && name !== WATERMARK_ENTRY,
      );
      throw error;
    } finally {
      this.#snapshot = undefined;
    }
  }

  async release(): Promise<void> {
    await this.#checkpoint?.release();
  }

  #moveTo(topic: string, last: InRecord | undefined): void {
    if (last !== undefined) this.#offsets[this.#offsetName(topic)] = last.offset + 1;
  }

  #offsetName(topic: string): string {
    return `${topic}/${this.#deps.partition.toString()}`;
  }
}
