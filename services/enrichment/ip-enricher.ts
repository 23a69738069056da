import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Context, Network, NetworkClass, Place } from '../../detectors/detector.ts';
import { messageOf } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import { isReserved, isTranslated, parseAddress, prefixOf } from './address.ts';
import type { Address } from './address.ts';
import { classifyNetwork } from './asn-classes.ts';
import { compileIpData, openCompiled } from './compile.ts';
import type { IpData } from './compile.ts';
import { openAsnCsv, openPlaceCsv } from './csv-file.ts';
import type { DataSource, Enricher } from './enricher.ts';
import { openAsnMmdb, openPlaceMmdb } from './mmdb-file.ts';
import type { AsnSource, FoundPlace, PlaceSource } from './mounted.ts';
import { openNetworksFile } from './networks-file.ts';
import type { OwnNetworks } from './networks-file.ts';
import { LookupV4, LookupV6 } from './range-table.ts';
import { textAt } from './table-file.ts';
import type { Table } from './table-file.ts';
import { Reloading } from './reloading.ts';

const CACHE_SIZE = 50_000;
const REFRESH_MS = 10_000;
const DAY_MS = 86_400_000;
const OLD_AFTER_DAYS = 90;
/** Typical error of a city database; hosters are often placed at their head office. */
const RADIUS_KM = 250;
const ROUGH_RADIUS_KM = 1_000;
/** The exit of these says nothing about where the caller is. */
const PLACELESS: ReadonlySet<NetworkClass> = new Set(['cdn', 'relay', 'vpn', 'tor', 'reserved']);

const NOTHING: Context = Object.freeze({ place: undefined, network: undefined });

export interface EnricherOptions {
  dataDir: string;
  cityFile?: string;
  asnFile?: string;
  networksFile?: string;
  log: Log;
  metrics: Metrics;
  now: () => number;
}

/** The data compiled at build time, else made now, once for each version of the packages, in the data folder. */
function packagedData(dataDir: string, log: Log): IpData {
  const own = join(dataDir, 'ip-data');
  // Seen from services/ and from dist/services/.
  const built = ['../../ip-data', '../../dist/ip-data'].map((path) =>
    fileURLToPath(new URL(path, import.meta.url)),
  );
  for (const dir of [...built, own]) {
    const data = openCompiled(dir);
    if (data !== undefined) return data;
  }
  log.info({ dir: own }, 'IP data is compiled; this takes some seconds, once.');
  return compileIpData(own);
}

export async function createEnricher(options: EnricherOptions): Promise<Enricher> {
  return new IpEnricher(options, packagedData(options.dataDir, options.log));
}

class TableLookup {
  readonly table: Table;
  readonly #v4: LookupV4;
  readonly #v6: LookupV6;

  constructor(table: Table) {
    this.table = table;
    this.#v4 = new LookupV4(table.v4);
    this.#v6 = new LookupV6(table.v6);
  }

  find(address: Address): string | undefined {
    const value =
      address.family === 4 ? this.#v4.find(address.value) : this.#v6.find(address.high, address.low);
    return value === 0 ? undefined : textAt(this.table.entries, value - 1);
  }
}

function sourceOf(name: string, { origin, builtAt }: Omit<DataSource, 'name'>): DataSource {
  return { name, origin, builtAt };
}

function packagedPlace(line: string | undefined): FoundPlace | undefined {
  const [country = '', city = '', latitude = '0', longitude = '0'] = line?.split('\t') ?? [];
  if (!/^[A-Z]{2}$/.test(country)) return undefined;
  return { country, city, latitude: Number(latitude), longitude: Number(longitude), radiusKm: undefined };
}

class IpEnricher implements Enricher {
  readonly #options: EnricherOptions;
  readonly #places: TableLookup;
  readonly #networks: TableLookup;
  readonly #city: Reloading<PlaceSource> | undefined;
  readonly #asn: Reloading<AsnSource> | undefined;
  readonly #own: Reloading<OwnNetworks> | undefined;
  readonly #cache = new Map<string, Context>();
  readonly #timer: NodeJS.Timeout;

