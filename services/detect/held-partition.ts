import type { KeyId } from '../../detectors/event.ts';
import { AppError, whyOf } from '../errors.ts';
import type { Pace } from '../pace.ts';
import type { Mark } from '../topics.ts';
import type { Batch } from '../transports/transport.ts';
import type { Announcer, Saying, Speaker } from './announcer.ts';
import type { DetectDeps } from './deps.ts';
import { EventLog } from './event-log.ts';
import { handOn } from './hand-on.ts';
import { createJudge } from './judge.ts';
import { Partition } from './partition.ts';
import type { Results } from './partition.ts';
import { LONGEST_WAIT_MS, MAX_LEAD_MS, Peers } from './peers.ts';
import { Untold } from './untold.ts';
import { RowWriter } from './row-writer.ts';
import { isWorthSaying } from './worth-saying.ts';
import type { Said } from './worth-saying.ts';

/** What the store may take until the end. */
const CLOSE_ROWS_MS = 3_000;

/** Nothing has come for so long: perhaps there is nothing left. */
const QUIET_MS = 1_000;
/** Others may be waiting for what is this much further on in event time. */
const NEWS_MS = MAX_LEAD_MS / 4;

interface Holding {
  number: number;
  /** How many there are. */
  partitions: number;
  announcer: Announcer;
  /** From then on results that cannot be handed on are given up. */
  closing: AbortSignal;
  /** Somebody else has taken the state over. */
  onLost: () => void;
  /** Records of `events` that were not given to us yet. */
  lag: () => Promise<number>;
}

/** A partition while this process has it: restored when it comes, saved from time to time and when we leave, dropped when
 *  it moves to another process, which goes on from the newest checkpoint. */
export class HeldPartition implements Speaker {
  readonly #deps: DetectDeps;
  readonly #number: number;
  readonly #partition: Partition;
  readonly #writer: RowWriter;
  readonly #log: EventLog;
  readonly #peers: Peers;
  readonly #announcer: Announcer;
  readonly #closing: AbortSignal;
  readonly #onLost: () => void;
  readonly #lag: () => Promise<number>;
  readonly #handing = new Set<Promise<void>>();
  #saving: Promise<void> = Promise.resolve();
  #savedAt: number;
  /** Set when something judged could not be handed on: the state in memory is ahead of the topics. */
  #mayNotSave = false;

  /** Aborted when it goes. */
  #going = new AbortController().signal;
  /** What all partitions may know, because it is in its topics. */
  #mark: Mark | undefined;
  readonly #untold = new Untold();
  #said: Said | undefined;
  #areEventsInHand = false;
  /** Epoch milliseconds. */
  #busySince = 0;
  #lastEventsAt = performance.now();

