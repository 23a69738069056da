import { reasonOf } from '../lmdb-reason.ts';
import { batchLength, encodeBatch } from './embedded-batch.ts';
import { unavailable } from './embedded-files.ts';
import type { Files } from './embedded-files.ts';
import type { Fingerprints } from './embedded-fingerprints.ts';
import { partitionOf } from '../hash64.ts';
import type { AppendResult, OutRecord } from './transport.ts';

/** More than this in one transaction would hold up the event loop. */
const GROUP_RECORDS = 10_000;
const POSITIONS_EVERY_MS = 100;
const POSITIONS_RETRY_MS = 1000;

export interface WriterOptions {
  files: Files;
  fingerprints: Fingerprints;
  partitions: (topic: string) => number;
  now: () => number;
  /** New records of these topics can be read. */
  onAppended: (topics: ReadonlySet<string>) => void;
  stalledAfterMs: number;
}

interface Waiting {
  topic: string;
  records: readonly OutRecord[];
  dropDuplicates: boolean;
  resolve: (result: AppendResult) => void;
  reject: (error: unknown) => void;
}

type Position = readonly [key: [topic: string, group: string, partition: number], offset: number];

/** What one transaction writes. Taken when LMDB's turn comes, so that what arrives until then still gets in. */
interface Group {
  appends: Waiting[];
  positions: Map<string, Position>;
}

/** The only writer of this process. While one transaction is on its way to the disk, appends gather for the next: one
 *  fsync serves them all. A transaction succeeds or fails as a whole, fingerprints of ids included. */
export class Writer {
  readonly #options: WriterOptions;
  readonly #hash = new Int32Array(2);
  /** Entries are encoded here; LMDB copies them within the call. */
  #memory = Buffer.allocUnsafeSlow(1 << 16);
  #waiting: Waiting[] = [];
  #positions = new Map<string, Position>();
  #running: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;
  /** The disk, or another process in the middle of a write, does not answer. Until it does, nothing is taken in. */
  #isStalled = false;

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  append(topic: string, records: readonly OutRecord[], dropDuplicates: boolean): Promise<AppendResult> {
    if (this.#isClosed) return Promise.reject(this.#refusal('closed'));
    return this.#enqueue(topic, records, dropDuplicates);
  }

  /** Written with the next append, or soon: repeating a batch is cheaper than an fsync for each. */
  setPosition(topic: string, group: string, partition: number, offset: number): void {
    const key: Position[0] = [topic, group, partition];
    this.#positions.set(key.join('\n'), [key, offset]);
    this.#startIn(POSITIONS_EVERY_MS);
  }

  /** Resolves when the positions handed over so far are on disk, or could not be written: then they are tried again, and
   *  what they would have spared is handled again. */
  async flush(): Promise<void> {
    await this.#enqueue('', [], false).catch(() => undefined);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.flush();
    await this.#running;
    clearTimeout(this.#timer);
  }

  #enqueue(topic: string, records: readonly OutRecord[], dropDuplicates: boolean): Promise<AppendResult> {
    if (this.#isStalled) return Promise.reject(this.#refusal('no answer from the disk'));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ topic, records, dropDuplicates, resolve, reject });
      this.#start();
    });
  }

