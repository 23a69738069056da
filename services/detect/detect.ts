import { setTimeout as pause } from 'node:timers/promises';
import type { Core, Fact } from '../../detectors/detector.ts';
import type { KeyId } from '../../detectors/event.ts';
import type { CheckpointStore } from '../checkpoints/checkpoint-store.ts';
import type { Enricher } from '../enrichment/enricher.ts';
import { entityText } from '../entity-text.ts';
import { AppError, whyOf } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import { Pace } from '../pace.ts';
import type { Store } from '../stores/store.ts';
import { decodeEvent } from '../topics.ts';
import type { Rejected } from '../topics.ts';
import type { Batch, InRecord, OutRecord, Subscription, Transport } from '../transports/transport.ts';
import { eventRow } from './event-row.ts';
import { createJudge } from './judge.ts';
import { KeyTable } from './key-table.ts';
import { Partition } from './partition.ts';
import type { Results } from './partition.ts';
import { copyRejected } from './rejected-table.ts';
import { REPEAT_WINDOW, Repeats } from './repeats.ts';
import { RowWriter } from './row-writer.ts';

const CHECKPOINT_EVERY_MS = 30_000;
const GROUP = 'detect';

export interface DetectDeps {
  transport: Transport;
  checkpoints: CheckpointStore;
  store: Store;
  enricher: Enricher;
  createCore(partition: number): Core;
  log: Log;
  metrics: Metrics;
  now: () => number;
}

export interface Detect {
  /** Records of `events` not yet judged. */
  lag(): Promise<number>;
  /** Newest event time judged, epoch milliseconds; 0 before the first event. */
  watermark(): number;
  describeKey(keyId: KeyId): ReturnType<Core['describeKey']>;
  /** Finishes what is in hand, saves a checkpoint, leaves. */
  close(): Promise<void>;
}

/** Reads `events`, looks up place and network, judges, learns; writes `findings`, `rollups`, `commands` and the
 *  `events` table. State and offsets are saved together every 30 s, so a crash repeats at most that much, with the
 *  same result. */
export async function startDetect(deps: DetectDeps): Promise<Detect> {
  const detect = new DetectStep(deps);
  await detect.open();
  return detect;
}

class DetectStep implements Detect {
  readonly #deps: DetectDeps;
  readonly #partitions = new Map<number, Partition>();
  readonly #writers: RowWriter[] = [];
  readonly #keyTable: KeyTable;
  readonly #closing = new AbortController();
  #events: Subscription | undefined;
  #others: Subscription[] = [];
  #timer: NodeJS.Timeout | undefined;
  #saving: Promise<void> = Promise.resolve();
  #flushing: Promise<void> = Promise.resolve();
  #savedAt: number;
  /** Set when something judged could not be handed on: the state in memory is ahead of the topics. */
  #mayNotSave = false;

  constructor(deps: DetectDeps) {
    this.#deps = deps;
    this.#savedAt = deps.now();
    this.#keyTable = new KeyTable(deps);
  }

  async open(): Promise<void> {
    const { transport, metrics, now } = this.#deps;
    const count = await transport.partitions('events');
    await Promise.all(Array.from({ length: count }, (_, partition) => this.#openPartition(partition)));
    const starts = [...this.#partitions.values()].map((one) => one.startAt('facts', 0));
    const factsFrom = Math.min(...starts);
    this.#others.push(
      await transport.subscribe('facts', `${GROUP}-facts`, {
        startAt: () => Promise.resolve(factsFrom),
        handle: (batch) => this.#handleFacts(batch),
      }),
    );
    this.#others.push(
      await transport.subscribe('rollups', `${GROUP}-rollups`, {
        startAt: (partition) => Promise.resolve(this.#at(partition).startAt('rollups', partition)),
        handle: (batch) => this.#handOn(this.#at(batch.partition).judgeRollups(batch)),
      }),
    );
    this.#others.push(await copyRejected(this.#deps));
    this.#events = await transport.subscribe('events', GROUP, {
      startAt: (partition) => Promise.resolve(this.#at(partition).startAt('events', partition)),
      handle: (batch) => this.#handleEvents(batch),
    });
    this.#timer = setInterval(() => void this.#save(), CHECKPOINT_EVERY_MS);
    metrics.checkpointAge.set(0);
    this.#savedAt = now();
  }

  async lag(): Promise<number> {
    return (await this.#events?.lag()) ?? 0;
  }

  watermark(): number {
    return Math.max(0, ...[...this.#partitions.values()].map((one) => one.watermark()));
  }

  describeKey(keyId: KeyId) {
    for (const partition of this.#partitions.values()) {
      const summary = partition.describeKey(keyId);
      if (summary !== undefined) return summary;
    }
    return undefined;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    // A topic that cannot be written must not hold up the end; what was judged is judged again at the next start.
    const timer = setTimeout(() => {
      this.#closing.abort();
    }, 5_000);
    await this.#events?.close();
    await Promise.all(this.#others.map((one) => one.close()));
    clearTimeout(timer);
    this.#closing.abort();
    await this.#save();
    await this.#flushing;
    await Promise.all(this.#writers.map((writer) => writer.close(3_000)));
  }

  async #openPartition(number: number): Promise<void> {
    const { checkpoints, store, enricher, log, metrics, now } = this.#deps;
    const core = this.#deps.createCore(number);
    const rowsAgain = (from: number, to: number) => this.#rowsAgain(number, from, to);
    const writer = new RowWriter({ partition: number, store, checkpoints, rowsAgain, log, metrics });
    const judge = createJudge(core, enricher);
    const partition = new Partition({ partition: number, core, judge, writer, checkpoints, metrics, now });
    await partition.open();
    for await (const records of this.#before(number, partition.startAt('events', number)))
      partition.noteSeen(records);
    this.#writers.push(writer);
    this.#partitions.set(number, partition);
  }

  #at(number: number): Partition {
    const partition = this.#partitions.get(number);
    if (partition === undefined) throw new RangeError(`Partition ${number.toString()} is not open.`);
    return partition;
  }

  async #handleEvents(batch: Batch): Promise<void> {
    const { metrics, now } = this.#deps;
    const partition = this.#at(batch.partition);
    const results = partition.judgeEvents(batch);
    metrics.watermarkAge.set((now() - partition.watermark()) / 1000);
    metrics.storeBacklog.set(this.#writers.reduce((sum, writer) => sum + writer.backlog(), 0));
    this.#keyTable.noteChanged(partition.takeChangedKeys(), (keyId) => partition.describeKey(keyId));
    await this.#handOn(results);
  }

  async #handleFacts(batch: Batch): Promise<void> {
    for (const { offset, value } of batch.records) {
      const fact = JSON.parse(value) as Fact;
      for (const partition of this.#partitions.values())
        await this.#handOn(partition.applyFact(offset, fact));
    }
  }

  /** Puts results into their topics, however long that takes: the events they come from are learned already and
   *  must not be judged a second time. */
  async #handOn({ findings, commands, rollups, unreadable }: Results): Promise<void> {
    const { metrics, now } = this.#deps;
    for (const { detector } of findings) metrics.findings.inc({ detector });
    await this.#append(
      'findings',
      findings.map((one) => ({ key: entityText(one.entity), id: one.findingId, value: JSON.stringify(one) })),
    );
    await this.#append(
      'commands',
      commands.map((one) => ({ key: one.type, id: one.commandId, value: JSON.stringify(one) })),
    );
    await this.#append(
      'rollups',
      rollups.map((one) => ({
        key: one.team,
        id: `${one.team}/${one.minute.toString()}/${one.partition.toString()}`,
        value: JSON.stringify(one),
      })),
    );
    await this.#append(
      'rejected',
      unreadable.map(({ offset, sizeBytes }) => {
        metrics.recordsRejected.inc({ format: 'events', code: 'damaged_record' });
        return {
          key: 'events',
          id: `events/${offset.toString()}`,
          value: JSON.stringify(damaged(now(), offset, sizeBytes)),
        };
      }),
    );
  }

