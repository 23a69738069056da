import { DAY_MS, HOUR_MS } from '../call.ts';
import type { Call } from '../call.ts';
import { debugClient, peoplesClient, someModel } from '../catalog.ts';
import type { Model } from '../catalog.ts';
import { dayOf } from '../organisation.ts';
import { isWeekend, Life } from './life.ts';
import type { LifeOptions } from './life.ts';
import type { Caller } from '../workload.ts';
import { Line } from './line.ts';

interface Span {
  from: number;
  to: number;
}

interface Trip extends Span {
  /** Hotel, then conference or customer. */
  addresses: readonly string[];
  isAbroad: boolean;
  /** A program at home goes on using the key. */
  leavesProgramRunning: boolean;
}

/** A person: home, office, phone, VPN, trips, holidays, new laptops and new programs. */
export class Developer extends Life {
  readonly #home: Line;
  readonly #phone: Line;
  readonly #homeOfficeShare: number;
  readonly #vpnShare: number;
  readonly #vpn: readonly string[];
  readonly #shift: number;
  readonly #clients: [client: string, weight: number][];
  readonly #trips: Trip[] = [];
  readonly #leaves: Span[] = [];
  readonly #switch: { at: number; client: string } | undefined;
  readonly #machine: (Span & { ip: string; client: string }) | undefined;
  readonly #borrower: (Span & { ip: string; client: string }) | undefined;
  #day = 0;
  #isAtHome = false;
  #isOnVpn = false;
  #dayModel: Model | undefined;

