import type { Event } from '../../detectors/event.ts';
import type { Unreadable } from '../gateways/gateway.ts';

type Read = Event | Unreadable;

/** Ingest knows what time it is and refuses calls from the future; a replay has only the calls themselves to go by. */
const LEAP_MS = 24 * 3_600_000;
const ALONE: Unreadable = {
  code: 'clock_out_of_range',
  reason: 'The call ended more than a day after those around it.',
};

/** Holds back a call that leaps ahead of the stream until the next one shows which of the two is right. A single wrong
 *  clock would otherwise make everything after it late. Keeps the order. */
export class ClockGuard {
  #clock = 0;
  #doubted: Event | undefined;
  #after: Unreadable[] = [];

  take(read: Read): readonly Read[] {
    if ('code' in read) {
      if (this.#doubted === undefined) return [read];
      this.#after.push(read);
      return [];
    }
    if (this.#doubted !== undefined) {
      const isRight = read.ts > this.#doubted.ts - LEAP_MS;
      return [...this.#settle(isRight), ...this.take(read)];
    }
    if (read.ts > this.#clock + LEAP_MS) {
      this.#doubted = read;
      return [];
    }
    this.#clock = Math.max(this.#clock, read.ts);
    return [read];
  }

  /** What is still held back when nothing follows. */
  finish(): readonly Read[] {
    return this.#settle(true);
  }

  #settle(isRight: boolean): Read[] {
    const doubted = this.#doubted;
    if (doubted === undefined) return [];
    const settled = [isRight ? doubted : ALONE, ...this.#after];
    if (isRight) this.#clock = doubted.ts;
    this.#doubted = undefined;
    this.#after = [];
    return settled;
  }
}
