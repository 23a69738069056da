/** One gives, one takes; of what is given, one waits at most. */
export class Handover<Value> {
  #given: Value | undefined;
  #error: Error | undefined;
  #wake: () => void = () => undefined;

  /** False when what was given before is not taken yet. */
  give(value: Value): boolean {
    if (this.#given !== undefined) return false;
    this.#given = value;
    this.#wake();
    return true;
  }

  async take(): Promise<Value> {
    while (this.#given === undefined) {
      if (this.#error !== undefined) throw this.#error;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    const value = this.#given;
    this.#given = undefined;
    return value;
  }

  fail(error: Error): void {
    this.#error = error;
    this.#wake();
  }
}
