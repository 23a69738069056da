import { mkdirSync } from 'node:fs';
import type { KeyObject } from 'node:crypto';
import { AppError, messageOf, whyOf } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import type { AuditEntry, AuditLog, AuditRecord } from './audit-log.ts';
import { decodeRecord, encodeRecord, nextRecord } from './chain.ts';
import type { Head } from './chain.ts';
import { DurableFile } from './durable-file.ts';
import { auditFiles } from './files.ts';
import { readLines } from './lines.ts';
import { readChain, readCheckpoints } from './read-chain.ts';
import type { TornTail } from './read-chain.ts';
import { encodeCheckpoint, openSigningKey } from './signing.ts';

export interface AuditOptions {
  /** The data folder. */
  dir: string;
  log: Log;
  metrics: Metrics;
  now: () => number;
  onAppended?: (record: AuditRecord) => void;
  /** The chain has records of others too, so this process alone adds nothing to it. */
  isShared?: boolean;
}

/** The chain of one data folder. */
export interface FileAudit extends AuditLog {
  head(): Head;
  /** Takes a record that was chained elsewhere. Rejects with `E_AUDIT_BROKEN` when it does not follow our newest one. */
  adopt(record: AuditRecord): Promise<AuditRecord>;
}

const CHECKPOINT_RECORDS = 1_000;
/** From the first record without a signature: how much of the tail could be cut unseen. Records are few, so soon. */
const CHECKPOINT_AFTER_MS = 1_000;
/** A failed checkpoint is tried again with the next record, or then. */
const CHECKPOINT_RETRY_MS = 60_000;

/** Opens the chain of the data folder after checking all of it. Rejects with `E_AUDIT_BROKEN` when a record was changed,
 *  dropped or cut. What a crash left of an unfinished write was never acknowledged: it is cut off, and the chain says so. */
export async function openAudit(options: AuditOptions): Promise<FileAudit> {
  mkdirSync(options.dir, { recursive: true, mode: 0o700 });
  const files = auditFiles(options.dir);
  const key = openSigningKey(files);
  if (key === undefined) throw brokenChain(options.dir, [`The signing key ${files.privateKey} is gone.`]);
  const checkpoints = await readCheckpoints(files);
  const chain = await readChain(files, checkpoints.claims);
  const problems = [...checkpoints.problems, ...chain.problems];
  if (chain.head.seq > 0 && checkpoints.claims.length === 0) problems.push('There is no signed checkpoint.');
  if (problems.length > 0) throw brokenChain(options.dir, problems);
  const log = new FileAuditLog(options, {
    key,
    head: chain.head,
    records: new DurableFile(files.records, chain.sizeBytes),
    checkpoints: new DurableFile(files.checkpoints, checkpoints.sizeBytes),
    lastNumber: checkpoints.last?.number ?? 0,
    signedCount: checkpoints.last?.count ?? -1,
  });
  await log.begin(chain.torn);
  return log;
}

function brokenChain(dir: string, problems: readonly string[]): AppError {
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
  return new AppError(
    'E_AUDIT_BROKEN',
    `The audit chain of ${dir} does not verify: ${problems[0] ?? ''}${more} Copy the folder away and run "gatewatch audit verify"; to begin a new chain, move audit*.ndjson out of it.`,
    { dir },
  );
}

interface State {
  key: KeyObject;
  head: Head;
  records: DurableFile;
  checkpoints: DurableFile;
  lastNumber: number;
  /** Records that the newest checkpoint counts; -1 before the first one. */
  signedCount: number;
}

interface Waiting {
  chain: (head: Head) => AuditRecord;
  resolve: (record: AuditRecord) => void;
  reject: (error: unknown) => void;
}

