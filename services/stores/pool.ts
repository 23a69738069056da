import { AppError } from '../errors.ts';

export interface PoolLimits {
  running: number;
  /** Besides those that run. */
  waiting: number;
}

/** Runs a few things at a time and lets a few wait; what comes on top is refused at once. */
export class Pool {
  readonly #limits: PoolLimits;
  readonly #waiting: (() => void)[] = [];
  readonly #running = new Set<Promise<unknown>>();
  #taken = 0;

  constructor(limits: PoolLimits) {
    this.#limits = limits;
  }

  /** Throws `E_BUSY` when too many wait. */
  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    await this.#takePlace();
    const running = work();
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
      this.#givePlace();
    }
  }

  /** Resolves when nothing runs or waits any more. */
  async idle(): Promise<void> {
    while (this.#taken > 0) await Promise.allSettled([...this.#running]);
  }

  async #takePlace(): Promise<void> {
    if (this.#taken < this.#limits.running) {
      this.#taken += 1;
      return;
    }
    if (this.#waiting.length >= this.#limits.waiting)
      throw new AppError('E_BUSY', 'Too many queries are waiting. Try again in a few seconds.');
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** The place goes to the next one without becoming free in between. */
  #givePlace(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#taken -= 1;
    else next();
  }
}
