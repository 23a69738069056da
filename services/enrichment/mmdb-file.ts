import { readFileSync } from 'node:fs';
import { isIPv4 } from 'node:net';
import { Reader } from 'mmdb-lib';
import { AppError, messageOf } from '../errors.ts';
import type { AsnSource, FoundNetwork, FoundPlace, PlaceSource } from './mounted.ts';

/** Addresses of large, long-standing networks on every continent: a file that knows none of them is not what it says. */
const PROBES = [
  ...['8.8.8.8', '9.9.9.9', '81.2.69.142', '193.0.6.139', '130.89.148.12', '202.12.29.175', '200.160.2.3'],
  ...['196.216.2.1', '133.11.0.1', '139.130.4.5', '185.60.216.35', '52.95.110.1', '20.112.52.29', '5.9.0.1'],
  ...['212.58.244.20', '2001:4860:4860::8888', '2a00:1450:4001:80b::200e', '2001:67c:2e8:22::c100:68b'],
  ...['2404:6800:4004:80a::200e', '2a01:4f8::1'],
];

type Json = Readonly<Record<string, unknown>>;

function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null;
}

const recordOf = (value: unknown): Json => (isRecord(value) ? value : {});

/** A plain text, or the English one of names by language. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  const english = recordOf(recordOf(value)['names'])['en'];
  return typeof english === 'string' ? english : '';
}

function numberOf(value: unknown): number | undefined {
  const number = typeof value === 'string' && value !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

function placeOf(country: unknown, city: unknown, location: Json): FoundPlace | undefined {
  if (typeof country !== 'string' || !/^[A-Za-z]{2}$/.test(country)) return undefined;
  return {
    country: country.toUpperCase(),
    city: textOf(city),
    latitude: numberOf(location['latitude'] ?? location['lat']) ?? 0,
    longitude: numberOf(location['longitude'] ?? location['lng'] ?? location['lon']) ?? 0,
    radiusKm: numberOf(location['accuracy_radius']),
  };
}

/** How a vendor lays out a record. */
interface Shape<Found> {
  name: string;
  read(record: Json): Found | undefined;
}

const PLACE_SHAPES: readonly Shape<FoundPlace>[] = [
  {
    name: 'country.iso_code (MaxMind, DB-IP)',
    read: (record) =>
      placeOf(recordOf(record['country'])['iso_code'], record['city'], recordOf(record['location'])),
  },
  {
    name: 'country_code (ip-location-db)',
    read: (record) => placeOf(record['country_code'], record['city'], record),
  },
  { name: 'country (IPinfo)', read: (record) => placeOf(record['country'], record['city'], record) },
];

function networkOf(number: unknown, name: unknown): FoundNetwork | undefined {
  const asn = numberOf(typeof number === 'string' ? number.replace(/^AS/i, '') : number);
  const isValid = asn !== undefined && Number.isInteger(asn) && asn > 0;
  return isValid ? { asn, organisation: textOf(name) } : undefined;
}

const ASN_SHAPES: readonly Shape<FoundNetwork>[] = [
  {
    name: 'autonomous_system_number (MaxMind, DB-IP, ip-location-db)',
    read: (record) => networkOf(record['autonomous_system_number'], record['autonomous_system_organization']),
  },
  {
    name: 'asn (IPinfo)',
    read: (record) => networkOf(record['asn'], record['as_name'] ?? record['name']),
  },
];

interface MmdbFile {
  builtAt: number;
  databaseType: string;
  /** Undefined also where the file is damaged: a lookup never throws. */
  get(ip: string): Json | undefined;
}

function openMmdb(path: string): MmdbFile {
  try {
    const reader = new Reader<never>(readFileSync(path));
    const { ipVersion, buildEpoch, databaseType } = reader.metadata;
    const get = (ip: string): Json | undefined => {
      // A tree of IPv4 alone answers questions about IPv6 with nonsense.
      if (ipVersion === 4 && !isIPv4(ip)) return undefined;
      try {
        const record: unknown = reader.get(ip);
        return isRecord(record) ? record : undefined;
      } catch {
        return undefined;
      }
    };
    return { builtAt: buildEpoch.getTime(), databaseType, get };
  } catch (cause) {
    throw new AppError('E_GEO_DATA', `${path} is no MMDB file: ${messageOf(cause)}.`, { cause });
  }
}

/** The shape that reads most of the probes; refuses a file of which none reads any. */
function recognise<Found>(path: string, file: MmdbFile, shapes: readonly Shape<Found>[]) {
  const records = PROBES.map((ip) => file.get(ip)).filter((record) => record !== undefined);
  const tried = shapes.map((shape) => ({
    shape,
    answered: records.filter((record) => shape.read(record) !== undefined).length,
  }));
  const best = tried.reduce((one, other) => (other.answered > one.answered ? other : one));
  if (best.answered === 0) {
    throw new AppError(
      'E_GEO_DATA',
      `${path} (type "${file.databaseType}") knows none of ${PROBES.length} well-known addresses. Is it the right file?`,
    );
  }
  const find = (ip: string): Found | undefined => {
    const record = file.get(ip);
    return record === undefined ? undefined : best.shape.read(record);
  };
  const about = `${file.databaseType}, fields as ${best.shape.name}, ${best.answered} of ${PROBES.length} probes answered`;
  return { find, about };
}

export function openPlaceMmdb(path: string): PlaceSource {
  const file = openMmdb(path);
  const { find, about } = recognise(path, file, PLACE_SHAPES);
  return { origin: path, builtAt: file.builtAt, about, find: (ip) => find(ip) };
}

export function openAsnMmdb(path: string): AsnSource {
  const file = openMmdb(path);
  const { find, about } = recognise(path, file, ASN_SHAPES);
  return { origin: path, builtAt: file.builtAt, about, find: (ip) => find(ip) };
}
