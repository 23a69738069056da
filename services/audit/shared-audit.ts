import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppError, messageOf } from '../errors.ts';
import { parseJson } from '../json-text.ts';
import { Lane } from '../lane.ts';
import type { Transport } from '../transports/transport.ts';
import type { FileAudit } from './audit-file.ts';
import type { AuditEntry, AuditLog, AuditRecord } from './audit-log.ts';
import { nextRecord } from './chain.ts';

const TOPIC = 'audit';
/** The chain as far as we followed it, so that not all of it is read at each start. */
const POSITION = 'audit-position.json';

/** What stands in the topic: who writes from now on, and records with who wrote them. */
type Shared = { claim: string } | { by: string; record: AuditRecord };

interface Position {
  /** Offset of the next record of the topic. */
  offset: number;
  claim: string;
}
const BEGINNING: Position = { offset: 0, claim: '' };

export interface SharedAuditOptions {
  transport: Transport;
  /** This machine's copy. */
  file: FileAudit;
  /** The data folder. */
  dir: string;
}

/** One chain for several responders. A record goes into the topic first and into this machine's file then; whoever becomes
 *  the active one brings its own file up to date and says in the topic that it writes from now on. What another one still
 *  writes after that, because it was only paused, belongs to no chain. */
export function openSharedAudit(options: SharedAuditOptions): AuditLog {
  return new SharedAudit(options);
}

class SharedAudit implements AuditLog {
  readonly #options: SharedAuditOptions;
  readonly #lane = new Lane();
  #claim: string | undefined;
  /** Offset that our next record gets, if nobody else writes. */
  #next = 0;
  #isSure: () => boolean = () => false;

  constructor(options: SharedAuditOptions) {
    this.#options = options;
  }

  takeOver(isSure: () => boolean): Promise<void> {
    this.#isSure = isSure;
    return this.#lane.run(() => this.#takeOver());
  }

  append(entry: AuditEntry): Promise<AuditRecord> {
    return this.#lane.run(async () => {
      try {
        if (!this.#isSure()) throw new Error('another responder may write it');
        // After a failure nobody knows whether the record is in the topic.
        if (this.#claim === undefined) await this.#takeOver();
        return await this.#append(entry, this.#claim ?? '');
      } catch (error) {
        this.#claim = undefined;
        if (error instanceof AppError && error.code === 'E_AUDIT_BROKEN') throw error;
        throw unavailable(error);
      }
    });
  }

  since(sequence: number): Promise<readonly AuditRecord[]> {
    return this.#options.file.since(sequence);
  }

  anchor(): string {
    return this.#options.file.anchor();
  }

  async close(): Promise<void> {
    await this.#lane.idle();
    await this.#options.file.close();
  }

  async #append(entry: AuditEntry, by: string): Promise<AuditRecord> {
    const { file } = this.#options;
    const record = nextRecord(file.head(), entry);
    const from = this.#next;
    await this.#publish([{ by, record }]);
    // Another one may have begun to write while we stood still; then the record belongs to no chain.
    if (await this.#isClaimed(from, this.#next - 1)) throw new Error('another responder writes it now');
    return file.adopt(record);
  }

  /** Whether somebody has taken the chain over between these offsets. Usually there is nothing between them. */
  async #isClaimed(from: number, to: number): Promise<boolean> {
    if (from === to) return false;
    for await (const records of this.#options.transport.read(TOPIC, 0, from, to))
      if (records.some(({ value }) => 'claim' in (JSON.parse(value) as Shared))) return true;
    return false;
  }

  async #takeOver(): Promise<void> {
    const { file, dir, transport } = this.#options;
    const claim = randomUUID();
    await this.#publish([{ claim }]);
    const to = this.#next;
    const saved = readPosition(dir);
    // A topic that is shorter than we have read was made anew.
    let position = saved.offset > to ? BEGINNING : saved;
    const isFromStart = position.offset === 0;
    let last: AuditRecord | undefined;
    for await (const records of transport.read(TOPIC, 0, position.offset, to)) {
      for (const { offset, value } of records) {
        const shared = JSON.parse(value) as Shared;
        position = { offset: offset + 1, claim: 'claim' in shared ? shared.claim : position.claim };
        if ('claim' in shared || shared.by !== position.claim) continue;
        last = shared.record;
        if (last.seq > file.head().seq) await file.adopt(last);
      }
    }
    writePosition(dir, position);
    this.#claim = claim;
    if (last !== undefined || isFromStart) await this.#publishOwn(claim, last);
  }

  /** Records that the chain of the topic does not have: this machine ran alone before, or the topic was made anew. */
  async #publishOwn(by: string, last: AuditRecord | undefined): Promise<void> {
    const { file } = this.#options;
    const own = await file.since((last?.seq ?? 1) - 1);
    if (last !== undefined && own[0]?.hash !== last.hash) throw diverged();
    const missing = last === undefined ? own : own.slice(1);
    if (missing.length > 0) await this.#publish(missing.map((record) => ({ by, record })));
  }

  async #publish(shared: readonly Shared[]): Promise<void> {
    const records = shared.map((one) => ({
      key: TOPIC,
      id: 'claim' in one ? one.claim : one.record.hash,
      value: JSON.stringify(one),
    }));
    const { end } = await this.#options.transport.append(TOPIC, records);
    if (end === undefined) throw new Error('the topic does not say where records lie');
    this.#next = end;
  }
}

function readPosition(dir: string): Position {
  const path = join(dir, POSITION);
  const saved = existsSync(path) ? parseJson(readFileSync(path, 'utf8')) : undefined;
  return (saved as Position | undefined) ?? BEGINNING;
}

function writePosition(dir: string, position: Position): void {
  const path = join(dir, POSITION);
  writeFileSync(`${path}.new`, JSON.stringify(position), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

function diverged(): AppError {
  return new AppError(
    'E_AUDIT_BROKEN',
    'The audit chain of this machine and the one in the topic have different records. Keep a copy of audit*.ndjson and move it out of the data folder; this machine takes the chain of the topic then.',
  );
}

function unavailable(cause: unknown): AppError {
  return new AppError(
    'E_AUDIT_UNAVAILABLE',
    `The audit record cannot be written (${messageOf(cause)}). Check Kafka, disk space and rights of the data folder.`,
    // The disk of this machine says that it is the disk.
    { cause, mayPass: !(cause instanceof AppError && cause.code === 'E_AUDIT_UNAVAILABLE') },
  );
}