/** One write at a time; what arrives meanwhile goes together into the next one, under one fsync. */
class FileAuditLog implements FileAudit {
  readonly #options: AuditOptions;
  readonly #state: State;
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: AuditOptions, state: State) {
    this.#options = options;
    this.#state = state;
  }

  async begin(torn: TornTail | undefined): Promise<void> {
    this.#options.metrics.auditSequence.set(this.#state.head.seq);
    await this.#state.records.prepare().catch((error: unknown) => {
      throw unavailable(error);
    });
    if (torn !== undefined) await this.#noteTornTail(torn);
    while (this.#running !== undefined) await this.#running;
    await this.#checkpoint();
  }

  /** Nobody else writes into our folder. */
  takeOver(): Promise<void> {
    return Promise.resolve();
  }

  head(): Head {
    return this.#state.head;
  }

  append(entry: AuditEntry): Promise<AuditRecord> {
    return this.#add((head) => nextRecord(head, entry));
  }

  adopt(record: AuditRecord): Promise<AuditRecord> {
    const { seq, hash } = this.#state.head;
    if (record.seq === seq + 1 && record.prevHash === hash) return this.#add(() => record);
    const problem = `Record ${record.seq} of the topic does not follow record ${seq} of this machine.`;
    return Promise.reject(brokenChain(this.#options.dir, [problem]));
  }

  #add(chain: Waiting['chain']): Promise<AuditRecord> {
    if (this.#isClosed) return Promise.reject(unavailable(new Error('closed')));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ chain, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  async since(sequence: number): Promise<readonly AuditRecord[]> {
    const last = this.#state.head.seq;
    const records: AuditRecord[] = [];
    for await (const { bytes } of readLines(auditFiles(this.#options.dir).records)) {
      const record = decodeRecord(bytes);
      // Beyond the head lies what is still being written.
      if (record === undefined || record.seq > last) break;
      if (record.seq > sequence) records.push(record);
    }
    return records;
  }

  anchor(): string {
    return `${this.#state.head.seq}:${this.#state.head.hash}`;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    while (this.#running !== undefined) await this.#running;
    await this.#checkpoint();
    clearTimeout(this.#timer);
    await this.#state.records.close();
    await this.#state.checkpoints.close();
  }

  async #noteTornTail(torn: TornTail): Promise<void> {
    this.#options.log.warn({ ...torn }, 'The end of the audit file was an unfinished write; it was cut off.');
    if (this.#options.isShared === true) return;
    const entry = {
      ts: this.#options.now(),
      actor: 'system',
      action: 'audit-tail-cut',
      target: '',
      incidentId: '',
    };
    // On a full disk the log has to do; the cut itself needs no space.
    await this.append({ ...entry, detail: { ...torn } }).catch(() => undefined);
  }

  async #run(): Promise<void> {
    // Callers that append in the same turn share the write.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      await this.#writeGroup(this.#waiting.splice(0));
      if (this.#state.head.seq - this.#state.signedCount >= CHECKPOINT_RECORDS) await this.#checkpoint();
      else this.#checkpointIn(CHECKPOINT_AFTER_MS);
    }
    this.#running = undefined;
  }

  async #writeGroup(group: readonly Waiting[]): Promise<void> {
    const { log, metrics, onAppended } = this.#options;
    let head = this.#state.head;
    const records = group.map(({ chain }) => (head = chain(head)));
    try {
      // Records without any checkpoint would look as if somebody had taken it away.
      if (this.#state.lastNumber === 0) await this.#writeCheckpoint();
      await this.#state.records.append(records.map(encodeRecord).join(''));
    } catch (error) {
      log.error({ ...whyOf(error), records: records.length }, 'Audit records cannot be written.');
      for (const { reject } of group) reject(unavailable(error));
      return;
    }
    this.#state.head = head;
    metrics.auditSequence.set(head.seq);
    records.forEach((record, index) => {
      onAppended?.(record);
      group[index]?.resolve(record);
    });
  }

  #checkpointIn(delayMs: number): void {
    if (this.#timer !== undefined || this.#state.head.seq <= this.#state.signedCount) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      // In turn with the writes, so that it says what is on disk.
      this.#running ??= this.#checkpoint().then(() => {
        this.#running = undefined;
        if (this.#waiting.length > 0) this.#running = this.#run();
      });
    }, delayMs).unref();
  }

  /** A checkpoint that fails stops nobody: the records themselves are safe. */
  async #checkpoint(): Promise<void> {
    if (this.#state.head.seq <= this.#state.signedCount) return;
    try {
      await this.#writeCheckpoint();
    } catch (error) {
      this.#options.log.warn(whyOf(error), 'An audit checkpoint cannot be written; it is tried again.');
      this.#checkpointIn(CHECKPOINT_RETRY_MS);
    }
  }

  async #writeCheckpoint(): Promise<void> {
    const { head, key, checkpoints, lastNumber } = this.#state;
    const checkpoint = {
      number: lastNumber + 1,
      count: head.seq,
      head: head.hash,
      time: this.#options.now(),
    };
    await checkpoints.append(encodeCheckpoint(checkpoint, key));
    this.#state.lastNumber = checkpoint.number;
    this.#state.signedCount = checkpoint.count;
  }
}

function unavailable(cause: unknown): AppError {
  return new AppError(
    'E_AUDIT_UNAVAILABLE',
    `The audit record cannot be written (${messageOf(cause)}). Check disk space and rights of the data folder.`,
    { cause },
  );
}
