import { readFileSync, statSync } from 'node:fs';
import { AppError } from '../errors.ts';
import { parseAddress } from './address.ts';
import type { Address } from './address.ts';
import type { AsnSource, FoundNetwork, FoundPlace, PlaceSource } from './mounted.ts';
import { LookupV4, LookupV6, RangeBuilder } from './range-table.ts';

/** Cells of a line; quotes around a cell, doubled inside. */
function cellsOf(line: string): string[] {
  const cells = `${line},`.match(/("(?:[^"]|"")*"|[^,]*),/g) ?? [];
  return cells.map((cell) => {
    const text = cell.slice(0, -1).trim();
    return text.startsWith('"') ? text.slice(1, -1).replaceAll('""', '"') : text;
  });
}

interface Row<Found> {
  from: Address;
  to: Address;
  found: Found;
}

function compare(one: Address, other: Address): number {
  if (one.family === 4) return other.family === 4 ? one.value - other.value : -1;
  return other.family === 4 ? 1 : one.high - other.high || one.low - other.low;
}

function parseRows<Found>(path: string, read: (cells: readonly string[]) => Found | undefined): Row<Found>[] {
  const rows: Row<Found>[] = [];
  for (const [index, line] of readFileSync(path, 'utf8').split(/\r?\n/).entries()) {
    if (line === '' || line.startsWith('#')) continue;
    const [start = '', end = '', ...cells] = cellsOf(line);
    const [from, to, found] = [parseAddress(start), parseAddress(end), read(cells)];
    const isRange = from !== undefined && from.family === to?.family && compare(from, to) <= 0;
    // The first line may be a heading.
    if (index === 0 && from === undefined) continue;
    if (!isRange || found === undefined) {
      throw new AppError('E_GEO_DATA', `${path}, line ${index + 1}: is no range with what belongs to it.`);
    }
    rows.push({ from, to, found });
  }
  if (rows.length === 0) throw new AppError('E_GEO_DATA', `${path} holds no ranges.`);
  return rows.sort((one, other) => compare(one.from, other.from));
}

/** Ranges `start,end,…` of both families as a lookup. IPv6 is told apart down to /64. */
function openRanges<Found>(
  path: string,
  read: (cells: readonly string[]) => Found | undefined,
): (address: Address) => Found | undefined {
  const found: Found[] = [];
  const v4 = new RangeBuilder();
  const v6 = new RangeBuilder();
  for (const row of parseRows(path, read)) {
    found.push(row.found);
    if (row.from.family === 4 && row.to.family === 4) {
      v4.add(row.from.value, 0, found.length);
      if (row.to.value < 0xffff_ffff) v4.add(row.to.value + 1, 0, 0);
    }
    if (row.from.family === 6 && row.to.family === 6) {
      v6.add(row.from.high, row.from.low, found.length);
      const { high, low } = row.to;
      if (low < 0xffff_ffff) v6.add(high, low + 1, 0);
      else if (high < 0xffff_ffff) v6.add(high + 1, 0, 0);
    }
  }
  const lookupV4 = new LookupV4(v4.v4());
  const lookupV6 = new LookupV6(v6.v6());
  return (address) =>
    found[
      (address.family === 4 ? lookupV4.find(address.value) : lookupV6.find(address.high, address.low)) - 1
    ];
}

/** Where country, city, latitude and longitude stand after start and end, by the number of cells there. */
const PLACE_LAYOUTS: Readonly<Record<number, readonly number[]>> = {
  // country
  1: [0],
  // DB-IP: continent, country, region, city, latitude, longitude
  6: [1, 3, 4, 5],
  // ip-location-db: country, two regions, city, postcode, latitude, longitude, time zone
  8: [0, 3, 5, 6],
};

function readPlace(cells: readonly string[]): FoundPlace | undefined {
  const layout = PLACE_LAYOUTS[cells.length];
  if (layout === undefined) return undefined;
  const [country = '', city = '', latitude = '', longitude = ''] = layout.map((at) => cells[at] ?? '');
  if (!/^[A-Za-z]{2}$/.test(country)) return undefined;
  return {
    country: country.toUpperCase(),
    city,
    latitude: Number(latitude) || 0,
    longitude: Number(longitude) || 0,
    radiusKm: undefined,
  };
}

function readNetwork([asn = '', ...organisation]: readonly string[]): FoundNetwork | undefined {
  const number = /^(?:AS)?(\d{1,10})$/i.exec(asn)?.[1];
  return number === undefined ? undefined : { asn: Number(number), organisation: organisation.join(',') };
}

export function openPlaceCsv(path: string): PlaceSource {
  const find = openRanges(path, readPlace);
  return { origin: path, builtAt: statSync(path).mtimeMs, about: 'CSV', find: (_, address) => find(address) };
}

export function openAsnCsv(path: string): AsnSource {
  const find = openRanges(path, readNetwork);
  return { origin: path, builtAt: statSync(path).mtimeMs, about: 'CSV', find: (_, address) => find(address) };
}
