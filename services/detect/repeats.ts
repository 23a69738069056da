import { hash64 } from '../hash64.ts';

/** How many records back a repeat is looked for. Repeats come of a sender that was not answered and sends again, so they
 *  are near each other. */
export const REPEAT_WINDOW = 20_000;

const FIRST_SLOTS = 1_024;
/** A fuller table takes longer to search. */
const MAX_LOAD = 0.6;
const NONE = -1;

/** Records that were appended twice, because several processes take records in and each knows its own ids only, or because
 *  a broker wrote what it did not confirm. Whether a record is a repeat follows from the records before it in its
 *  partition alone: whenever they are read again, it is the same ones. */
export class Repeats {
  /** Offset of the newest record by fingerprint of its id, for the window that offsets are in now and the one before: to
   *  forget by whole windows is cheap, to forget the oldest one by one is not. */
  #newer = new OffsetTable();
  #older = new OffsetTable();
  #window = 0;
  readonly #hash = new Int32Array(2);

  /** To be asked for every record in turn; one without an id comes from a transport that lets none through. */
  isRepeat({ offset, id }: { offset: number; id?: string }): boolean {
    if (id === undefined) return false;
    this.#moveTo(Math.floor(offset / REPEAT_WINDOW));
    hash64(id, 0, this.#hash);
    const [low = 0, high = 0] = this.#hash;
    const newest = this.#newer.get(low, high);
    const last = newest === NONE ? this.#older.get(low, high) : newest;
    this.#newer.set(low, high, offset);
    return last !== NONE && last < offset && last >= offset - REPEAT_WINDOW;
  }

  #moveTo(window: number): void {
    if (window <= this.#window) return;
    const [newer, older] = [this.#newer, this.#older];
    if (window > this.#window + 1) newer.clear();
    older.clear();
    [this.#newer, this.#older] = [older, newer];
    this.#window = window;
  }
}

/** Offsets by 64-bit fingerprint: among 20,000 ids, one event in 10^15 would be taken for another. A `Map` would hold each
 *  number as an object of its own, which is most of what looking for repeats costs. */
class OffsetTable {
  #slots = FIRST_SLOTS;
  #fingerprints = new Int32Array(2 * FIRST_SLOTS);
  #offsets = new Float64Array(FIRST_SLOTS).fill(NONE);
  #count = 0;

  get(low: number, high: number): number {
    return this.#offsets[this.#slotOf(low, high)] ?? NONE;
  }

  set(low: number, high: number, offset: number): void {
    const slot = this.#slotOf(low, high);
    const isNew = this.#offsets[slot] === NONE;
    this.#fingerprints[2 * slot] = low;
    this.#fingerprints[2 * slot + 1] = high;
    this.#offsets[slot] = offset;
    if (!isNew) return;
    this.#count += 1;
    if (this.#count > MAX_LOAD * this.#slots) this.#grow();
  }

  clear(): void {
    this.#offsets.fill(NONE);
    this.#count = 0;
  }

  /** The one that holds it, or the free one where it belongs. */
  #slotOf(low: number, high: number): number {
    const last = this.#slots - 1;
    for (let slot = low & last; ; slot = (slot + 1) & last) {
      if (this.#offsets[slot] === NONE) return slot;
      if (this.#fingerprints[2 * slot] === low && this.#fingerprints[2 * slot + 1] === high) return slot;
    }
  }

  #grow(): void {
    const [fingerprints, offsets] = [this.#fingerprints, this.#offsets];
    this.#slots *= 2;
    this.#fingerprints = new Int32Array(2 * this.#slots);
    this.#offsets = new Float64Array(this.#slots).fill(NONE);
    this.#count = 0;
    for (const [slot, offset] of offsets.entries()) {
      if (offset === NONE) continue;
      this.set(fingerprints[2 * slot] ?? 0, fingerprints[2 * slot + 1] ?? 0, offset);
    }
  }
}
