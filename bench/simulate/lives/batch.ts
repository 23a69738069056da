import { DAY_MS, HOUR_MS } from '../call.ts';
import type { Call } from '../call.ts';
import { serviceClient } from '../catalog.ts';
import { Life } from './life.ts';
import type { LifeOptions } from './life.ts';
import type { Caller } from '../workload.ts';

/** A job by night, with a large run once a week; when it failed, it is run again by day. */
export class Batch extends Life {
  readonly #startHour: number;
  readonly #hours: number;
  readonly #weekly: { weekday: number; factor: number };
  readonly #client: string;
  readonly #eras: { from: number; ips: readonly string[] }[];
  readonly #machineChangesDaily: boolean;
  readonly #asn: number;
  #rerunFrom = 0;
  #rerunTo = 0;
  #today = '';

  constructor(options: LifeOptions) {
    super(options, 2.5);
    const { random, organisation } = options;
    const cloud = organisation.cloud(random);
    this.#asn = cloud.asn;
    this.#startHour = random.int(5);
    this.#hours = 1 + random.int(4);
    this.#weekly = { weekday: random.int(7), factor: random.pick([1, 2, 4]) };
    this.#client = serviceClient(random);
    this.#machineChangesDaily = random.chance(0.4);
    this.#eras = [{ from: 0, ips: [organisation.machine(random, cloud)] }];
    if (!random.chance(0.06)) return;
    const { startAt, endAt } = organisation.weather;
    const from = random.between(startAt, endAt);
    this.#eras.push({ from, ips: [organisation.machine(random, organisation.cloud(random, cloud.asn))] });
    this.happenings.add('other cloud', from, from + 3 * DAY_MS);
  }

  callsIn(hour: number): Call[] {
    const { random } = this;
    const { hourOfDay, weekday } = this.localTime(hour);
    if (hourOfDay === this.#startHour) this.#beginNight(hour);
    const isNight = hourOfDay >= this.#startHour && hourOfDay < this.#startHour + this.#hours;
    const isRerun = hour >= this.#rerunFrom && hour < this.#rerunTo;
    if (!isNight && !isRerun) return [];
    const share = weekday === this.#weekly.weekday ? this.#weekly.factor : 1;
    return this.workload.calls(hour, 2 + random.poisson(2 * share), share, (ts) => this.callerAt(ts));
  }

  callerAt(ts: number): Caller {
    const era = this.#eras.findLast(({ from }) => ts >= from);
    const isMoved = era !== this.#eras[0];
    const ip =
      this.#machineChangesDaily && !isMoved && this.#today !== '' ? this.#today : (era?.ips[0] ?? '');
    return { ip, client: this.#client };
  }

  #beginNight(hour: number): void {
    const { random, organisation } = this;
    const cloud = organisation.book.system(this.#asn);
    if (this.#machineChangesDaily && cloud !== undefined) this.#today = organisation.machine(random, cloud);
    if (!random.chance(0.02)) return;
    this.#rerunFrom = hour + random.between(6, 12);
    this.#rerunTo = this.#rerunFrom + this.#hours;
    this.happenings.add('run again by day', this.#rerunFrom * HOUR_MS, this.#rerunTo * HOUR_MS);
  }
}
