import { seededRandom } from '../../test/support/seeded-random.ts';

/** Chance with a seed. Every key and every attack has its own, so that adding one changes nothing about the others. */
export class Random {
  readonly #next: () => number;

  constructor(...seeds: readonly number[]) {
    let mixed = 0x9e37_79b9;
    for (const seed of seeds) mixed = Math.imul(mixed ^ seed, 0x85eb_ca6b) ^ (mixed >>> 13);
    this.#next = seededRandom(mixed | 0);
  }

  /** In [0, 1). */
  next(): number {
    return this.#next();
  }

  chance(probability: number): boolean {
    return this.#next() < probability;
  }

  /** From 0 on, below the limit. */
  int(limit: number): number {
    return Math.floor(this.#next() * limit);
  }

  between(low: number, high: number): number {
    return low + this.#next() * (high - low);
  }

  pick<Item>(items: readonly Item[]): Item {
    const item = items[this.int(items.length)];
    if (item === undefined) throw new Error('There is nothing to pick from.');
    return item;
  }

  weighted<Item>(items: readonly (readonly [item: Item, weight: number])[]): Item {
    let left = this.#next() * items.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [item, weight] of items) {
      left -= weight;
      if (left < 0) return item;
    }
    return this.pick(items)[0];
  }

  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.#next())) * Math.cos(2 * Math.PI * this.#next());
  }

  logNormal(median: number, sigma: number): number {
    return median * Math.exp(sigma * this.normal());
  }

  poisson(mean: number): number {
    const limit = Math.exp(-mean);
    let count = 0;
    for (let product = this.#next(); product > limit && count < 1_000; product *= this.#next()) count += 1;
    return count;
  }
}
