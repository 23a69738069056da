import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { whyOf } from '../../errors.ts';
import type { Log } from '../../log.ts';
import type { Metrics } from '../../metrics.ts';
import type { Store } from '../../stores/store.ts';
import type { TableName } from '../../stores/tables.ts';
import type { Effect } from '../desk/effects.ts';
import type { Journal } from './journal.ts';

/** A chunk takes no more rows when it holds so much: it is written down anew with each save until it is sent. */
const CHUNK_BYTES = 256 * 1024;
const CHUNK_ROWS = 2_000;
/** Between two chunks, so that rows of a busy moment go together. */
const REST_MS = 300;
const MAX_PAUSE_MS = 15_000;
const PREFIX = 'rows/';
const ID_ENTRY = 'rows-id';

type Row = Effect & { type: 'row' };

/** Rows that go to the store together. Once it was sent it never changes: its number is its insert token. */
interface Chunk {
  number: number;
  rows: Row[];
  sizeBytes: number;
  isSaved: boolean;
  isSent: boolean;
}

export interface RowOutboxParts {
  store: Store;
  journal: Journal;
  log: Log;
  metrics: Metrics;
}

/** Brings rows into the store in order, each once, however long the store is away. Rows are saved in chunks with the
 *  state they belong to before they are sent; a repeat has the same token, which the store drops. */
export class RowOutbox {
  readonly #parts: RowOutboxParts;
  #chunks: Chunk[] = [];
  /** Tokens of another life of the data folder must not be taken for ours. */
  #id = '';
  #nextNumber = 0;
  #wake: (() => void) | undefined;
  #running: Promise<void> | undefined;
  readonly #closing = new AbortController();
  readonly #resting = new AbortController();

  constructor(parts: RowOutboxParts) {
    this.#parts = parts;
  }

  open(entries: ReadonlyMap<string, string>): void {
    this.#id = entries.get(ID_ENTRY) ?? randomBytes(6).toString('hex');
    for (const [name, text] of entries) {
      if (!name.startsWith(PREFIX)) continue;
      const number = Number(name.slice(PREFIX.length));
      const rows = JSON.parse(text) as Row[];
      this.#chunks.push({ number, rows, sizeBytes: text.length, isSaved: true, isSent: true });
      this.#nextNumber = Math.max(this.#nextNumber, number + 1);
    }
    this.#chunks.sort((a, b) => a.number - b.number);
    const { journal } = this.#parts;
    this.#nextNumber = Math.max(this.#nextNumber, Number(entries.get(`${ID_ENTRY}/next`) ?? 0));
    if (!entries.has(ID_ENTRY)) journal.set(ID_ENTRY, this.#id);
    journal.beforeSave(() => this.#writeDown());
    this.#running = this.#run();
  }

  add(row: Row): void {
    const chunk = this.#openChunk();
    const { rows } = chunk;
    const older = row.replaces === undefined ? -1 : rows.findIndex((one) => isOlder(one, row));
    if (older !== -1) rows.splice(older, 1);
    rows.push(row);
    chunk.sizeBytes += row.row.length;
    this.#parts.journal.touch();
  }

  /** Rows not yet in the store. */
  size(): number {
    return this.#chunks.reduce((sum, { rows }) => sum + rows.length, 0);
  }

  /** Sends what is saved, if the store takes it, and in time; the rest is sent after the next start. */
  async close(deadlineMs: number): Promise<void> {
    this.#resting.abort();
    const timer = setTimeout(() => this.#closing.abort(), deadlineMs);
    void this.#running?.then(() => this.#closing.abort());
    while (this.#chunks.some(({ isSaved }) => isSaved) && !this.#closing.signal.aborted) {
      this.#wake?.();
      await wait(10);
    }
    clearTimeout(timer);
    this.#closing.abort();
    this.#wake?.();
    await this.#running;
  }

  #openChunk(): Chunk {
    const last = this.#chunks.at(-1);
    if (last !== undefined && !last.isSent && last.rows.length < CHUNK_ROWS && last.sizeBytes < CHUNK_BYTES) {
      last.isSaved = false;
      return last;
    }
    const chunk = { number: this.#nextNumber, rows: [], sizeBytes: 0, isSaved: false, isSent: false };
    this.#nextNumber += 1;
    this.#chunks.push(chunk);
    return chunk;
  }

  #writeDown(): void {
    const { journal } = this.#parts;
    const unsaved = this.#chunks.filter(({ isSaved }) => !isSaved);
    if (unsaved.length === 0) return;
    for (const { number, rows } of unsaved) journal.set(`${PREFIX}${number}`, JSON.stringify(rows));
    journal.set(`${ID_ENTRY}/next`, this.#nextNumber.toString());
    const written = unsaved.map((chunk) => ({ chunk, count: chunk.rows.length, last: chunk.rows.at(-1) }));
    void journal.whenSaved().then(() => {
      for (const { chunk, count, last } of written) {
        chunk.isSaved = chunk.rows.length === count && chunk.rows.at(-1) === last;
      }
      this.#wake?.();
    });
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const chunk = this.#chunks[0];
      if (chunk?.isSaved !== true) {
        await new Promise<void>((resolve) => (this.#wake = resolve));
        continue;
      }
      chunk.isSent = true;
      if (!(await this.#send(chunk))) return;
      this.#chunks.shift();
      this.#parts.journal.set(`${PREFIX}${chunk.number}`, undefined);
      if (this.size() < CHUNK_ROWS)
        await wait(REST_MS, undefined, { signal: this.#resting.signal }).catch(() => undefined);
    }
  }

  /** False when we are closing and the store does not answer. */
  async #send({ number, rows }: Chunk): Promise<boolean> {
    const byTable = new Map<TableName, string[]>();
    for (const { table, row } of rows) {
      const texts = byTable.get(table) ?? [];
      texts.push(row);
      byTable.set(table, texts);
    }
    for (const [table, texts] of byTable) {
      if (!(await this.#insert(table, texts, `respond/${this.#id}/${number}/${table}`))) return false;
    }
    return true;
  }

  async #insert(table: TableName, rows: readonly string[], token: string): Promise<boolean> {
    const { store, log, metrics } = this.#parts;
    const { signal } = this.#resting;
    for (let pauseMs = 250; ; pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS)) {
      try {
        await store.insert(table, rows, token);
        return true;
      } catch (error) {
        metrics.storeFailures.inc({ table });
        log.warn({ table, ...whyOf(error), rows: this.size() }, 'Incidents wait for the store.');
        if (signal.aborted) return false;
        await wait(pauseMs, undefined, { signal }).catch(() => undefined);
      }
    }
  }
}

function isOlder(one: Row, row: Row): boolean {
  return one.replaces === row.replaces && one.table === row.table;
}
