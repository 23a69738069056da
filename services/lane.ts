/** Runs work one after the other, in the order it came. A connection of the embedded engine runs one query at a time
 *  anyway; waiting here instead of there keeps the threads of the process free. */
export class Lane {
  #last: Promise<unknown> = Promise.resolve();

  run<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => undefined);
    return result;
  }

  /** Resolves when nothing that came before is running any more. */
  async idle(): Promise<void> {
    await this.#last;
  }
}
