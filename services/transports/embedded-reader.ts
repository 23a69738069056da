import { AppError } from '../errors.ts';
import { decodeBatch, MAX_BATCH_RECORDS, readHeader } from './embedded-batch.ts';
import type { Files } from './embedded-files.ts';
import type { InRecord } from './transport.ts';

/** A batch of this many goes out as it is: looking at the next entry would cost more than it saves. */
const ENOUGH_RECORDS = MAX_BATCH_RECORDS / 2;

/** One partition of one topic. */
export class Reader {
  readonly #files: Files;
  readonly #topic: string;
  readonly #partition: number;

  constructor(files: Files, topic: string, partition: number) {
    this.#files = files;
    this.#topic = topic;
    this.#partition = partition;
  }

  /** Offset of the next record to be appended, by any process. */
  end(): number {
    return this.#files.ends.get(this.#topic)?.[this.#partition] ?? 0;
  }

  /** Offset of the oldest record that is still there. */
  first(): number {
    const range = { start: this.#key(0), end: this.#key(Infinity), limit: 1 };
    for (const [, , base] of this.#files.entries.getKeys(range)) return base;
    return this.end();
  }

  /** Records from `offset` on, up to 1,000 and not beyond `end`; undefined when there are none. */
  read(offset: number, end = this.end()): InRecord[] | undefined {
    if (offset >= end) return undefined;
    const base = this.#baseOf(offset);
    let records = this.#decode(base);
    if (base < offset) records = records.slice(offset - base);
    let next = offset + records.length;
    if (next === offset) throw this.#gap(offset);
    while (next < end && records.length < ENOUGH_RECORDS) {
      if (records.length + readHeader(this.#entry(next)).count > MAX_BATCH_RECORDS) break;
      for (const record of this.#decode(next)) records.push(record);
      next = offset + records.length;
    }
    return next > end ? records.slice(0, end - offset) : records;
  }

  #key(base: number): [string, number, number] {
    return [this.#topic, this.#partition, base];
  }

  /** Where the entry starts that holds this record. */
  #baseOf(offset: number): number {
    const backwards = { start: this.#key(offset), end: this.#key(-1), reverse: true, limit: 1 };
    for (const [, , base] of this.#files.entries.getKeys(backwards)) return base;
    throw this.#gap(offset);
  }

  #entry(base: number): Buffer {
    const entry = this.#files.entries.get(this.#key(base));
    if (entry === undefined) throw this.#gap(base);
    return entry;
  }

  #decode(base: number): InRecord[] {
    return decodeBatch(this.#entry(base), base, {
      topic: this.#topic,
      partition: this.#partition,
      offset: base,
    });
  }

  #gap(offset: number): AppError {
    const where = { topic: this.#topic, partition: this.#partition, offset };
    return new AppError(
      'E_TRANSPORT_CORRUPT',
      'A stored entry of the log of events is missing. Check the disk.',
      where,
    );
  }
}