  constructor(options: LifeOptions) {
    super(options, 6);
    const { random, organisation, office } = options;
    const { book, weather } = organisation;
    const { country } = office;
    this.#home = new Line(
      options,
      this.happenings,
      book.pick(random, 'isp', country),
      random.pick([3, 10, 30, 90]),
    );
    this.#phone = new Line(options, this.happenings, book.pick(random, 'mobile', country), 0.3);
    this.#homeOfficeShare = random.pick([0.1, 0.4, 0.6, 1]);
    this.#vpnShare = random.weighted([
      [0, 6],
      [0.2, 2],
      [0.9, 2],
    ]);
    const isOwnVpn = random.chance(0.2);
    this.#vpn = isOwnVpn ? this.#commercialVpn() : organisation.vpn;
    this.#shift = Math.round(random.normal() * 1.5);
    this.#clients = [[peoplesClient(random), 10]];
    if (random.chance(0.4)) this.#clients.push([peoplesClient(random), random.between(0.5, 4)]);
    this.#planTrips();
    this.#planLeave();
    this.#switch = this.#planSwitch();
    this.#machine = this.#planMachine();
    this.#borrower = this.#planBorrower();
    const { movesAt } = office;
    if (movesAt < weather.endAt) this.happenings.add('office move', movesAt, movesAt + 3 * DAY_MS);
  }

  callsIn(hour: number): Call[] {
    this.#beginDay(hour);
    const { random } = this;
    const ts = hour * HOUR_MS;
    const calls: Call[] = [];
    if (random.chance(this.#activity(hour))) {
      const caller = this.callerAt(ts);
      const made = this.workload.calls(hour, 1 + random.poisson(2), 1, () => caller);
      calls.push(...made.map((call) => this.#withDayModel(call)));
    }
    const beside = this.#besideAt(ts);
    if (beside !== undefined && random.chance(beside.chance))
      calls.push(...this.workload.calls(hour, 1 + random.poisson(1), 0.3, () => beside));
    return calls;
  }

  callerAt(ts: number): Caller {
    return { ip: this.#addressAt(ts), client: this.#clientAt(ts) };
  }

  #addressAt(ts: number): string {
    const { random } = this;
    const trip = this.#tripAt(ts);
    if (this.#isOnVpn) return random.pick(this.#vpn);
    if (trip !== undefined)
      return random.chance(0.25) ? this.#phone.address(ts) : random.pick(trip.addresses);
    if (random.chance(0.06)) return this.#phone.address(ts);
    return this.#isAtHome ? this.#home.address(ts) : this.office.address(random, ts);
  }

  #clientAt(ts: number): string {
    const { random } = this;
    if (random.chance(0.004)) {
      this.happenings.add('tries another program', ts, ts + HOUR_MS);
      return debugClient(random);
    }
    if (this.#switch !== undefined && ts >= this.#switch.at && random.chance(0.9)) return this.#switch.client;
    return random.weighted(this.#clients);
  }

  #activity(hour: number): number {
    const { hourOfDay, weekday, isHoliday } = this.localTime(hour);
    const ts = hour * HOUR_MS;
    if (this.#leaves.some(({ from, to }) => ts >= from && ts < to)) return 0;
    const at = hourOfDay - this.#shift;
    const isOff = isWeekend(weekday) || isHoliday;
    const isDay = at >= 9 && at < 18;
    const isEvening = at >= 18 && at < 23;
    if (isOff) return isDay || isEvening ? 0.03 : 0.002;
    return isDay ? 0.5 : isEvening ? 0.1 : 0.004;
  }

  /** Programs that run while the owner does something else. */
  #besideAt(ts: number): (Caller & { chance: number }) | undefined {
    const [client] = this.#clients[0] ?? [''];
    const trip = this.#tripAt(ts);
    if (trip?.leavesProgramRunning === true) return { ip: this.#home.address(ts), client, chance: 0.5 };
    const machine = this.#machine;
    if (machine !== undefined && ts >= machine.from) return { ...machine, chance: 0.2 };
    const borrower = this.#borrower;
    if (borrower !== undefined && ts >= borrower.from && ts < borrower.to)
      return { ...borrower, chance: this.#activity(Math.floor(ts / HOUR_MS)) };
    return undefined;
  }

  #tripAt(ts: number): Trip | undefined {
    return this.#trips.find(({ from, to }) => ts >= from && ts < to);
  }

  #beginDay(hour: number): void {
    const day = Math.floor((hour + this.office.utcOffset) / 24);
    if (day === this.#day) return;
    const { random } = this;
    this.#day = day;
    const { weekday } = this.localTime(hour);
    this.#isAtHome = isWeekend(weekday) || random.chance(this.#homeOfficeShare);
    this.#isOnVpn = random.chance(this.#vpnShare);
    const isUnusual = this.#vpnShare > 0.5 && !this.#isOnVpn;
    if (isUnusual) this.happenings.add('a day without the usual VPN', hour * HOUR_MS, (hour + 24) * HOUR_MS);
    // People try what is new, for a day.
    this.#dayModel = random.chance(0.02) ? someModel(random) : undefined;
    const ts = hour * HOUR_MS;
    if (this.#dayModel !== undefined) this.happenings.add('tries a model', ts, ts + DAY_MS);
  }

  #withDayModel(call: Call): Call {
    const model = this.#dayModel;
    if (model === undefined || call.usd === 0 || !this.random.chance(0.3)) return call;
    return { ...call, model, usd: (call.tokens * model.usdPerMillion) / 1_000_000 };
  }

  #commercialVpn(): string[] {
    const { random, organisation } = this;
    return Array.from({ length: 4 }, () => {
      const kind = random.chance(0.5) ? ('vpn' as const) : ('hosting' as const);
      return organisation.book.address(random, organisation.book.pick(random, kind, ''));
    });
  }

  #planTrips(): void {
    const { random, organisation } = this;
    const { book, weather } = organisation;
    for (let at = weather.startAt; at < weather.endAt;) {
      at += -60 * DAY_MS * Math.log(1 - random.next());
      const isAbroad = random.chance(0.6);
      const home = this.office.country;
      const country = isAbroad ? organisation.someCountry(random, home) : home;
      const to = at + random.between(1, 7) * DAY_MS;
      const count = 1 + random.int(3);
      const addresses = Array.from({ length: count }, () =>
        book.address(random, book.pick(random, 'isp', country)),
      );
      const leavesProgramRunning = random.chance(0.15);
      this.#trips.push({ from: at, to, addresses, isAbroad, leavesProgramRunning });
      const what = `trip ${isAbroad ? 'abroad' : 'at home'}`;
      this.happenings.add(leavesProgramRunning ? `${what}, a program runs at home` : what, at, to);
    }
  }

  #planLeave(): void {
    const { random, organisation } = this;
    if (!random.chance(0.25)) return;
    const from = dayOf(random, organisation.weather.startAt, organisation.weather.endAt);
    const to = from + random.between(3, 14) * DAY_MS;
    this.#leaves.push({ from, to });
    this.happenings.add('back from leave', to, to + DAY_MS);
  }

  /** A new program, often with a new laptop at a new place. */
  #planSwitch() {
    const { random, organisation } = this;
    if (!random.chance(0.25)) return undefined;
    const { startAt, endAt } = organisation.weather;
    const trip = this.#trips[0];
    const at = trip !== undefined && random.chance(0.1) ? trip.from : random.between(startAt, endAt);
    this.happenings.add('new program', at, at + 2 * DAY_MS);
    return { at, client: peoplesClient(random) };
  }

  #planMachine() {
    const { random, organisation } = this;
    if (!random.chance(0.1)) return undefined;
    const { startAt, endAt } = organisation.weather;
    const from = random.between(startAt - 20 * DAY_MS, endAt);
    this.happenings.add('a machine of their own in a cloud', from, from + 3 * DAY_MS);
    const ip = organisation.machine(random, organisation.cloud(random));
    return { from, to: Infinity, ip, client: random.chance(0.6) ? peoplesClient(random) : 'openai-python' };
  }

  #planBorrower() {
    const { random, organisation } = this;
    if (!random.chance(0.03)) return undefined;
    const { book, weather } = organisation;
    const from = random.between(weather.startAt, weather.endAt);
    const to = from + random.between(0.2, 4) * DAY_MS;
    this.happenings.add('a colleague borrows the key', from, to);
    const { country } = random.pick(organisation.offices);
    const ip = book.address(random, book.pick(random, 'isp', country));
    return { from, to, ip, client: peoplesClient(random) };
  }
}
