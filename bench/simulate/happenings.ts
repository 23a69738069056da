import { DAY_MS } from './call.ts';

/** What happens in the life of a key that is no attack: said when a false alarm is explained. */
export class Happenings {
  readonly #all: { name: string; from: number; to: number }[] = [];

  add(name: string, from: number, to: number): void {
    this.#all.push({ name, from, to });
  }

  /** Those of now and of the day before that can have to do with it. */
  around(ts: number, isRelevant: (name: string) => boolean): string {
    const names = this.#all
      .filter(({ name, from, to }) => ts >= from && ts <= to + DAY_MS && isRelevant(name))
      .map(({ name }) => name);
    return names.length === 0 ? 'ordinary days' : [...new Set(names)].sort().join(' + ');
  }
}
