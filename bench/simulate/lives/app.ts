import { DAY_MS, HOUR_MS } from '../call.ts';
import type { Call } from '../call.ts';
import { appClient } from '../catalog.ts';
import { Life } from './life.ts';
import type { LifeOptions } from './life.ts';
import type { Caller } from '../workload.ts';

const MOST_USERS = 600;

/** A key inside an app: the addresses are those of its users. */
export class App extends Life {
  readonly #markets: [country: string, weight: number][];
  readonly #clients: [client: string, weight: number][];
  readonly #users: Caller[] = [];
  readonly #newUsersPerDay: number;
  readonly #calls: number;
  readonly #opening: { at: number; country: string } | undefined;

  constructor(options: LifeOptions) {
    super(options, 22);
    const { random, organisation, office } = options;
    this.#markets = [[office.country, 10]];
    const more = random.pick([0, 1, 4, 12]);
    for (let index = 0; index < more; index += 1)
      this.#markets.push([organisation.someCountry(random), random.between(0.2, 3)]);
    this.#clients = [
      [appClient(random), 10],
      [appClient(random), 4],
    ];
    this.#newUsersPerDay = random.pick([1, 5, 20]);
    this.#calls = random.pick([1, 2, 5]);
    const users = random.pick([20, 80, 250]);
    for (let index = 0; index < users; index += 1) this.#users.push(this.#newUser());
    if (!random.chance(0.1)) return;
    const { startAt, endAt } = organisation.weather;
    this.#opening = { at: random.between(startAt, endAt), country: organisation.someCountry(random) };
    this.happenings.add('app opens in a country', this.#opening.at, this.#opening.at + 5 * DAY_MS);
  }

  callsIn(hour: number): Call[] {
    const { random } = this;
    const opening = this.#opening;
    if (opening !== undefined && opening.at < hour * HOUR_MS && this.#markets.at(-1)?.[0] !== opening.country)
      this.#markets.push([opening.country, 3]);
    const arrivals = random.poisson(this.#newUsersPerDay / 24);
    for (let index = 0; index < arrivals; index += 1) this.#arrive();
    const { hourOfDay } = this.localTime(hour);
    const share = 1 + 0.8 * Math.cos(((hourOfDay - 18) * Math.PI) / 12);
    const count = random.poisson(this.#calls * share);
    return count === 0 ? [] : this.workload.calls(hour, count, share, (ts) => this.callerAt(ts));
  }

  /** Some users call far more often than others; all of them change their addresses. */
  callerAt(_ts: number): Caller {
    const { random, organisation } = this;
    const at = Math.floor(this.#users.length * random.next() ** 2);
    const user = this.#users[at] ?? this.#newUser();
    if (random.chance(0.05)) user.ip = organisation.book.near(random, user.ip);
    return { ...user };
  }

  #arrive(): void {
    const user = this.#newUser();
    if (this.#users.length < MOST_USERS) this.#users.push(user);
    else this.#users[this.random.int(MOST_USERS)] = user;
  }

  #newUser(): Caller {
    const { random, organisation } = this;
    const country = random.weighted(this.#markets);
    const kind = random.chance(0.4) ? ('mobile' as const) : ('isp' as const);
    const ip = organisation.book.address(random, organisation.book.pick(random, kind, country));
    return { ip, client: random.weighted(this.#clients) };
  }
}
