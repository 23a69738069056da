/** Single messages that one notifier sends within any `WINDOW_MS`: more than this nobody reads one by one. */
export const MAX_SINGLES = 20;
export const WINDOW_MS = 10 * 60_000;

/** How many single messages may still go now. */
export class SendWindow {
  #sentAt: number[] = [];

  note(now: number): void {
    this.#sentAt = [...this.#within(now), now];
  }

  free(now: number): number {
    return Math.max(0, MAX_SINGLES - this.#within(now).length);
  }

  /** When the next one may go. */
  opensAt(now: number): number {
    const within = this.#within(now);
    return within.length < MAX_SINGLES ? now : (within[within.length - MAX_SINGLES] ?? now) + WINDOW_MS;
  }

  save(): string {
    return JSON.stringify(this.#sentAt);
  }

  restore(text: string): void {
    this.#sentAt = JSON.parse(text) as number[];
  }

  /** A clock that was set back must not keep everything waiting. */
  #within(now: number): number[] {
    return this.#sentAt.filter((at) => Math.abs(now - at) < WINDOW_MS);
  }
}
