import type { KeyId } from '../../detectors/event.ts';
import { AppError, whyOf } from '../errors.ts';
import type { Pace } from '../pace.ts';
import type { Batch } from '../transports/transport.ts';
import type { DetectDeps } from './deps.ts';
import { EventLog } from './event-log.ts';
import { handOn } from './hand-on.ts';
import { createJudge } from './judge.ts';
import { Partition } from './partition.ts';
import type { Results } from './partition.ts';
import { RowWriter } from './row-writer.ts';

/** What the store may take until the end. */
const CLOSE_ROWS_MS = 3_000;

interface Holding {
  number: number;
  /** From then on results that cannot be handed on are given up. */
  closing: AbortSignal;
  /** Somebody else has taken the state over. */
  onLost: () => void;
}

/** A partition while this process has it: restored when it comes, saved from time to time and when we leave, dropped when
 *  it moves to another process, which goes on from the newest checkpoint. */
export class HeldPartition {
  readonly #deps: DetectDeps;
  readonly #number: number;
  readonly #partition: Partition;
  readonly #writer: RowWriter;
  readonly #log: EventLog;
  readonly #closing: AbortSignal;
  readonly #onLost: () => void;
  readonly #handing = new Set<Promise<void>>();
  #saving: Promise<void> = Promise.resolve();
  #savedAt: number;
  /** Set when something judged could not be handed on: the state in memory is ahead of the topics. */
  #mayNotSave = false;

  constructor(deps: DetectDeps, { number, closing, onLost }: Holding) {
    this.#deps = deps;
    this.#number = number;
    this.#closing = closing;
    this.#onLost = onLost;
    this.#savedAt = deps.now();
    this.#log = new EventLog({ ...deps, partition: number });
    const rowsAgain = (from: number, to: number) => this.#log.rows(from, to);
    this.#writer = new RowWriter({ ...deps, partition: number, rowsAgain, onLost });
    const core = deps.createCore(number);
    const judge = createJudge(core, deps.enricher);
    this.#partition = new Partition({ ...deps, partition: number, core, judge, writer: this.#writer });
  }

  /** Restores the newest checkpoint; answers where to read on, by topic. Ends early, having given back what it took, once
   *  `signal` is aborted: whoever has the partition then must not lose its state to us. */
  async open(signal: AbortSignal): Promise<Record<string, number>> {
    const startedAt = performance.now();
    try {
      await this.#partition.open(signal);
      for await (const records of this.#log.before(this.#partition.startAt('events'))) {
        signal.throwIfAborted();
        this.#partition.noteSeen(records);
      }
    } catch (error) {
      await this.drop();
      throw error;
    }
    this.#deps.metrics.checkpointRestore.set((performance.now() - startedAt) / 1000);
    const startAt = (topic: string) => this.#partition.startAt(topic);
    return { events: startAt('events'), facts: startAt('facts'), rollups: startAt('rollups') };
  }

  async handle(batch: Batch): Promise<void> {
    const results = this.#judge(batch);
    const handing = this.#handOn(results);
    this.#handing.add(handing);
    try {
      await handing;
    } finally {
      this.#handing.delete(handing);
    }
  }

  watermark(): number {
    return this.#partition.watermark();
  }

  /** Epoch milliseconds of the newest checkpoint. */
  savedAt(): number {
    return this.#savedAt;
  }

  /** Rows that wait for the store. */
  backlog(): number {
    return this.#writer.backlog();
  }

  takeChangedKeys(): KeyId[] {
    return this.#partition.takeChangedKeys();
  }

  describeKey(keyId: KeyId) {
    return this.#partition.describeKey(keyId);
  }

  /** Saves a checkpoint; one at a time. A failed one is logged and made up for by the next. */
  save(pace: Pace): Promise<void> {
    this.#saving = this.#saving.then(() => this.#saveNow(pace));
    return this.#saving;
  }

  /** Saves, and writes what the store takes in time; the rest is made again by whoever has the partition next. */
  async close(pace: Pace): Promise<void> {
    await this.save(pace);
    await this.#writer.close(CLOSE_ROWS_MS);
    await this.#partition.release();
  }

  /** Another process has it: whatever is not saved is done again there. */
  async drop(): Promise<void> {
    this.#mayNotSave = true;
    await this.#writer.abandon();
    await this.#saving;
    await this.#partition.release();
  }

  #judge(batch: Batch): Results {
    switch (batch.topic) {
      case 'events':
        return this.#partition.judgeEvents(batch);
      case 'rollups':
        return this.#partition.judgeRollups(batch);
      default:
        return this.#partition.applyFacts(batch);
    }
  }

  async #handOn(results: Results): Promise<void> {
    try {
      await handOn(this.#deps, results, this.#closing);
    } catch (error) {
      this.#mayNotSave = true;
      throw error;
    }
  }

  async #saveNow(pace: Pace): Promise<void> {
    if (this.#isAhead()) return;
    try {
      await this.#partition.saveCheckpoint(pace, () => Promise.all(this.#handing));
      this.#savedAt = this.#deps.now();
    } catch (error) {
      if (this.#isAhead()) return;
      if (error instanceof AppError && error.code === 'E_CHECKPOINT_LOST') this.#onLost();
      const where = { partition: this.#number, ...whyOf(error) };
      this.#deps.log.error(where, 'The checkpoint could not be saved.');
    }
  }

  #isAhead(): boolean {
    return this.#mayNotSave;
  }
}
