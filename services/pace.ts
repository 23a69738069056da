import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises';

/** An event passes through dozens of turns of the event loop on its way to a block. If each of them waited for a slice
 *  of work that nobody waits for, the block would be late: so slices are short, and most of the time is rest. */
const SLICE_MS = 2;
const REST_MS = 8;

/** Divides long work into slices beside the live flow: `if (pace.isOver()) await pace.rest();` between its pieces. */
export class Pace {
  readonly #hurry: AbortSignal | undefined;
  #sliceEnds = performance.now() + SLICE_MS;

  /** From the moment `hurry` is aborted on, the event loop gets its turns, but there is no rest any more. */
  constructor(hurry?: AbortSignal) {
    this.#hurry = hurry;
  }

  /** The slice is used up. */
  isOver(): boolean {
    return performance.now() >= this.#sliceEnds;
  }

  async rest(): Promise<void> {
    if (this.#hurry?.aborted === true) await nextTurn();
    else await wait(REST_MS, undefined, { signal: this.#hurry }).catch(() => undefined);
    this.#sliceEnds = performance.now() + SLICE_MS;
  }
}
