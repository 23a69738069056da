import type { Core } from '../../detectors/detector.ts';
import type { Pace } from '../pace.ts';

/** Takes a picture of a core at one moment while judging goes on: an entry that is about to change is written down
 *  first. Entries of keys (`key:…`) may be many and wait for their turn; all others are written down at once. */
export class Snapshot {
  readonly #core: Core;
  readonly #pending = new Set<string>();
  readonly changed = new Map<string, string | undefined>();

  /** `alsoNames`: entries to write down although they did not change since the last snapshot. */
  constructor(core: Core, alsoNames: readonly string[]) {
    this.#core = core;
    for (const name of core.takeChanged()) this.#take(name);
    for (const name of alsoNames) this.#take(name);
  }

  /** To be called before anything that changes the state of this key. */
  beforeChange(keyId: string): void {
    if (this.#pending.size > 0) this.#write(`key:${keyId}`);
  }

  async finish(pace: Pace): Promise<void> {
    for (const name of this.#pending) {
      this.#write(name);
      if (pace.isOver()) await pace.rest();
    }
  }

  #take(name: string): void {
    if (name.startsWith('key:')) this.#pending.add(name);
    else if (!this.changed.has(name)) this.changed.set(name, this.#core.save(name));
  }

  #write(name: string): void {
    if (this.#pending.delete(name)) this.changed.set(name, this.#core.save(name));
  }
}
