import type { Context, NetworkClass } from '../../detectors/detector.ts';
import type { Random } from './random.ts';

/** Addresses that one system announces. */
export interface AddressRange {
  asn: number;
  /** The IPv4 address as a number. */
  start: number;
  size: number;
}

export interface System {
  asn: number;
  class: NetworkClass;
  /** Where most of a few addresses of it are; empty where that is not known. */
  country: string;
  ranges: AddressRange[];
  total: number;
  /** How often it is somebody's, compared with others. */
  weight: number;
}

/** Smaller ones are seldom anybody's access or cloud. */
const LEAST_ADDRESSES = 4_096;
const TRIES = 8;

/** Real networks by class and country, to give the simulated callers addresses that lie where they should. */
export class AddressBook {
  readonly #systems = new Map<number, System>();
  readonly #byKind = new Map<string, System[]>();
  readonly #lookup: (ip: string) => Context;

  constructor(ranges: Iterable<AddressRange>, lookup: (ip: string) => Context) {
    this.#lookup = lookup;
    for (const range of ranges) this.#add(range);
    for (const system of this.#systems.values()) {
      if (system.total < LEAST_ADDRESSES) continue;
      this.#describe(system);
      this.#file(`${system.class}/${system.country}`, system);
      this.#file(`${system.class}/`, system);
    }
  }

  system(asn: number): System | undefined {
    return this.#systems.get(asn);
  }

  asnOf(ip: string): number {
    return this.#lookup(ip).network?.asn ?? 0;
  }

  /** Empty where it is not known, or says nothing. */
  countryOf(ip: string): string {
    return this.#lookup(ip).place?.country ?? '';
  }

  /** Countries with enough access networks to live in or travel to. */
  countries(): string[] {
    return [...this.#byKind.entries()]
      .filter(([kind, systems]) => /^isp\/[A-Z]{2}$/.test(kind) && systems.length >= 4)
      .map(([kind]) => kind.slice('isp/'.length));
  }

  /** A network of that class, the large ones more often. Mobile carriers are not known everywhere: there an access
   *  network stands in. */
  pick(random: Random, kind: NetworkClass, country: string, except: ReadonlySet<number> = new Set()): System {
    const all = this.#byKind.get(`${kind}/${country}`) ?? this.#byKind.get(`isp/${country}`) ?? [];
    const free = except.size === 0 ? all : all.filter(({ asn }) => !except.has(asn));
    const from = free.length > 0 ? free : (this.#byKind.get('isp/') ?? []);
    let sum = 0;
    for (const { weight } of from) sum += weight;
    let left = random.next() * sum;
    return from.find(({ weight }) => (left -= weight) < 0) ?? random.pick(from);
  }

  /** An address of the system, in its country where that can be had. */
  address(random: Random, system: System): string {
    let ip = '';
    for (let tries = 0; tries < TRIES; tries += 1) {
      ip = this.#anyAddress(random, system);
      const { place } = this.#lookup(ip);
      if (system.country === '' || place?.country === system.country) return ip;
    }
    return ip;
  }

  /** An address that may well be given to the same line next time: same system, same block of 4,096. */
  near(random: Random, ip: string): string {
    const asn = this.asnOf(ip);
    const block = toNumber(ip) - (toNumber(ip) % 4_096);
    for (let tries = 0; tries < TRIES; tries += 1) {
      const other = toText(block + random.int(4_096));
      if (this.asnOf(other) === asn) return other;
    }
    return ip;
  }

  #anyAddress(random: Random, { ranges, total }: System): string {
    let left = random.int(total);
    for (const { start, size } of ranges) {
      if (left < size) return toText(start + left);
      left -= size;
    }
    return '';
  }

  #add(range: AddressRange): void {
    const known = this.#systems.get(range.asn);
    if (known === undefined) {
      const { asn, size } = range;
      this.#systems.set(asn, { asn, class: 'unknown', country: '', ranges: [range], total: size, weight: 0 });
      return;
    }
    known.ranges.push(range);
    known.total += range.size;
  }

  #describe(system: System): void {
    const largest = system.ranges.reduce((a, b) => (b.size > a.size ? b : a));
    const at = (part: number) => this.#lookup(toText(largest.start + Math.floor(largest.size * part)));
    system.class = at(0.5).network?.class ?? 'unknown';
    system.weight = system.total ** 0.7;
    // Clouds are everywhere; only where people sit does the country tell where they are.
    const isAccess = system.class === 'isp' || system.class === 'mobile';
    if (isAccess) system.country = mostOf([0.1, 0.5, 0.9].map((part) => at(part).place?.country ?? ''));
  }

  #file(kind: string, system: System): void {
    const known = this.#byKind.get(kind);
    if (known === undefined) this.#byKind.set(kind, [system]);
    else if (!known.includes(system)) known.push(system);
  }
}

/** What at least two of them say; else empty. */
function mostOf(texts: readonly string[]): string {
  return texts.find((text, at) => texts.indexOf(text) < at) ?? '';
}

function toText(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');
}

function toNumber(ip: string): number {
  return ip.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}
