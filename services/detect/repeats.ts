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
  /** Offset of the newest record by fingerprint of its id, in the order of offsets. */
  readonly #seen = new Map<number, number>();
  readonly #hash = new Int32Array(2);

  /** To be asked for every record in turn; one without an id comes from a transport that lets none through. */
  isRepeat({ offset, id }: { offset: number; id?: string }): boolean {
    if (id === undefined) return false;
    const fingerprint = this.#fingerprint(id);
    const last = this.#seen.get(fingerprint);
    this.#seen.delete(fingerprint);
    this.#seen.set(fingerprint, offset);
    const oldest = offset - REPEAT_WINDOW;
    for (const [old, at] of this.#seen) {
      if (at >= oldest) break;
      this.#seen.delete(old);
    }
    return last !== undefined && last < offset && last >= oldest;
  }

  /** 53 bits: among 20,000 ids, one event in 400 billion would be taken for another. */
  #fingerprint(id: string): number {
    hash64(id, 0, this.#hash);
    return ((this.#hash[1] ?? 0) & HIGH_MASK) * LOW + ((this.#hash[0] ?? 0) >>> 0);
  }
}
