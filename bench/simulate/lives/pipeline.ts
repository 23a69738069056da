import type { System } from '../address-book.ts';
import { DAY_MS } from '../call.ts';
import type { Call } from '../call.ts';
import { serviceClient } from '../catalog.ts';
import { isWeekend, Life } from './life.ts';
import type { LifeOptions } from './life.ts';
import type { Caller } from '../workload.ts';

/** Builds and functions: another address of the cloud at each run. */
export class Pipeline extends Life {
  readonly #client: string;
  readonly #runsPerHour: number;
  readonly #isRegional: boolean;
  readonly #move: { at: number; cloud: System } | undefined;
  readonly #cloud: System;
  readonly #pool: string[];

  constructor(options: LifeOptions) {
    super(options, 10);
    const { random, organisation } = options;
    this.#client = serviceClient(random);
    this.#cloud = organisation.cloud(random);
    this.#runsPerHour = random.pick([0.15, 0.4, 0.8]);
    this.#isRegional = random.chance(0.5);
    const isSelfHosted = random.chance(0.15);
    this.#pool = isSelfHosted
      ? [organisation.machine(random, this.#cloud), organisation.machine(random, this.#cloud)]
      : [];
    if (!random.chance(0.04)) return;
    const { startAt, endAt } = organisation.weather;
    const at = random.between(startAt, endAt);
    this.#move = { at, cloud: organisation.cloud(random, this.#cloud.asn) };
    this.happenings.add('other cloud', at, at + 3 * DAY_MS);
  }

  callsIn(hour: number): Call[] {
    const { random } = this;
    const { hourOfDay, weekday, isHoliday } = this.localTime(hour);
    const isAtWork = hourOfDay >= 8 && hourOfDay < 20 && !isWeekend(weekday) && !isHoliday;
    const isNightly = hourOfDay === 2;
    if (!random.chance(isAtWork || isNightly ? this.#runsPerHour : this.#runsPerHour / 10)) return [];
    const caller = this.callerAt(hour * 3_600_000);
    return this.workload.calls(hour, 1 + random.poisson(1.5), isNightly ? 1.5 : 1, () => caller);
  }

  callerAt(ts: number): Caller {
    const { random, organisation } = this;
    const client = this.#client;
    if (this.#pool.length > 0) return { ip: random.pick(this.#pool), client };
    const cloud = this.#move !== undefined && ts >= this.#move.at ? this.#move.cloud : this.#cloud;
    const ip = this.#isRegional
      ? organisation.machine(random, cloud)
      : organisation.book.address(random, cloud);
    return { ip, client };
  }
}
