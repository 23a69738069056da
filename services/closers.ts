/** What was opened, to be closed in reverse. Closing goes on when one of them fails; the first failure is thrown. */
export class Closers {
  #closers: (() => Promise<void> | void)[] = [];

  add(close: () => Promise<void> | void): void {
    this.#closers.push(close);
  }

  /** Adds a part that closes itself, and gives it back. */
  use<Part extends { close(): Promise<void> }>(part: Part): Part {
    this.add(() => part.close());
    return part;
  }

  async close(): Promise<void> {
    const failures: unknown[] = [];
    for (const close of this.#closers.reverse()) {
      try {
        await close();
      } catch (error) {
        failures.push(error);
      }
    }
    this.#closers = [];
    if (failures.length > 0) throw failures[0];
  }
}
