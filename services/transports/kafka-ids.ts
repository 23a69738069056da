import { FIRST_GENERATION, FingerprintTable } from './embedded-duplicates.ts';
import { hash64 } from '../hash64.ts';

/** A window is this many generations, which are forgotten one by one. */
const GENERATIONS = 7;

export interface IdMemoryOptions {
  windowMs: number;
  /** About 20 bytes each; beyond it the oldest are forgotten too early. */
  maxIds: number;
  now: () => number;
}

interface Generation {
  id: number;
  startedAt: number;
  count: number;
}

/** The ids this process has appended, or read back from the topics after a start. Ids that another process appends at the
 *  same time are not here: whoever reads the topic has to leave those out. */
export class IdMemory {
  readonly #options: IdMemoryOptions;
  readonly #table = new FingerprintTable();
  readonly #hash = new Int32Array(2);
  readonly #topicSeeds = new Map<string, number>();
  /** Oldest first. */
  readonly #generations: Generation[] = [];

  constructor(options: IdMemoryOptions) {
    this.#options = options;
  }

  /** False if it is known already. Provisional until `keep`; `undo` takes back what was claimed since. */
  claim(topic: string, id: string): boolean {
    const generation = this.#current();
    this.#mix(topic, id);
    const isNew = this.#table.claim(this.#hash[0] ?? 0, this.#hash[1] ?? 0, generation.id);
    if (isNew) generation.count += 1;
    return isNew;
  }

  keep(): void {
    this.#table.keep();
  }

  undo(): void {
    this.#table.undo();
  }

  /** An id of a record that is in its topic already. */
  remember(topic: string, id: string): void {
    const generation = this.#current();
    this.#mix(topic, id);
    if (this.#table.add(this.#hash[0] ?? 0, this.#hash[1] ?? 0, generation.id)) generation.count += 1;
  }

  #current(): Generation {
    const { windowMs, maxIds, now } = this.#options;
    const at = now();
    const last = this.#generations.at(-1);
    const isFull = last !== undefined && last.count >= maxIds / (GENERATIONS + 1);
    if (last !== undefined && !isFull && at < last.startedAt + windowMs / GENERATIONS) return last;
    const next = { id: (last?.id ?? FIRST_GENERATION - 1) + 1, startedAt: at, count: 0 };
    this.#generations.push(next);
    this.#forget(at);
    return next;
  }

  /** A generation goes when its last id is a window old, or when there are too many ids. */
  #forget(at: number): void {
    const { windowMs, maxIds } = this.#options;
    const count = () => this.#generations.reduce((sum, one) => sum + one.count, 0);
    const lifeMs = windowMs + windowMs / GENERATIONS;
    while ((this.#generations[0]?.startedAt ?? Infinity) + lifeMs <= at || count() > maxIds) {
      this.#generations.shift();
    }
    this.#table.forgetBefore(this.#generations[0]?.id ?? FIRST_GENERATION);
  }

  #mix(topic: string, id: string): void {
    let seed = this.#topicSeeds.get(topic);
    if (seed === undefined) {
      hash64(topic, 0, this.#hash);
      seed = this.#hash[0] ?? 0;
      this.#topicSeeds.set(topic, seed);
    }
    hash64(id, seed, this.#hash);
  }
}