  constructor(deps: DetectDeps, { number, partitions, announcer, closing, onLost, lag }: Holding) {
    this.#deps = deps;
    this.#number = number;
    this.#announcer = announcer;
    this.#peers = new Peers({ partition: number, partitions, now: deps.now });
    this.#closing = closing;
    this.#onLost = onLost;
    this.#lag = lag;
    this.#savedAt = deps.now();
    this.#log = new EventLog({ ...deps, partition: number });
    const rowsAgain = (from: number, to: number) => this.#log.rows(from, to);
    this.#writer = new RowWriter({ ...deps, partition: number, rowsAgain, onLost });
    const core = deps.createCore(number, partitions);
    const judge = createJudge(core, deps.enricher);
    const parts = { core, judge, peers: this.#peers, writer: this.#writer };
    this.#partition = new Partition({ ...deps, ...parts, partition: number });
  }

  /** Restores the newest checkpoint; answers where to read on, by topic. Ends early, having given back what it took, once
   *  `signal` is aborted: whoever has the partition then must not lose its state to us. */
  async open(signal: AbortSignal): Promise<Record<string, number>> {
    const startedAt = performance.now();
    this.#going = signal;
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
    this.#mark = this.#partition.mark();
    this.#busySince = this.#deps.now();
    this.#deps.metrics.checkpointRestore.set((performance.now() - startedAt) / 1000);
    const startAt = (topic: string) => this.#partition.startAt(topic);
    return { events: startAt('events'), facts: startAt('facts'), rollups: startAt('rollups') };
  }

  async handle(batch: Batch): Promise<void> {
    switch (batch.topic) {
      case 'events':
        return this.#handleEvents(batch);
      case 'rollups':
        return this.#handOn(this.#partition.judgeRollups(batch));
      default:
        return this.#handOn(this.#partition.applyFacts(batch));
    }
  }

  /** What is too far ahead of other partitions waits for them. */
  async #handleEvents(batch: Batch): Promise<void> {
    this.#areEventsInHand = true;
    this.#noteBusy();
    try {
      let hasWaited = false;
      for (let rest = batch; rest.records.length > 0;) {
        const mayJudge = hasWaited ? () => true : this.#peers.horizon(this.#busySince);
        const { results, judged, next } = this.#partition.judgeEvents(rest, mayJudge);
        await this.#handOn(results);
        if (next === undefined) return;
        rest = { ...rest, records: rest.records.slice(judged) };
        hasWaited = !(await this.#untilNear(next));
      }
    } finally {
      this.#areEventsInHand = false;
      this.#lastEventsAt = performance.now();
    }
  }

  /** False when the others have not come near in time: live events may wait behind this one. */
  async #untilNear(next: number): Promise<boolean> {
    this.#announcer.soon();
    const until = performance.now() + LONGEST_WAIT_MS;
    while (!this.#peers.horizon(this.#busySince)(next)) {
      if (performance.now() > until) {
        this.#deps.log.warn(
          { partition: this.#number, event: new Date(next).toISOString() },
          'Other partitions are still far behind; events are judged ahead of them.',
        );
        return false;
      }
      await this.#peers.change(this.#going);
      if (this.#going.aborted) throw new Error('The partition goes before its turn has come.');
    }
    return true;
  }

  #noteBusy(): void {
    if (performance.now() - this.#lastEventsAt > QUIET_MS) this.#busySince = this.#deps.now();
    if (this.#mark?.isIdle !== true) return;
    this.#mark.isIdle = false;
    this.#announcer.soon();
  }

  async passTime(): Promise<void> {
    if (this.#isBusy()) return;
    const lag = await this.#lag().catch(() => Infinity);
    if (this.#isBusy() || lag > 0) return;
    await this.#handOn(this.#partition.passTime());
  }

  #isBusy(): boolean {
    return this.#areEventsInHand || performance.now() - this.#lastEventsAt < QUIET_MS;
  }

  hasToSay(): boolean {
    if (this.#mark === undefined) return false;
    if (!this.#untold.isEmpty() || this.#peers.areWaiting()) return true;
    return isWorthSaying(this.#mark, this.#said, this.#deps.now());
  }

  /** How far it is and what it learned. */
  say(maxNews: number): Saying | undefined {
    if (this.#mark === undefined) return undefined;
    const mark = { ...this.#mark, news: this.#untold.some(maxNews) };
    const at = this.#deps.now();
    const wasTold = () => {
      this.#untold.wasTold(mark.news);
      this.#said = { mark, at };
    };
    return { mark, wasTold };
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

  async #handOn(results: Results): Promise<void> {
    const handing = handOn(this.#deps, results, this.#closing);
    this.#handing.add(handing);
    try {
      await handing;
      if (results.mark !== undefined) this.#noteMark(results.mark);
    } catch (error) {
      this.#mayNotSave = true;
      throw error;
    } finally {
      this.#handing.delete(handing);
    }
  }

  #noteMark(mark: Mark): void {
    this.#untold.add(mark.news);
    // Events may have come while time passed.
    if (mark.isIdle && this.#areEventsInHand) return;
    this.#mark = mark;
    if (mark.watermark - (this.#said?.mark.watermark ?? 0) > NEWS_MS) this.#announcer.soon();
  }

  async #saveNow(pace: Pace): Promise<void> {
    if (this.#isAhead()) return;
    try {
      await this.#partition.saveCheckpoint(pace, () => this.#everythingSaid());
      this.#savedAt = this.#deps.now();
    } catch (error) {
      if (this.#isAhead()) return;
      const { log } = this.#deps;
      const where = { partition: this.#number, ...whyOf(error) };
      if (error instanceof AppError && error.code === 'E_CHECKPOINT_LOST') {
        log.info(where, 'Another process has the partition now, or takes it over.');
        this.#onLost();
      } else {
        log.error(where, 'The checkpoint could not be saved.');
      }
    }
  }

  /** A checkpoint that includes events, but not what others should know of them, could lose that. */
  async #everythingSaid(): Promise<void> {
    await Promise.all(this.#handing);
    const end = this.#untold.end();
    while (this.#untold.isBefore(end)) {
      // Whoever has the partition now learns it again.
      if (this.#isAhead()) throw new Error('The partition goes before all was told.');
      await this.#announcer.announce();
    }
  }

  /** Asked again after each wait. */
  #isAhead(): boolean {
    return this.#mayNotSave;
  }
}
