import type { Context, NetworkClass } from '../../detectors/detector.ts';

interface Described {
  country: string;
  city: string;
  latitude: number;
  longitude: number;
  asn: number;
  organisation: string;
  class: NetworkClass;
  /** First three numbers of the addresses. */
  range: string;
  isPlaceless?: boolean;
}

/** Invented networks; prefix and address follow from the range. */
const NETWORKS = {
  home: {
    country: 'DE',
    city: 'Berlin',
    latitude: 52.5,
    longitude: 13.4,
    asn: 64500,
    organisation: 'Home Telecom',
    class: 'isp',
    range: '192.0.2',
  },
  office: {
    country: 'DE',
    city: 'Berlin',
    latitude: 52.5,
    longitude: 13.4,
    asn: 64501,
    organisation: 'Office Net',
    class: 'isp',
    range: '198.51.100',
  },
  newOffice: {
    country: 'DE',
    city: 'Berlin',
    latitude: 52.5,
    longitude: 13.4,
    asn: 64502,
    organisation: 'Metro Fibre',
    class: 'isp',
    range: '198.51.101',
  },
  phone: {
    country: 'DE',
    city: 'Berlin',
    latitude: 52.5,
    longitude: 13.4,
    asn: 64503,
    organisation: 'Funk Mobil',
    class: 'mobile',
    range: '198.51.102',
  },
  hotel: {
    country: 'PT',
    city: 'Lisbon',
    latitude: 38.7,
    longitude: -9.1,
    asn: 64510,
    organisation: 'Rede Lisboa',
    class: 'isp',
    range: '203.0.113',
  },
  cafe: {
    country: 'PT',
    city: 'Lisbon',
    latitude: 38.7,
    longitude: -9.1,
    asn: 64511,
    organisation: 'Café Net',
    class: 'isp',
    range: '203.0.114',
  },
  far: {
    country: 'KZ',
    city: 'Almaty',
    latitude: 43.2,
    longitude: 76.9,
    asn: 64520,
    organisation: 'Steppe Telecom',
    class: 'isp',
    range: '203.0.120',
  },
  cloud: {
    country: 'IE',
    city: 'Dublin',
    latitude: 53.3,
    longitude: -6.3,
    asn: 64530,
    organisation: 'Big Cloud',
    class: 'hosting',
    range: '192.0.3',
  },
  otherCloud: {
    country: 'NL',
    city: 'Amsterdam',
    latitude: 52.4,
    longitude: 4.9,
    asn: 64531,
    organisation: 'Other Cloud',
    class: 'hosting',
    range: '192.0.4',
  },
  vps: {
    country: 'US',
    city: 'Las Vegas',
    latitude: 36.2,
    longitude: -115.1,
    asn: 64540,
    organisation: 'Cheap Servers',
    class: 'hosting',
    range: '192.0.5',
  },
  vpn: {
    country: 'DE',
    city: '',
    latitude: 0,
    longitude: 0,
    asn: 64550,
    organisation: 'Hidden Exit',
    class: 'vpn',
    range: '192.0.6',
    isPlaceless: true,
  },
  inside: {
    country: '',
    city: '',
    latitude: 0,
    longitude: 0,
    asn: 0,
    organisation: '',
    class: 'reserved',
    range: '10.0.0',
    isPlaceless: true,
  },
} as const satisfies Record<string, Described>;

export type NetworkName = keyof typeof NETWORKS;

/** What the lookups say about an address of this network. */
export function contextOf(name: NetworkName, changes: Partial<Described> = {}): Context {
  const one: Described = { ...NETWORKS[name], ...changes };
  const { country, city, latitude, longitude, asn, organisation, range } = one;
  const radiusKm = one.class === 'hosting' ? 1_000 : 250;
  return {
    place: one.isPlaceless === true ? undefined : { country, city, latitude, longitude, radiusKm },
    network: { asn, organisation, class: one.class, prefix: `${range}.0/24`, source: 'test' },
  };
}

export function addressIn(name: NetworkName, last = 7): string {
  return `${NETWORKS[name].range}.${last}`;
}
