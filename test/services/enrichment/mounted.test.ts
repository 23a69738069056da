import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Enricher } from '../../../services/enrichment/enricher.ts';
import { createEnricher } from '../../../services/enrichment/ip-enricher.ts';
import { createMetrics } from '../../../services/metrics.ts';
import { quietLog } from '../../support/quiet.ts';
import { mmdbFile } from '../../support/mmdb.ts';
import type { MmdbValue } from '../../support/mmdb.ts';

const maxmind = (country: string, city = 'Paris') => ({
  country: { iso_code: country },
  city: { names: { en: city, de: 'anders' } },
  location: { latitude: 48.5, longitude: 2.25, accuracy_radius: 20 },
});

describe('mounted IP data', () => {
  let dir: string;
  let enricher: Enricher | undefined;
  let metrics: ReturnType<typeof createMetrics>;
  const path = (name: string) => join(dir, name);
  const put = (name: string, content: string | Buffer) => {
    writeFileSync(path(`${name}.new`), content);
    renameSync(path(`${name}.new`), path(name));
    return path(name);
  };
  const open = async (files: { cityFile?: string; asnFile?: string; networksFile?: string }) => {
    metrics = createMetrics();
    enricher = await createEnricher({ dataDir: dir, log: quietLog, metrics, now: Date.now, ...files });
    return enricher;
  };
  const failures = async () =>
    (await metrics.geoDataFailures.get()).values.reduce((sum, { value }) => sum + value, 0);
  /** A changed file is read when it has been left alone for a while. */
  const waitForReload = () => vi.advanceTimersByTime(25_000);
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    dir = mkdtempSync(join(tmpdir(), 'gatewatch-mounted-'));
  });
  afterEach(async () => {
    await enricher?.close();
    vi.useRealTimers();
    rmSync(dir, { recursive: true, force: true });
  });

  it.each<[string, MmdbValue, object]>([
    [
      'GeoLite2-City',
      maxmind('FR'),
      { country: 'FR', city: 'Paris', latitude: 48.5, longitude: 2.25, radiusKm: 20 },
    ],
    [
      'DBIP-City-Lite',
      {
        country: { iso_code: 'FR' },
        city: { names: { en: 'Paris' } },
        location: { latitude: 48.5, longitude: 2.25 },
      },
      { country: 'FR', city: 'Paris', radiusKm: 250 },
    ],
    [
      'ip-location-db',
      { country_code: 'FR', city: 'Paris', latitude: 48.5, longitude: 2.25 },
      { country: 'FR', city: 'Paris', latitude: 48.5, radiusKm: 250 },
    ],
    [
      'ipinfo standard_location',
      { country: 'FR', city: 'Paris', lat: '48.5', lng: '2.25' },
      { country: 'FR', longitude: 2.25, radiusKm: 250 },
    ],
    ['GeoLite2-Country', { country: { iso_code: 'FR' } }, { country: 'FR', city: '', radiusKm: 1_000 }],
  ])('are read in the layout of %s', async (databaseType, record, place) => {
    const cityFile = put('city.mmdb', mmdbFile(databaseType, 4, [['81.2.0.0/16', record]]));
    const found = (await open({ cityFile })).lookup('81.2.69.142').place;
    expect(found).toMatchObject(place);
    expect(enricher?.lookup('217.0.0.1').place).toBeUndefined();
    expect(enricher?.sources()[0]).toEqual({ name: 'places', origin: cityFile, builtAt: 1_780_000_000_000 });
  });

  it.each<[string, MmdbValue]>([
    ['GeoLite2-ASN', { autonomous_system_number: 64_500, autonomous_system_organization: 'Example Hosting' }],
    ['ipinfo standard_asn', { asn: 'AS64500', name: 'Example Hosting' }],
    ['ipinfo lite', { asn: 'AS64500', as_name: 'Example Hosting' }],
  ])('give networks in the layout of %s', async (databaseType, record) => {
    const asnFile = put('asn.mmdb', mmdbFile(databaseType, 4, [['81.2.0.0/16', record]]));
    expect((await open({ asnFile })).lookup('81.2.69.142').network).toMatchObject({
      asn: 64_500,
      organisation: 'Example Hosting',
      class: 'hosting',
    });
  });

  it('do not answer for IPv6 when they hold IPv4 only, and answer when they hold both', async () => {
    const cityFile = put(
      'city.mmdb',
      mmdbFile('GeoLite2-City', 4, [
        ['0.0.0.0/1', maxmind('FR')],
        ['128.0.0.0/1', maxmind('FR')],
      ]),
    );
    expect((await open({ cityFile })).lookup('2003:0:1::1').place).toBeUndefined();
    await enricher?.close();
    put(
      'city.mmdb',
      mmdbFile('GeoLite2-City', 6, [
        ['2001::/16', maxmind('JP')],
        ['2003::/16', maxmind('FR')],
      ]),
    );
    expect((await open({ cityFile })).lookup('2003:0:1::1').place?.country).toBe('FR');
  });

  it.each([
    ['country only', '217.0.0.0,217.255.255.255,FR\n2003::,2003:ffff:ffff:ffff:ffff:ffff:ffff:ffff,FR\n', ''],
    [
      'DB-IP',
      '217.0.0.0,217.255.255.255,EU,FR,"Ile, de France",Paris,48.5,2.25\n2003::,2003:ffff:ffff:ffff:ffff:ffff:ffff:ffff,EU,FR,,Paris,48.5,2.25\n',
      'Paris',
    ],
    [
      'ip-location-db, with a heading, in any order',
      'a,b,c,d,e,f,g,h,i,j\r\n217.0.0.0,217.255.255.255,FR,x,,Paris,75,48.5,2.25,\r\n2003::,2003:ffff:ffff:ffff:ffff:ffff:ffff:ffff,FR,x,,Paris,75,48.5,2.25,\r\n1.0.0.0,1.0.0.255,AU,,,Perth,,1,2,\r\n',
      'Paris',
    ],
  ])('are read from CSV: %s', async (_, text, city) => {
    const found = await open({ cityFile: put('city.csv', text) });
    for (const ip of ['217.0.0.1', '217.255.255.255', '2003:0:1::1']) {
      expect(found.lookup(ip).place, ip).toMatchObject({ country: 'FR', city });
    }
    expect(found.lookup('218.0.0.0').place).toBeUndefined();
    expect(found.lookup('2004::1').place).toBeUndefined();
  });

  it('give networks from CSV, quickly also when it is long', async () => {
    const rows = Array.from({ length: 60_000 }, (_, row) => {
      const start = `${1 + (row >> 13)}.${(row >> 5) & 255}.${(row & 31) * 8}`;
      return `${start}.0,${start}.255,${64_500 + (row % 100)},"Org ""${row}"", Inc"`;
    });
    const found = await open({ asnFile: put('asn.csv', rows.join('\n')) });
    expect(found.lookup('3.1.8.77').network).toMatchObject({
      asn: 64_500 + (16_417 % 100),
      organisation: 'Org "16417", Inc',
    });
    const from = performance.now();
    for (let index = 0; index < 10_000; index += 1) found.lookup(`3.${index & 255}.${(index >> 8) & 255}.9`);
    expect(performance.now() - from).toBeLessThan(2_000);
  });

  it('are replaced while it runs', async () => {
    const cityFile = put('city.mmdb', mmdbFile('GeoLite2-City', 4, [['81.2.0.0/16', maxmind('FR')]]));
    const found = await open({ cityFile });
    expect(found.lookup('81.2.69.142').place?.country).toBe('FR');
    put('city.mmdb', mmdbFile('GeoLite2-City', 4, [['81.2.0.0/16', maxmind('JP', 'Tokyo')]]));
    waitForReload();
    expect(found.lookup('81.2.69.142').place?.country).toBe('JP');
    expect(await failures()).toBe(0);
  });

  it.each<[string, string | Buffer]>([
    ['is cut short', mmdbFile('GeoLite2-City', 4, [['81.2.0.0/16', maxmind('JP')]]).subarray(0, -60)],
    ['is nothing', ''],
    ['is something else', '<html>not found</html>'],
    [
      'knows none of the well-known addresses',
      mmdbFile('GeoLite2-City', 4, [['192.0.2.0/24', maxmind('JP')]]),
    ],
    ['is of another kind', mmdbFile('GeoLite2-ASN', 4, [['81.2.0.0/16', { autonomous_system_number: 5 }]])],
  ])('stay in use when the new file %s, which is counted once', async (_, broken) => {
    const cityFile = put('city.mmdb', mmdbFile('GeoLite2-City', 4, [['81.2.0.0/16', maxmind('FR')]]));
    const found = await open({ cityFile });
    put('city.mmdb', broken);
    waitForReload();
    waitForReload();
    expect(found.lookup('81.2.69.142').place?.country).toBe('FR');
    expect(await failures()).toBe(1);
    put('city.mmdb', mmdbFile('GeoLite2-City', 4, [['81.2.0.0/16', maxmind('JP')]]));
    waitForReload();
    expect(found.lookup('81.2.69.142').place?.country).toBe('JP');
  });

  it('are not read while they are being written in place', async () => {
    const networksFile = put('own.csv', '217.0.0.0/24,enterprise,Office\n');
    const found = await open({ networksFile });
    writeFileSync(networksFile, '217.0.0.0/24,vpn,');
    vi.advanceTimersByTime(10_000);
    writeFileSync(networksFile, '217.0.0.0/24,vpn,Exit\n217.0.1.0/24,vpn,Exit\n');
    vi.advanceTimersByTime(10_000);
    expect(found.lookup('217.0.0.1').network).toMatchObject({ class: 'enterprise', organisation: 'Office' });
    vi.advanceTimersByTime(10_000);
    expect(found.lookup('217.0.0.1').network).toMatchObject({ class: 'vpn', organisation: 'Exit' });
  });

  it('leave the packaged data in use when they cannot be read at the start, and come into use when they can', async () => {
    const found = await open({
      cityFile: path('city.mmdb'),
      asnFile: put('asn.csv', 'nonsense\nmore nonsense\n'),
    });
    expect(found.lookup('217.0.0.1')).toMatchObject({ place: { country: 'DE' }, network: { asn: 3320 } });
    expect(await failures()).toBe(2);
    put(
      'city.mmdb',
      mmdbFile('GeoLite2-City', 4, [
        ['217.0.0.0/16', maxmind('FR')],
        ['81.2.0.0/16', maxmind('FR')],
      ]),
    );
    put('asn.csv', '217.0.0.0,217.0.0.255,64500,Example\n');
    waitForReload();
    expect(found.lookup('217.0.0.1')).toMatchObject({ place: { country: 'FR' }, network: { asn: 64_500 } });
  });

  it('stay in use when the file goes away', async () => {
    const networksFile = put('own.csv', '217.0.0.0/24,enterprise,Office\n');
    const found = await open({ networksFile });
    rmSync(networksFile);
    waitForReload();
    waitForReload();
    expect(found.lookup('217.0.0.1').network?.class).toBe('enterprise');
    expect(await failures()).toBe(1);
  });

  it('let the operator name networks: the narrowest counts, private ones too, and what hides its place has none', async () => {
    const lines = [
      '# ours',
      '217.0.0.0/8,enterprise,Wide',
      '217.0.0.0/24, vpn , Narrow',
      '10.0.0.0/8,enterprise,Office',
      '2003::/16,enterprise,Six',
      '2003:0:1::/48,vpn,Six exit',
      '0.0.0.0/0,isp,',
    ];
    const found = await open({ networksFile: put('own.csv', lines.join('\r\n')) });
    expect(found.lookup('217.9.9.9').network).toMatchObject({
      class: 'enterprise',
      organisation: 'Wide',
      source: 'networks file',
    });
    expect(found.lookup('217.0.0.1')).toMatchObject({
      place: undefined,
      network: { class: 'vpn', organisation: 'Narrow', asn: 3320 },
    });
    expect(found.lookup('10.1.2.3').network).toMatchObject({ class: 'enterprise', organisation: 'Office' });
    expect(found.lookup('2003:0:2::1').network?.organisation).toBe('Six');
    expect(found.lookup('2003:0:1::1').network?.organisation).toBe('Six exit');
    expect(found.lookup('90.0.0.1').network).toMatchObject({ class: 'isp', organisation: 'Orange S.A.' });
    expect(found.sources().map(({ name }) => name)).toEqual(['places', 'networks', 'own networks']);
  });

  it.each([
    '217.0.0.0/33,isp,x',
    '217.0.0.0,isp,x',
    '217.0.0.0/24,nonsense,x',
    'x/24,isp,x',
    '2003::/129,isp,x',
  ])('refuse a network that is none: %s', async (line) => {
    const found = await open({ networksFile: put('own.csv', `${line}\n217.0.0.0/24,vpn,x\n`) });
    expect(found.lookup('217.0.0.1').network?.class).toBe('isp');
    expect(await failures()).toBe(1);
  });
});
