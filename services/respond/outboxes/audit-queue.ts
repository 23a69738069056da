import { setTimeout as wait } from 'node:timers/promises';
import type { AuditEntry, AuditLog, AuditRecord } from '../../audit/audit-log.ts';
import { AppError, whyOf } from '../../errors.ts';
import type { Log } from '../../log.ts';
import type { Journal } from './journal.ts';

const FIRST_PAUSE_MS = 500;
const MAX_PAUSE_MS = 30_000;
/** An action waits for so long while brokers change who leads, or another responder may have taken over. */
const PATIENCE_MS = 5 * 60_000;
const PATIENT_PAUSE_MS = 1_000;
const PREFIX = 'audit/';
const SEQUENCE = 'audit-sequence';

export interface AuditQueueParts {
  audit: AuditLog;
  journal: Journal;
  log: Log;
  /** Called for every record that is on disk, once over all restarts. */
  onRecord: (record: AuditRecord) => void;
}

interface Waiting {
  number: number;
  entry: AuditEntry;
  /** Somebody waits for it before acting: it is written now or never. */
  waiter: { resolve(): void; reject(error: unknown): void } | undefined;
}

/** Writes audit records in order. What an action waits for fails at once when it cannot be written, or after minutes when
 *  that may pass; what tells of something that happened already is repeated until it is written. */
export class AuditQueue {
  readonly #parts: AuditQueueParts;
  #queue: Waiting[] = [];
  #nextNumber = 0;
  /** Records that were on disk when a crash came, but not yet in the state: the same entry is not written again. */
  readonly #written = new Set<string>();
  #running: Promise<void> | undefined;
  #hurry = new AbortController();
  #isClosing = false;
  #error: unknown;
  #failingSince: number | undefined;

  constructor(parts: AuditQueueParts) {
    this.#parts = parts;
  }

  async open(entries: ReadonlyMap<string, string>): Promise<void> {
    const { audit, journal, onRecord } = this.#parts;
    const sequence = Number(entries.get(SEQUENCE) ?? audit.anchor().split(':')[0]);
    journal.set(SEQUENCE, sequence.toString());
    for (const record of await audit.since(sequence)) {
      this.#written.add(refOf(record));
      this.#noteRecord(record, onRecord);
    }
    const saved = [...entries].filter(([name]) => name.startsWith(PREFIX));
    const numbered = saved.map(([name, text]) => ({ number: Number(name.slice(PREFIX.length)), text }));
    for (const { number, text } of numbered.sort((a, b) => a.number - b.number)) {
      this.#nextNumber = number + 1;
      const entry = JSON.parse(text) as AuditEntry;
      if (this.#written.delete(refOf(entry))) journal.set(`${PREFIX}${number}`, undefined);
      else this.#queue.push({ number, entry, waiter: undefined });
    }
    this.#start();
  }

  /** A crash came between a record and the state that it belongs to: the same input will come again, and must be
   *  decided as it was then. */
  isCatchingUp(): boolean {
    return this.#written.size > 0;
  }

  /** To be written some time, whatever happens. */
  add(entry: AuditEntry): void {
    if (!this.#written.delete(refOf(entry))) this.#push(entry);
  }

  /** Resolves when the entry is on disk; rejects when it cannot be written, and then it never will be. */
  write(entry: AuditEntry): Promise<void> {
    return this.#written.delete(refOf(entry)) ? Promise.resolve() : this.#wait(this.#push(entry));
  }

  /** As `write`, for an entry of before the restart: resolves at once when it was written then. */
  written(ref: string): Promise<void> {
    const item = this.#queue.find(({ entry }) => entry.detail['ref'] === ref);
    return item === undefined ? Promise.resolve() : this.#wait(item);
  }

  #push(entry: AuditEntry): Waiting {
    const item: Waiting = { number: this.#nextNumber, entry, waiter: undefined };
    this.#nextNumber += 1;
    this.#parts.journal.set(`${PREFIX}${item.number}`, JSON.stringify(entry));
    this.#queue.push(item);
    this.#start();
    return item;
  }

  #wait(item: Waiting): Promise<void> {
    return new Promise((resolve, reject) => {
      item.waiter = { resolve, reject };
    });
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    this.#hurry.abort();
    await this.#running;
  }

  #start(): void {
    this.#hurry.abort();
    this.#running ??= this.#run();
  }

  async #run(): Promise<void> {
    // With nothing to do it would end before it is known to run, and then seem to run for ever.
    await Promise.resolve();
    for (let pauseMs = FIRST_PAUSE_MS; this.#queue.length > 0;) {
      if (await this.#writeFirst()) {
        pauseMs = FIRST_PAUSE_MS;
        continue;
      }
      const isPatient = this.#mayPass();
      if (!isPatient) this.#giveUpWaiters();
      if (this.#isClosing || this.#queue.length === 0) break;
      this.#hurry = new AbortController();
      await wait(pauseMs, undefined, { signal: this.#hurry.signal }).catch(() => undefined);
      pauseMs = Math.min(pauseMs * 2, isPatient ? PATIENT_PAUSE_MS : MAX_PAUSE_MS);
    }
    this.#running = undefined;
  }

  async #writeFirst(): Promise<boolean> {
    const { audit, journal, log, onRecord } = this.#parts;
    const first = this.#queue[0];
    if (first === undefined) return true;
    try {
      const record = await audit.append(first.entry);
      this.#queue.shift();
      journal.set(`${PREFIX}${first.number}`, undefined);
      this.#noteRecord(record, onRecord);
      first.waiter?.resolve();
      this.#failingSince = undefined;
      return true;
    } catch (error) {
      this.#failingSince ??= performance.now();
      log.error({ ...whyOf(error), action: first.entry.action }, 'The audit record cannot be written.');
      this.#error = error;
      return false;
    }
  }

  #mayPass(): boolean {
    if (this.#isClosing || performance.now() - (this.#failingSince ?? 0) > PATIENCE_MS) return false;
    return this.#error instanceof AppError && this.#error.details['mayPass'] === true;
  }

  #giveUpWaiters(): void {
    const waiters = this.#queue.filter(({ waiter }) => waiter !== undefined);
    this.#queue = this.#queue.filter(({ waiter }) => waiter === undefined);
    for (const { number, waiter } of waiters) {
      this.#parts.journal.set(`${PREFIX}${number}`, undefined);
      waiter?.reject(this.#error);
    }
  }

  #noteRecord(record: AuditRecord, onRecord: (record: AuditRecord) => void): void {
    this.#parts.journal.set(SEQUENCE, record.seq.toString());
    onRecord(record);
  }
}

/** What an entry is about, whenever it is made: its time is not part of it. */
function refOf({ action, target, incidentId, detail }: AuditEntry): string {
  return JSON.stringify([action, target, incidentId, detail['ref'] ?? '']);
}
