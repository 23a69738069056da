import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalAddress, createAddressResolver } from '../../../services/gateways/client-address.ts';

const PRIVATE = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '127.0.0.0/8', '::1/128', 'fc00::/7'];
const withProxies = createAddressResolver([...PRIVATE, '198.51.100.0/24', '2001:db8:aaaa::/48'], true);
const withoutSettings = createAddressResolver(PRIVATE, false);

/** How an address may be written, and what it is. */
const WRITTEN: readonly (readonly [text: string, canonical: string])[] = [
  ['192.0.2.77', '192.0.2.77'],
  [' 192.0.2.77 ', '192.0.2.77'],
  ['\t192.0.2.77', '192.0.2.77'],
  ['192.0.2.77:51234', '192.0.2.77'],
  ['::ffff:192.0.2.77', '192.0.2.77'],
  ['::FFFF:192.0.2.77', '192.0.2.77'],
  ['::ffff:c000:24d', '192.0.2.77'],
  ['[::ffff:192.0.2.77]', '192.0.2.77'],
  ['[::ffff:192.0.2.77]:443', '192.0.2.77'],
  ['2001:db8::5', '2001:db8::5'],
  ['2001:DB8:0:0:0:0:0:5', '2001:db8::5'],
  ['2001:0db8:0000:0000:0000:0000:0000:0005', '2001:db8::5'],
  ['[2001:db8::5]', '2001:db8::5'],
  ['[2001:db8::5]:8080', '2001:db8::5'],
];

const JUNK: readonly string[] = [
  '',
  ' ',
  'unknown',
  'not-an-ip',
  '_hidden',
  'localhost',
  '192.0.2',
  '192.0.2.256',
  '192.0.2.077',
  '0x7f.0.0.1',
  '2130706433',
  '192.0.2.77/24',
  '192.0.2.77:',
  '192.0.2.77:x',
  '192.0.2.77:123456',
  '192.0.2.77:1:2',
  'for=192.0.2.77',
  '"192.0.2.77"',
  '192.0.2.77;',
  'http://192.0.2.77',
  '[192.0.2.77]',
  '[2001:db8::5',
  '2001:db8::5]',
  '[2001:db8::5]x',
  '[2001:db8::5]:',
  '[]',
  '2001:db8::5%eth0',
  'fe80::1%1',
  '2001:db8::5::1',
  '2001:db8:::5',
  ':',
  '::ffff:192.0.2.999',
  '192.0.2.77\u0000',
  '１９２.0.2.77',
  '192。0.2.77',
  `${' '.repeat(80)}192.0.2.77`,
];

describe('canonicalAddress', () => {
  it.each(WRITTEN)('reads %j as %s', (text, canonical) => {
    expect(canonicalAddress(text)).toBe(canonical);
  });

  it.each(JUNK.map((text) => [text]))('takes %j for no address', (text) => {
    expect(canonicalAddress(text)).toBe('');
  });
});

describe('a client address', () => {
  const tails = ['', ', 10.0.0.4', ',10.0.0.4,172.16.9.9', ', 198.51.100.9', ', [::1]:443 , 10.1.1.1:80'];
  const fronts = ['', '203.0.113.9, ', 'unknown, ', ', ', '10.0.0.1, ', `${'x'.repeat(5_000)},`];
  const headers = WRITTEN.flatMap(([text, ip]) =>
    tails.flatMap((tail) => fronts.map((front) => ({ header: front + text + tail, ip }))),
  );

  it(`is found in each of ${headers.length.toString()} shapes of the header`, () => {
    expect(headers.length).toBeGreaterThan(400);
    for (const { header, ip } of headers) {
      expect(withProxies(header), header.slice(0, 100)).toEqual({ ip, trust: 'direct' });
    }
  });

  it('is little trusted when a chain comes without configured proxies', () => {
    expect(withoutSettings('203.0.113.9, 192.0.2.77, 10.0.0.4')).toEqual({ ip: '192.0.2.77', trust: 'low' });
    expect(withoutSettings('192.0.2.77,')).toEqual({ ip: '', trust: 'none' });
    expect(withoutSettings('192.0.2.77')).toEqual({ ip: '192.0.2.77', trust: 'direct' });
    expect(withProxies('203.0.113.9, 192.0.2.77, 10.0.0.4').trust).toBe('direct');
  });

  it.each(JUNK.map((text) => [text]))('is unknown when the nearest hop wrote %j', (text) => {
    expect(withProxies(text)).toEqual({ ip: '', trust: 'none' });
    expect(withProxies(`192.0.2.77, ${text}`)).toEqual({ ip: '', trust: 'none' });
  });

  it.each(JUNK.map((text) => [text]))('is the last good hop when a proxy had %j before it', (text) => {
    expect(withProxies(`192.0.2.77, ${text}, 10.0.0.4`)).toEqual({ ip: '10.0.0.4', trust: 'direct' });
  });

  it('is not looked for beyond 32 hops', () => {
    const proxies = (count: number) => Array<string>(count).fill('10.0.0.4').join(',');
    expect(withProxies(`192.0.2.77,${proxies(31)}`).ip).toBe('192.0.2.77');
    expect(withProxies(`192.0.2.77,${proxies(32)}`).ip).toBe('10.0.0.4');
  });

  it('is a trusted one when there is no other', () => {
    expect(withProxies('10.0.0.4').ip).toBe('10.0.0.4');
    expect(withProxies('10.9.9.9, 10.0.0.4').ip).toBe('10.9.9.9');
  });

  it('stays the same, whatever the caller claims left of it', () => {
    const claim = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 80 }),
      fc.constantFrom(...WRITTEN.map(([text]) => text), ...JUNK),
      fc.ipV4(),
      fc.ipV6(),
      fc.string({ unit: fc.constantFrom(',', ' ', '1', '.', ':', '[', ']'), maxLength: 3_000 }),
    );
    const claims = fc.array(claim, { minLength: 1, maxLength: 40 }).map((parts) => parts.join(','));
    const real = fc.constantFrom(...WRITTEN);
    const behind = fc.array(
      fc.constantFrom('10.0.0.4', '198.51.100.9:80', '[2001:db8:aaaa::1]', ' 127.0.0.1 '),
      { maxLength: 30 },
    );
    const property = fc.property(claims, real, behind, (left, [text, ip], proxies) => {
      const right = [text, ...proxies].join(',');
      expect(withProxies(right).ip).toBe(ip);
      expect(withProxies(`${left},${right}`)).toEqual({ ip, trust: 'direct' });
      expect(withoutSettings(`${left},${text}`)).toEqual({ ip, trust: 'low' });
    });
    fc.assert(property, { seed: 31, numRuns: 1_000 });
  });

  it('never throws, and gives a canonical address or none', () => {
    const property = fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (raw) => {
      const { ip } = withProxies(raw);
      expect(canonicalAddress(ip)).toBe(ip);
    });
    fc.assert(property, { seed: 37, numRuns: 2_000 });
  });
});