  #startIn(ms: number): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#start();
    }, ms);
  }

  #start(): void {
    this.#running ??= this.#writeAll();
  }

  async #writeAll(): Promise<void> {
    // Only after this may #start look at #running: nothing that arrives meanwhile is left behind.
    await Promise.resolve();
    let isDone = true;
    while (this.#waiting.length > 0 || (isDone && this.#positions.size > 0)) {
      isDone = await this.#writeGroup();
    }
    if (!isDone && !this.#isClosed) this.#startIn(POSITIONS_RETRY_MS);
    this.#running = undefined;
  }

  async #writeGroup(): Promise<boolean> {
    const { files, fingerprints, onAppended, stalledAfterMs } = this.#options;
    let group: Group | undefined;
    const stall = setTimeout(() => {
      this.#stall();
    }, stalledAfterMs);
    try {
      const results = await files.root.childTransaction(() => {
        group = this.#take();
        return this.#write(group);
      });
      fingerprints.keep();
      group?.appends.forEach(({ resolve }, index) => {
        resolve(results[index] ?? { appended: 0, duplicates: [] });
      });
      onAppended(new Set(group?.appends.map(({ topic }) => topic)));
      return true;
    } catch (error) {
      fingerprints.undo();
      const reason = unavailable(files.dir, await reasonOf(error));
      this.#giveBack(group ?? this.#take(), reason);
      return false;
    } finally {
      clearTimeout(stall);
      this.#isStalled = false;
    }
  }

  /** Those that wait were certainly not written and may try again elsewhere or later. What LMDB has in hand stays open:
   *  nobody knows yet. */
  #stall(): void {
    this.#isStalled = true;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { reject } of waiting) reject(this.#refusal('no answer from the disk'));
  }

  #refusal(reason: string): Error {
    return unavailable(this.#options.files.dir, new Error(reason));
  }

  #take(): Group {
    let records = 0;
    let count = 0;
    for (const waiting of this.#waiting) {
      records += waiting.records.length;
      if (count > 0 && records > GROUP_RECORDS) break;
      count++;
    }
    const group = { appends: this.#waiting.splice(0, count), positions: this.#positions };
    this.#positions = new Map();
    return group;
  }

  #giveBack(group: Group, reason: unknown): void {
    this.#positions = new Map([...group.positions, ...this.#positions]);
    for (const { reject } of group.appends) reject(reason);
  }

  #write({ appends, positions }: Group): AppendResult[] {
    const { files, fingerprints, now } = this.#options;
    const at = now();
    const ends = new Map<string, number[]>();
    if (appends.some(({ dropDuplicates }) => dropDuplicates)) fingerprints.begin(at);
    const results = appends.map((waiting) => this.#writeOne(waiting, ends, at));
    for (const [topic, offsets] of ends) files.ends.putSync(topic, offsets);
    for (const [key, offset] of positions.values()) files.positions.putSync(key, offset);
    fingerprints.write();
    return results;
  }

  #writeOne(
    { topic, records, dropDuplicates }: Waiting,
    ends: Map<string, number[]>,
    at: number,
  ): AppendResult {
    if (records.length === 0) return { appended: 0, duplicates: [] };
    const offsets = ends.get(topic) ?? this.#endsOf(topic);
    ends.set(topic, offsets);
    const parts = offsets.map((): OutRecord[] => []);
    const duplicates: number[] = [];
    records.forEach((record, index) => {
      if (dropDuplicates && !this.#options.fingerprints.claim(topic, record.id)) duplicates.push(index);
      else parts[record.partition ?? partitionOf(record.key, parts.length, this.#hash)]?.push(record);
    });
    parts.forEach((part, partition) => {
      offsets[partition] = this.#writeEntries(topic, partition, offsets[partition] ?? 0, part, at);
    });
    return { appended: records.length - duplicates.length, duplicates };
  }

  #writeEntries(topic: string, partition: number, end: number, records: OutRecord[], at: number): number {
    for (let from = 0; from < records.length;) {
      const count = batchLength(records, from);
      const some = count === records.length ? records : records.slice(from, from + count);
      const entry = encodeBatch(some, at, (sizeBytes) => this.#allocate(sizeBytes));
      this.#options.files.entries.putSync([topic, partition, end + from], entry);
      from += count;
    }
    return end + records.length;
  }

  #allocate(sizeBytes: number): Buffer {
    if (this.#memory.length < sizeBytes) {
      this.#memory = Buffer.allocUnsafeSlow(2 ** Math.ceil(Math.log2(sizeBytes)));
    }
    return this.#memory.subarray(0, sizeBytes);
  }

  /** As stored: another process may have appended. There may be more partitions now, never fewer. */
  #endsOf(topic: string): number[] {
    const ends = this.#options.files.ends.get(topic) ?? [];
    while (ends.length < this.#options.partitions(topic)) ends.push(0);
    return ends;
  }
}
