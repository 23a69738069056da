import { hash64 } from '../hash64.ts';

/** How many records back a repeat is looked for. Repeats come of a sender that was not answered and sends again, so they
 *  are near each other. */
export const REPEAT_WINDOW = 20_000;

const LOW = 2 ** 32;
const HIGH_MASK = 2 ** 21 - 1;

/** Records that were appended twice, because several processes take records in and each knows its own ids only, or because
 *  a broker wrote what it did not confirm. Whether a record is a repeat follows from the records before it in its
 *  partition alone: whenever they are read again, it is the same ones. */
export class Repeats {
  /** Offset of the newest record by fingerprint of its id, for the window that offsets are in now and the one before: to
   *  forget by whole windows is cheap, to forget the oldest one by one is not. */
  #newer = new Map<number, number>();
  #older = new Map<number, number>();
  #window = 0;
  readonly #hash = new Int32Array(2);

  /** To be asked for every record in turn; one without an id comes from a transport that lets none through. */
  isRepeat({ offset, id }: { offset: number; id?: string }): boolean {
    if (id === undefined) return false;
    this.#moveTo(Math.floor(offset / REPEAT_WINDOW));
    const fingerprint = this.#fingerprint(id);
    const last = this.#newer.get(fingerprint) ?? this.#older.get(fingerprint);
    this.#newer.set(fingerprint, offset);
    return last !== undefined && last < offset && last >= offset - REPEAT_WINDOW;
  }

  #moveTo(window: number): void {
    if (window <= this.#window) return;
    this.#older = window === this.#window + 1 ? this.#newer : new Map<number, number>();
    this.#newer = new Map();
    this.#window = window;
  }

  /** 53 bits: among 20,000 ids, one event in 400 billion would be taken for another. */
  #fingerprint(id: string): number {
    hash64(id, 0, this.#hash);
    return ((this.#hash[1] ?? 0) & HIGH_MASK) * LOW + ((this.#hash[0] ?? 0) >>> 0);
  }
}
