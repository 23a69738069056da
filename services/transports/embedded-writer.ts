import type { Files } from './embedded-files.ts';
import { reasonOf, unavailable } from './embedded-files.ts';
import { batchLength, encodeBatch } from './embedded-batch.ts';
import type { Fingerprints } from './embedded-fingerprints.ts';
import { partitionOf } from './embedded-hash.ts';
import type { AppendResult, OutRecord } from './transport.ts';

/** More than this in one transaction would hold up the event loop. */
const GROUP_RECORDS = 10_000;
const POSITIONS_EVERY_MS = 100;

export interface WriterOptions {
  files: Files;
  fingerprints: Fingerprints;
  partitions: (topic: string) => number;
  now: () => number;
  /** Called when new records of these topics can be read. */
  onAppended: (topics: Iterable<string>) => void;
}

interface Waiting {
  topic: string;
  records: readonly OutRecord[];
  dropDuplicates: boolean;
  resolve: (result: AppendResult) => void;
  reject: (error: unknown) => void;
}

/** The only writer of this process. While one transaction is on its way to the disk, appends gather for the next: one
 *  fsync serves them all. A transaction succeeds or fails as a whole, fingerprints included. */
export class Writer {
  readonly #options: WriterOptions;
  readonly #scratch = new Int32Array(2);
  #memory = Buffer.allocUnsafeSlow(1 << 16);
  #waiting: Waiting[] = [];
  readonly #positions = new Map<string, { key: [string, string, number]; offset: number }>();
  #running: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  append(topic: string, records: readonly OutRecord[], dropDuplicates: boolean): Promise<AppendResult> {
    if (this.#isClosed) return Promise.reject(unavailable(this.#options.files.dir, new Error('it is closed')));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ topic, records, dropDuplicates, resolve, reject });
      this.#start();
    });
  }

  /** Kept with the next append, or soon: a repeated batch costs less than a write for each batch. */
  setPosition(topic: string, group: string, partition: number, offset: number): void {
    this.#positions.set(`${topic}\n${group}\n${partition.toString()}`, { key: [topic, group, partition], offset });
    this.#timer ??= setTimeout(() => { this.#start(); }, POSITIONS_EVERY_MS);
  }
}
