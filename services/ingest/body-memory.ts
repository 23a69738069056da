const SMALLEST_BYTES = 256 * 1024;
/** Kept for later bodies; what is beyond goes back to the system. */
const MAX_KEPT_BYTES = 16 * 1024 * 1024;

/** Memory for bodies, used again and again: new memory for each would be megabytes a millisecond under load, and the
 *  garbage collector walks the whole heap every time some 64 MB of it have come together. */
export class BodyMemory {
  #free: Buffer[] = [];
  #freeBytes = 0;

  /** At least this large; what is in it is left over from earlier bodies. */
  take(sizeBytes: number): Buffer {
    const at = this.#free.findIndex(({ length }) => length >= sizeBytes);
    const [found] = at < 0 ? [] : this.#free.splice(at, 1);
    if (found === undefined) return Buffer.allocUnsafeSlow(Math.max(SMALLEST_BYTES, powerOfTwo(sizeBytes)));
    this.#freeBytes -= found.length;
    return found;
  }

  /** Nobody may hold on to any part of it. */
  giveBack(memory: Buffer): void {
    if (memory.length === 0 || this.#freeBytes + memory.length > MAX_KEPT_BYTES) return;
    this.#freeBytes += memory.length;
    this.#free.push(memory);
    this.#free.sort((a, b) => a.length - b.length);
  }
}

function powerOfTwo(sizeBytes: number): number {
  return 2 ** Math.ceil(Math.log2(sizeBytes));
}

/** One body while it arrives: grows with what is there, not with what its sender announced. */
export class GrowingBody {
  readonly #source: BodyMemory;
  #memory: Buffer = Buffer.alloc(0);
  #size = 0;

  constructor(source: BodyMemory) {
    this.#source = source;
  }

  get size(): number {
    return this.#size;
  }

  append(chunk: Buffer): void {
    const size = this.#size + chunk.length;
    if (size > this.#memory.length) {
      const larger = this.#source.take(size);
      this.#memory.copy(larger, 0, 0, this.#size);
      this.#source.giveBack(this.#memory);
      this.#memory = larger;
    }
    chunk.copy(this.#memory, this.#size);
    this.#size = size;
  }

  /** Valid until it is released. */
  bytes(): Buffer {
    return this.#memory.subarray(0, this.#size);
  }

  release(): void {
    this.#source.giveBack(this.#memory);
    this.#memory = Buffer.alloc(0);
    this.#size = 0;
  }
}