  constructor(options: EnricherOptions, { places, networks }: IpData) {
    this.#options = options;
    this.#places = new TableLookup(places);
    this.#networks = new TableLookup(networks);
    const isCsv = (path: string) => path.toLowerCase().endsWith('.csv');
    this.#city = this.#mounted('places', options.cityFile, (path) =>
      isCsv(path) ? openPlaceCsv(path) : openPlaceMmdb(path),
    );
    this.#asn = this.#mounted('networks', options.asnFile, (path) =>
      isCsv(path) ? openAsnCsv(path) : openAsnMmdb(path),
    );
    this.#own = this.#mounted('own networks', options.networksFile, openNetworksFile);
    this.#timer = setInterval(() => {
      this.#refresh();
    }, REFRESH_MS).unref();
    this.#reportAge();
  }

  lookup(ip: string): Context {
    if (ip === '') return NOTHING;
    const known = this.#cache.get(ip);
    if (known !== undefined) return known;
    if (this.#cache.size >= CACHE_SIZE) this.#cache.clear();
    const context = this.#lookUp(ip);
    this.#cache.set(ip, context);
    return context;
  }

  sources(): readonly DataSource[] {
    const own = this.#own?.current;
    return [
      sourceOf('places', this.#city?.current ?? this.#places.table),
      sourceOf('networks', this.#asn?.current ?? this.#networks.table),
      ...(own === undefined ? [] : [sourceOf('own networks', own)]),
    ];
  }

  close(): Promise<void> {
    clearInterval(this.#timer);
    return Promise.resolve();
  }

  #lookUp(ip: string): Context {
    const address = parseAddress(ip);
    if (address === undefined) return NOTHING;
    const network = Object.freeze(this.#networkOf(ip, address));
    const hasPlace = !PLACELESS.has(network.class) && !isTranslated(address);
    const place = hasPlace ? this.#placeOf(ip, address, network.class) : undefined;
    return Object.freeze({ place: place === undefined ? undefined : Object.freeze(place), network });
  }

  #networkOf(ip: string, address: Address): Network {
    const prefix = prefixOf(address);
    const found = this.#asnOf(ip, address);
    const own = this.#own?.current?.find(address);
    if (own !== undefined) {
      return {
        ...found,
        organisation: own.name || found.organisation,
        class: own.class,
        prefix,
        source: 'networks file',
      };
    }
    if (isReserved(address))
      return { asn: 0, organisation: '', class: 'reserved', prefix, source: 'reserved addresses' };
    return { ...found, ...classifyNetwork(found.asn, found.organisation), prefix };
  }

  #asnOf(ip: string, address: Address): { asn: number; organisation: string } {
    const mounted = this.#asn?.current;
    if (mounted !== undefined) return mounted.find(ip, address) ?? { asn: 0, organisation: '' };
    const [asn = '0', organisation = ''] = this.#networks.find(address)?.split('\t') ?? [];
    return { asn: Number(asn), organisation };
  }

  #placeOf(ip: string, address: Address, networkClass: NetworkClass): Place | undefined {
    const mounted = this.#city?.current;
    const found =
      mounted === undefined ? packagedPlace(this.#places.find(address)) : mounted.find(ip, address);
    // ISO 3166 user-assigned codes (ZZ) stand for "nobody knows".
    if (found === undefined || found.country === 'ZZ') return undefined;
    const isRough = found.city === '' || networkClass === 'hosting';
    return { ...found, radiusKm: found.radiusKm ?? (isRough ? ROUGH_RADIUS_KM : RADIUS_KM) };
  }

  #mounted<Opened>(
    source: string,
    path: string | undefined,
    open: (path: string) => Opened,
  ): Reloading<Opened> | undefined {
    if (path === undefined) return undefined;
    const { log, metrics } = this.#options;
    const openAndSay = (file: string) => {
      const opened = open(file);
      log.info({ source, path: file, ...aboutOf(opened) }, 'A mounted IP data file is in use.');
      return opened;
    };
    return new Reloading(path, openAndSay, (error) => {
      metrics.geoDataFailures.inc({ source });
      log.error(
        { code: 'E_GEO_DATA', source, reason: messageOf(error) },
        'A mounted IP data file cannot be read; what was in use stays.',
      );
    });
  }

  #refresh(): void {
    const changed = [this.#city, this.#asn, this.#own].filter((file) => file?.refresh() === true);
    if (changed.length > 0) this.#cache.clear();
    this.#reportAge();
  }

  #reportAge(): void {
    const { metrics, now } = this.#options;
    for (const { name, builtAt } of this.sources()) {
      metrics.geoDataAge.set({ source: name }, (now() - builtAt) / DAY_MS);
    }
  }
}

function aboutOf(opened: unknown): { about?: string } {
  return typeof opened === 'object' && opened !== null && 'about' in opened
    ? { about: String(opened.about) }
    : {};
}

/** True for data that `doctor` calls old. */
export function isOld(source: DataSource, now: number): boolean {
  return now - source.builtAt > OLD_AFTER_DAYS * DAY_MS;
}
