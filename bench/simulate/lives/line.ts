import type { System } from '../address-book.ts';
import { DAY_MS } from '../call.ts';
import type { Happenings } from '../happenings.ts';
import type { LifeOptions } from './life.ts';

/** An access line: its provider gives it another address now and then. */
export class Line {
  readonly #options: LifeOptions;
  readonly #happenings: Happenings;
  readonly #country: string;
  readonly #leaseMs: number;
  #ip: string;
  #until = 0;

  constructor(options: LifeOptions, happenings: Happenings, system: System, leaseDays: number) {
    this.#options = options;
    this.#happenings = happenings;
    this.#country = system.country;
    this.#leaseMs = leaseDays * DAY_MS;
    this.#ip = options.organisation.book.address(options.random, system);
  }

  address(ts: number): string {
    if (ts < this.#until) return this.#ip;
    const { organisation, random } = this.#options;
    if (this.#until > 0) this.#ip = organisation.book.near(random, this.#ip);
    const isMisplaced = organisation.book.countryOf(this.#ip) !== this.#country;
    if (isMisplaced) this.#happenings.add('place data names another country', ts, ts + DAY_MS);
    this.#until = ts + this.#leaseMs * random.between(0.5, 1.5);
    return this.#ip;
  }
}
