/** One gives, one takes, and neither runs ahead. */
export class Handover<Value> {
  #given: Value | undefined;
  #error: Error | undefined;
  #isEnded = false;
  #wake: () => void = () => undefined;

  async give(value: Value): Promise<void> {
    this.#given = value;
    this.#wake();
    while (this.#given !== undefined && !this.#isEnded) await this.#change();
  }

  async take(): Promise<Value> {
    while (this.#given === undefined) {
      if (this.#error !== undefined) throw this.#error;
      await this.#change();
    }
    const value = this.#given;
    this.#given = undefined;
    this.#wake();
    return value;
  }

  fail(error: Error): void {
    this.#error = error;
    this.#wake();
  }

  end(): void {
    this.#isEnded = true;
    this.#wake();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      const others = this.#wake;
      this.#wake = () => {
        others();
        resolve();
      };
    });
  }
}
