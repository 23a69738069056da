const SHARDS = 256;
const FIRST_SLOTS = 64;

/** What a slot's generation says. */
const EMPTY = 0;
const FORGOTTEN = 1;
export const FIRST_GENERATION = 2;

/** Open addressing with linear probing; `halves` holds low and high side by side, so that a look-up is one cache miss. */
interface Shard {
  halves: Int32Array;
  generations: Uint32Array;
  used: number;
}

/** Remembers 64-bit fingerprints, each with the generation it was seen in. Bounded by forgetting generations, oldest
 *  first, which costs nothing: a fingerprint of a forgotten generation counts as absent and goes when its shard is
 *  next rebuilt. 256 small shards instead of one large table keep a rebuild below a millisecond.
 *
 *  What is claimed stays provisional until `keep()`; `undo()` takes it back. */
export class FingerprintTable {
  readonly #shards: Shard[] = Array.from({ length: SHARDS }, () => emptyShard(FIRST_SLOTS));
  #oldest = FIRST_GENERATION;
  #provisional: number[] = [];

  forgetBefore(generation: number): void {
    this.#oldest = generation;
  }

  /** Makes room at once for what is about to be loaded. */
  reserve(count: number): void {
    const perShard = count / SHARDS;
    // Shards fill unevenly; four standard deviations of room spare the rebuilds.
    const slots = slotsFor(perShard + 4 * Math.sqrt(perShard));
    for (const shard of this.#shards)
      if (shard.generations.length < slots) rebuild(shard, slots, this.#oldest);
  }

  /** False if it is known already. */
  claim(low: number, high: number, generation: number): boolean {
    if (!this.add(low, high, generation)) return false;
    this.#provisional.push(low, high);
    return true;
  }

  /** For what is stored already: nothing to undo. */
  add(low: number, high: number, generation: number): boolean {
    const shard = this.#shardOf(low);
    const slot = find(shard, low, high);
    const before = shard.generations[slot] ?? EMPTY;
    if (before >= this.#oldest) return false;
    shard.halves[slot * 2] = low;
    shard.halves[slot * 2 + 1] = high;
    shard.generations[slot] = generation;
    if (before === EMPTY && ++shard.used * 4 > shard.generations.length * 3) {
      rebuild(shard, slotsFor(countAlive(shard, this.#oldest)), this.#oldest);
    }
    return true;
  }

  /** What was claimed since: flat pairs of low and high. */
  get provisional(): readonly number[] {
    return this.#provisional;
  }

  keep(): void {
    this.#provisional = [];
  }

  undo(): void {
    for (let at = 0; at < this.#provisional.length; at += 2) {
      const low = this.#provisional[at] ?? 0;
      const shard = this.#shardOf(low);
      // The slot stays taken: emptying it would break the search for those placed behind it.
      shard.generations[find(shard, low, this.#provisional[at + 1] ?? 0)] = FORGOTTEN;
    }
    this.#provisional = [];
  }

  #shardOf(low: number): Shard {
    const shard = this.#shards[low >>> 24];
    if (shard === undefined) throw new RangeError('There is no such shard.');
    return shard;
  }
}

function emptyShard(slots: number): Shard {
  return { halves: new Int32Array(slots * 2), generations: new Uint32Array(slots), used: 0 };
}

/** At most two thirds full after a rebuild; the next one comes at three quarters. */
function slotsFor(count: number): number {
  let slots = FIRST_SLOTS;
  while (slots < count * 1.5) slots *= 2;
  return slots;
}

/** The slot that holds the fingerprint, else the empty one where it belongs. */
function find(shard: Shard, low: number, high: number): number {
  const { halves, generations } = shard;
  const mask = generations.length - 1;
  let slot = high & mask;
  while (generations[slot] !== EMPTY && (halves[slot * 2] !== low || halves[slot * 2 + 1] !== high)) {
    slot = (slot + 1) & mask;
  }
  return slot;
}

function countAlive({ generations }: Shard, oldest: number): number {
  let alive = 0;
  for (const generation of generations) if (generation >= oldest) alive++;
  return alive;
}

function rebuild(shard: Shard, slots: number, oldest: number): void {
  const { halves, generations } = shard;
  Object.assign(shard, emptyShard(slots));
  for (let slot = 0; slot < generations.length; slot++) {
    const generation = generations[slot] ?? EMPTY;
    if (generation < oldest) continue;
    const low = halves[slot * 2] ?? 0;
    const high = halves[slot * 2 + 1] ?? 0;
    const target = find(shard, low, high);
    shard.halves[target * 2] = low;
    shard.halves[target * 2 + 1] = high;
    shard.generations[target] = generation;
    shard.used++;
  }
}
