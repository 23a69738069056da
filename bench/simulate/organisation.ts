import type { AddressBook, System } from './address-book.ts';
import { DAY_MS, HOUR_MS } from './call.ts';
import { modelNamed } from './catalog.ts';
import { Random } from './random.ts';
import type { Era, Weather } from './workload.ts';

/** Hours ahead of UTC where people work; one for a country is enough. */
const ZONES: Readonly<Record<string, number>> = {
  ...{ US: -6, CA: -5, BR: -3, GB: 0, NO: 1, DE: 1, FR: 1, NL: 1, PL: 1, ES: 1, IT: 1, SE: 1 },
  ...{ IN: 5, SG: 8, JP: 9, KR: 9, AU: 10 },
};
const CLOUDS = [
  ...([16509, 16509, 16509, 14618, 8075, 8075, 396982, 396982] as const),
  ...([24940, 16276, 14061, 63949, 31898, 51167] as const),
];
const OFFICES = 6;
const SUCCESSORS = [
  ['gpt-4o-mini', 'gpt-4.1-mini'],
  ['gpt-4o', 'gpt-4.1'],
  ['gpt-4o', 'claude-sonnet-4'],
  ['claude-sonnet-4', 'gemini-2.5-pro'],
] as const;

/** Where a team sits. The office may change its provider, for all who work there. */
export class Office {
  readonly country: string;
  readonly utcOffset: number;
  readonly holiday: number;
  readonly movesAt: number;
  readonly #before: readonly string[];
  readonly #after: readonly string[];

  constructor(random: Random, book: AddressBook, { startAt, endAt }: Era, country: string) {
    this.country = country;
    this.utcOffset = ZONES[country] ?? 0;
    const system = book.pick(random, 'isp', country);
    const gate = book.address(random, system);
    this.#before = [gate, book.near(random, gate)];
    this.#after = [book.address(random, book.pick(random, 'isp', country, new Set([system.asn])))];
    this.movesAt = random.chance(0.25) ? dayOf(random, startAt + 8 * DAY_MS, endAt) + 7 * HOUR_MS : Infinity;
    this.holiday = dayOf(random, startAt, endAt);
  }

  address(random: Random, ts: number): string {
    return random.pick(ts >= this.movesAt ? this.#after : this.#before);
  }
}

/** One organisation: offices, teams, clouds it rents from, a VPN of its own. */
export class Organisation {
  readonly book: AddressBook;
  readonly weather: Weather;
  readonly offices: readonly Office[];
  readonly vpn: readonly string[];
  readonly #clouds: readonly System[];
  /** Where machines of a cloud mostly are: a few blocks that many keys share. */
  readonly #regions = new Map<number, readonly string[]>();
  readonly countries: readonly string[];

  constructor(seed: number, book: AddressBook, era: Era) {
    const random = new Random(seed, 1);
    this.book = book;
    this.countries = book.countries();
    const homes = Object.keys(ZONES).filter((country) => this.countries.includes(country));
    const places = homes.length > 0 ? homes : this.countries;
    this.offices = Array.from({ length: OFFICES }, () => new Office(random, book, era, random.pick(places)));
    this.#clouds = CLOUDS.flatMap((asn) => book.system(asn) ?? []);
    const exit = book.address(random, this.cloud(random));
    this.vpn = [exit, book.near(random, exit)];
    const outageAt = random.between(era.startAt + 14 * DAY_MS, era.endAt - DAY_MS);
    const [from, to] = random.pick(SUCCESSORS);
    this.weather = {
      ...era,
      outage: { from: outageAt, to: outageAt + random.between(0.5, 3) * HOUR_MS },
      migration: { from, to: modelNamed(to), at: random.between(era.startAt + 10 * DAY_MS, era.endAt) },
    };
  }

  /** Most people and most business are in few countries, some of both anywhere. */
  someCountry(random: Random, except = ''): string {
    const homes = this.countries.filter((one) => ZONES[one] !== undefined && one !== except);
    const others = this.countries.filter((one) => one !== except);
    return random.pick(homes.length > 0 && random.chance(0.6) ? homes : others);
  }

  cloud(random: Random, except?: number): System {
    const others = this.#clouds.filter(({ asn }) => asn !== except);
    return random.pick(others.length > 0 ? others : this.#clouds);
  }

  /** A machine of that cloud, near others of the organisation more often than not. */
  machine(random: Random, cloud: System): string {
    let blocks = this.#regions.get(cloud.asn);
    if (blocks === undefined) {
      blocks = Array.from({ length: 5 }, () => this.book.address(random, cloud));
      this.#regions.set(cloud.asn, blocks);
    }
    return random.chance(0.7)
      ? this.book.near(random, random.pick(blocks))
      : this.book.address(random, cloud);
  }
}

/** Midnight UTC of a day of the span. */
export function dayOf(random: Random, from: number, to: number): number {
  return from + random.int(Math.max(1, Math.floor((to - from) / DAY_MS))) * DAY_MS;
}