  async #append(topic: string, records: OutRecord[]): Promise<void> {
    if (records.length === 0) return;
    const { transport, log } = this.#deps;
    for (let pauseMs = 100; ; pauseMs = Math.min(pauseMs * 2, 10_000)) {
      try {
        await transport.append(topic, records);
        return;
      } catch (error) {
        log.error({ topic, ...whyOf(error) }, 'Results wait for the log.');
        if (this.#closing.signal.aborted) {
          this.#mayNotSave = true;
          throw error;
        }
        await pause(pauseMs, undefined, { signal: this.#closing.signal }).catch(() => undefined);
      }
    }
  }

  /** Saves a checkpoint; one at a time. A failed one is logged and made up for by the next. */
  #save(): Promise<void> {
    this.#saving = this.#saving.then(() => this.#saveNow());
    return this.#saving;
  }

  async #saveNow(): Promise<void> {
    const { log, metrics, now } = this.#deps;
    if (this.#mayNotSave) return;
    try {
      for (const partition of this.#partitions.values()) await partition.saveCheckpoint(this.#pace());
      this.#savedAt = now();
    } catch (error) {
      log.error(whyOf(error), 'The checkpoint could not be saved.');
    }
    metrics.checkpointAge.set((now() - this.#savedAt) / 1000);
    // A store that is slow must not hold up the next checkpoint.
    this.#flushing = this.#flushing.then(() => this.#keyTable.flush(this.#pace()));
  }

  #pace(): Pace {
    return new Pace(this.#closing.signal);
  }

  async *#rowsAgain(partition: number, from: number, to: number): AsyncGenerator<readonly string[]> {
    const { transport, enricher } = this.#deps;
    const repeats = new Repeats();
    for await (const records of this.#before(partition, from))
      for (const record of records) repeats.isRepeat(record);
    for await (const records of transport.read('events', partition, from, to)) {
      yield records.map((record) => (repeats.isRepeat(record) ? '' : rowOf(record.value, enricher)));
    }
  }

  /** As many records before an offset as a repeat may lie back; none where there are no repeats. */
  async *#before(partition: number, offset: number): AsyncGenerator<readonly InRecord[]> {
    const from = Math.max(0, offset - REPEAT_WINDOW);
    try {
      for await (const records of this.#deps.transport.read('events', partition, from, offset)) {
        if (records[0]?.id === undefined) return;
        yield records;
      }
    } catch (error) {
      // Past retention, and with it every repeat of them.
      if (!(error instanceof AppError && error.code === 'E_NOT_FOUND')) throw error;
    }
  }
}

/** Empty for a damaged record: it was counted and put into `rejected` when it was judged. */
function rowOf(value: string, enricher: Enricher): string {
  const event = decodeEvent(value);
  return event === undefined ? '' : eventRow(value, enricher.lookup(event.ip));
}

function damaged(at: number, offset: number, sizeBytes: number): Rejected {
  const reason = `Record ${offset.toString()} of the log is damaged.`;
  return {
    at,
    gateway: '',
    format: 'events',
    code: 'damaged_record',
    reason,
    index: 0,
    sizeBytes,
    sha256: '',
  };
}
