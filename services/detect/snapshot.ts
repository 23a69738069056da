import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Core } from '../../detectors/detector.ts';

/** State entries are turned into text for at most this long at a time, then the event loop gets its turn. */
const SLICE_MS = 4;

/** Takes a picture of a core at one moment while judging goes on: an entry that is about to change is written down
 *  first. Entries of keys (`key:…`) may be many and wait for their turn; all others are written down at once. */
export class Snapshot {
  readonly #core: Core;
  readonly #pending = new Set<string>();
  readonly changed = new Map<string, string | undefined>();

  /** `alsoNames`: entries to write down although they did not change since the last snapshot. */
  constructor(core: Core, alsoNames: readonly string[]) {
    this.#core = core;
    for (const name of new Set([...core.takeChanged(), ...alsoNames])) {
      if (name.startsWith('key:')) this.#pending.add(name);
      else this.changed.set(name, core.save(name));
    }
  }

  /** To be called before anything that changes the state of this key. */
  beforeChange(keyId: string): void {
    if (this.#pending.size > 0) this.#write(`key:${keyId}`);
  }

  async finish(clock: () => number): Promise<void> {
    let sliceEnd = clock() + SLICE_MS;
    for (const name of this.#pending) {
      this.#write(name);
      if (clock() < sliceEnd) continue;
      await nextTurn();
      sliceEnd = clock() + SLICE_MS;
    }
  }

  #write(name: string): void {
    if (this.#pending.delete(name)) this.changed.set(name, this.#core.save(name));
  }
}
