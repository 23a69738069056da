import type { NetworkClass } from '../../detectors/detector.ts';
import { AddressBook } from '../../bench/simulate/address-book.ts';
import type { AddressRange } from '../../bench/simulate/address-book.ts';
import type { Enricher } from '../../services/enrichment/enricher.ts';

const BLOCK = 2 ** 20;
const COUNTRIES = ['US', 'DE', 'NO', 'IN', 'KZ'];
/** Numbers of real clouds, so that an organisation finds some to rent from. */
const CLOUDS = [16509, 8075, 24940, 14061];

interface Known {
  asn: number;
  class: NetworkClass;
  country: string;
}

const SYSTEMS: readonly Known[] = [
  ...COUNTRIES.flatMap((country, at) => [
    ...[1, 2, 3, 4, 5].map((number) => ({
      asn: 64_500 + at * 10 + number,
      class: 'isp' as const,
      country,
    })),
    { asn: 64_500 + at * 10, class: 'mobile' as const, country },
  ]),
  ...CLOUDS.map((asn) => ({ asn, class: 'hosting' as const, country: 'US' })),
  { asn: 64_600, class: 'vpn', country: '' },
];

/** A world of some dozen networks, each with a block of addresses. */
export function smallInternet(): { book: AddressBook; enricher: Enricher } {
  const ranges: AddressRange[] = SYSTEMS.map(({ asn }, at) => ({
    ...{ asn, start: (at + 16) * BLOCK, size: BLOCK },
  }));
  const enricher: Enricher = { lookup, sources: () => [], close: () => Promise.resolve() };
  return { book: new AddressBook(ranges, lookup), enricher };
}

function lookup(ip: string) {
  const parts = ip.split('.').map(Number);
  const address = parts.reduce((sum, part) => sum * 256 + part, 0);
  const at = Math.floor(address / BLOCK) - 16;
  const system = SYSTEMS[at];
  if (system === undefined) return { place: undefined, network: undefined };
  const { asn, country } = system;
  const isPlaced = system.class === 'isp' || system.class === 'mobile';
  const place = { country, city: '', latitude: 10 * at, longitude: 5 * at, radiusKm: 250 };
  return {
    place: isPlaced ? place : undefined,
    network: {
      ...{ asn, organisation: `Network ${asn.toString()}`, class: system.class, source: 'test' },
      prefix: `${parts.slice(0, 3).join('.')}.0/24`,
    },
  };
}
