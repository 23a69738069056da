import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { CheckpointStore, OpenCheckpoint } from '../checkpoints/checkpoint-store.ts';
import { AppError, whyOf } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import type { Store } from '../stores/store.ts';

/** Time and id of the call. */
const TOKEN_CHARS = 64;
/** The store takes at most this many rows at once. */
const BATCH_ROWS = 10_000;
/** Rows become visible to queries after at most about this long. */
const FLUSH_MS = 1_000;
/** Rows kept in memory while the store is away; what comes after is read again from the log later (~100 MB). */
const BACKLOG_ROWS = 150_000;
const MAX_PAUSE_MS = 15_000;
const GAP_PAUSE_MS = 2_000;

export interface RowWriterDeps {
  partition: number;
  store: Store;
  checkpoints: CheckpointStore;
  /** Makes the rows of a range of offsets anew from the log, in order, in pieces. */
  rowsAgain(from: number, to: number): AsyncIterable<readonly string[]>;
  /** Somebody else has taken the checkpoint, and with it the right to write. */
  onLost: () => void;
  log: Log;
  metrics: Metrics;
}

interface Range {
  from: number;
  to: number;
}

/** Writes the rows of one partition of `events`, each exactly once.
 *
 *  The bounds of every insert are saved before it is sent, and are its token. After a crash the last bounds are sent
 *  again with the same rows and token: the store drops the repeat if the first one had arrived. Detection never
 *  waits for the store: rows that do not fit into memory are made again from the log when the store is back. */
export class RowWriter {
  readonly #deps: RowWriterDeps;
  #rows: string[] = [];
  /** Offsets of the rows in memory: `from` is the first one not yet written. */
  #from = 0;
  #to = 0;
  /** First offset that did not fit; rows from here on to `#to` are read again. */
  #gapFrom: number | undefined;
  /** The last insert of before, which the store may have or not: it is sent once more, first of all. */
  #unsure: Range | undefined;
  #checkpoint: OpenCheckpoint | undefined;
  #wake: (() => void) | undefined;
  #isClosing = false;
  #running: Promise<void> | undefined;
  readonly #closing = new AbortController();

  constructor(deps: RowWriterDeps) {
    this.#deps = deps;
  }

