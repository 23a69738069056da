/** How many entries are looked at to find one that may go. */
const LOOK_AT = 32;
/** A newcomer also makes up for one before it that found only kept entries, and for a maximum that was larger at the
 *  last start. */
const LOOKS = 2;

export interface BoundedMapOptions<Key, Value> {
  max: number;
  /** Never dropped; something else bounds these. */
  isKept: (value: Value, key: Key) => boolean;
  /** Of those looked at, the one worth least goes. */
  worth: (value: Value) => number;
}

/** A map that makes room for newcomers: whoever may send logs can make up any number of names, and memory must not grow
 *  with them. Where more are kept than fit, it holds up to twice as many as are kept. A hand goes round the entries, some steps for each newcomer, so that dropping costs the same however many
 *  there are. Where the hand stands is not saved: after a restart it may be another worthless entry that goes. */
export class BoundedMap<Key, Value> {
  readonly #entries = new Map<Key, Value>();
  readonly #options: BoundedMapOptions<Key, Value>;
  /** Made when room is needed: one that stands still keeps alive what was in the map when it was made. */
  #hand: Iterator<[Key, Value]> | undefined;

  constructor(options: BoundedMapOptions<Key, Value>) {
    this.#options = options;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: Key): Value | undefined {
    return this.#entries.get(key);
  }

  /** Returns the keys that made room, if any had to. */
  add(key: Key, value: Value): Key[] {
    const dropped: Key[] = [];
    for (let look = 0; look < LOOKS && this.#entries.size >= this.#options.max; look += 1) {
      const least = this.#leastWorth();
      if (least === undefined) continue;
      this.#entries.delete(least);
      dropped.push(least);
    }
    this.#entries.set(key, value);
    return dropped;
  }

  /** Puts back what was there before, or in the place of what is there. */
  restore(key: Key, value: Value): void {
    this.#entries.set(key, value);
  }

  delete(key: Key): void {
    this.#entries.delete(key);
  }

  [Symbol.iterator](): IterableIterator<[Key, Value]> {
    return this.#entries.entries();
  }

  #leastWorth(): Key | undefined {
    const { isKept, worth } = this.#options;
    let found: Key | undefined;
    let least = Infinity;
    for (let step = 0; step < LOOK_AT; step += 1) {
      const entry = this.#step();
      if (entry === undefined) break;
      const [key, value] = entry;
      if (isKept(value, key) || worth(value) >= least) continue;
      found = key;
      least = worth(value);
    }
    return found;
  }

  #step(): [Key, Value] | undefined {
    const next = this.#hand?.next();
    if (next !== undefined && next.done !== true) return next.value;
    this.#hand = this.#entries.entries();
    const first = this.#hand.next();
    return first.done === true ? undefined : first.value;
  }
}