  /** `judgedTo`: the offset detection starts at. Rows before it that were never written are made again. `logEnd`: where the
   *  log ends now; what was written behind it was of another log. Waits for the checkpoint, never for the store. */
  async open(judgedTo: number, logEnd = Infinity): Promise<void> {
    const { found, checkpoint } = await this.#deps.checkpoints.open(this.#checkpointName());
    this.#checkpoint = checkpoint;
    const intent = [...(found?.entries ?? [])].find(([name]) => name === 'intent')?.[1];
    const last = intent === undefined ? undefined : rangeOf(intent);
    let writtenTo = Math.max(found?.offsets[this.#offsetName()] ?? 0, last?.to ?? 0);
    if (writtenTo > logEnd) writtenTo = 0;
    else this.#unsure = last;
    this.#from = writtenTo;
    this.#to = writtenTo;
    if (judgedTo > writtenTo) {
      this.#gapFrom = writtenTo;
      this.#to = judgedTo;
    }
    this.#running = this.#run();
  }

  /** Takes the row of one offset; offsets come in order. Rows already written before a crash are passed over. An
   *  empty text stands for an offset without a row. */
  add(offset: number, row: string): void {
    if (offset < this.#to) return;
    if (offset > this.#to) this.#passOver(offset);
    this.#to = offset + 1;
    if (this.#gapFrom === undefined && this.#rows.length >= BACKLOG_ROWS) this.#gapFrom = offset;
    if (this.#gapFrom === undefined) this.#rows.push(row);
    if (this.#rows.length === 1 || this.#rows.length === BATCH_ROWS) this.#wake?.();
  }

  /** Offsets that never come are gone from the log (retention). With rows waiting they become part of a gap, which finds
   *  out how many they are. */
  #passOver(offset: number): void {
    if (this.#from < this.#to) this.#gapFrom ??= this.#to;
    else this.#from = offset;
  }

  backlog(): number {
    return this.#to - this.#from;
  }

  /** Writes what is in memory, if the store takes it within `deadlineMs`; the rest is made again at the next start. */
  async close(deadlineMs: number): Promise<void> {
    this.#isClosing = true;
    this.#wake?.();
    const timer = setTimeout(() => {
      this.#closing.abort();
    }, deadlineMs);
    await this.#running;
    clearTimeout(timer);
    await this.#checkpoint?.release();
  }

  /** Stops at once: another process goes on with the partition, and what was not written is made again there. */
  async abandon(): Promise<void> {
    this.#isClosing = true;
    this.#closing.abort();
    this.#wake?.();
    await this.#checkpoint?.release();
  }

  #checkpointName(): string {
    return `row-writer/${this.#deps.partition.toString()}`;
  }

  #offsetName(): string {
    return `events/${this.#deps.partition.toString()}`;
  }

  async #run(): Promise<void> {
    while (!this.#closing.signal.aborted) {
      if (this.#unsure !== undefined) {
        await this.#repeat(this.#unsure);
      } else if (this.#rows.length > 0) {
        await this.#untilWorthwhile();
        await this.#flush();
      } else if (this.#gapFrom !== undefined) {
        await this.#closeGap(this.#gapFrom);
      } else if (this.#isClosing) {
        return;
      } else {
        await this.#woken();
      }
    }
  }

  #woken(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  /** Each insert is a part that ClickHouse has to merge: rows wait a little for others to join them. */
  async #untilWorthwhile(): Promise<void> {
    if (this.#isClosing || this.#rows.length >= BATCH_ROWS || this.#gapFrom !== undefined) return;
    const timer = setTimeout(() => this.#wake?.(), FLUSH_MS);
    await this.#woken();
    clearTimeout(timer);
  }

  async #flush(): Promise<void> {
    const rows = this.#rows.slice(0, BATCH_ROWS);
    const range = { from: this.#from, to: this.#from + rows.length };
    await this.#insert(range, rows);
    if (this.#closing.signal.aborted) return;
    this.#rows = this.#rows.slice(rows.length);
    this.#from = range.to;
  }

  async #closeGap(from: number): Promise<void> {
    const to = this.#to;
    let at = from;
    try {
      for await (const rows of this.#deps.rowsAgain(from, to)) {
        await this.#insert({ from: at, to: at + rows.length }, rows);
        if (this.#closing.signal.aborted) return;
        at += rows.length;
        this.#from = at;
        this.#gapFrom = at;
      }
    } catch (error) {
      if (!isGone(error)) {
        await this.#waitForLog(error);
        return;
      }
      at = this.#passGone(error, { from: at, to });
      this.#from = at;
    }
    // Offsets may have been added to the gap meanwhile; those are taken in the next round.
    this.#gapFrom = this.#to > at ? at : undefined;
  }

  /** Past retention, because the store was away for too long. Answers where the log goes on. */
  #passGone(error: AppError, { from, to }: Range): number {
    const { partition, log, metrics } = this.#deps;
    const { first } = error.details;
    const next = typeof first === 'number' && first > from && first < to ? first : to;
    metrics.rowsLost.inc(next - from);
    log.error({ partition, from, to: next }, 'Events went from the log before the store took them.');
    return next;
  }

  async #rest(pauseMs: number): Promise<void> {
    await pause(pauseMs, undefined, { signal: this.#closing.signal }).catch(() => undefined);
  }

  async #insert(range: Range, rows: readonly string[]): Promise<void> {
    const { store, log, metrics } = this.#deps;
    const intent = `${range.from.toString()}-${range.to.toString()}`;
    const changed = new Map([['intent', intent]]);
    const present = rows.filter((row) => row !== '');
    for (let pauseMs = 250; !this.#closing.signal.aborted; pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS)) {
      try {
        await this.#checkpoint?.save({
          offsets: { [this.#offsetName()]: range.from },
          changed,
        });
        if (present.length > 0)
          await store.insert('events', present, this.#tokenOf(intent, present[0] ?? ''));
        return;
      } catch (error) {
        if (isLost(error)) this.#deps.onLost();
        metrics.storeFailures.inc({ table: 'events' });
        log.warn({ ...whyOf(error), backlog: this.backlog() }, 'Events wait for the store.');
        await this.#rest(pauseMs);
      }
    }
  }

  /** Offsets alone would be those of other rows once the topic is made anew. A row begins with what its record holds, and that
   *  stays whatever is looked up. */
  #tokenOf(bounds: string, firstRow: string): string {
    const digest = createHash('sha256').update(firstRow.slice(0, TOKEN_CHARS)).digest('hex');
    return `${this.#offsetName()}/${bounds}/${digest.slice(0, 16)}`;
  }

  /** Sends the last recorded range once more. */
  async #repeat(range: Range): Promise<void> {
    const rows: string[] = [];
    try {
      for await (const piece of this.#deps.rowsAgain(range.from, range.to)) rows.push(...piece);
      await this.#insert(range, rows);
    } catch (error) {
      if (!isGone(error)) {
        await this.#waitForLog(error);
        return;
      }
      this.#passGone(error, range);
    }
    this.#unsure = undefined;
  }

  async #waitForLog(error: unknown): Promise<void> {
    this.#deps.log.warn(whyOf(error), 'Rows cannot be made again from the log yet.');
    await this.#rest(GAP_PAUSE_MS);
  }
}

function rangeOf(intent: string): Range {
  const [from = 0, to = 0] = intent.split('-').map(Number);
  return { from, to };
}

function isLost(error: unknown): boolean {
  return error instanceof AppError && error.code === 'E_CHECKPOINT_LOST';
}

function isGone(error: unknown): error is AppError {
  return error instanceof AppError && error.code === 'E_NOT_FOUND';
}
