import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { classifyNetwork } from '../../../services/enrichment/asn-classes.ts';
import { openCompiled } from '../../../services/enrichment/compile.ts';
import { LookupV4, LookupV6, RangeBuilder } from '../../../services/enrichment/range-table.ts';
import { readTable, textAt, textList, writeTable } from '../../../services/enrichment/table-file.ts';

describe('ranges', () => {
  const uint32 = fc.integer({ min: 0, max: 0xffff_ffff });

  it('answer as a slow search does, for IPv4', () => {
    fc.assert(
      fc.property(fc.uniqueArray(uint32), fc.array(uint32), (unsorted, asked) => {
        const starts = unsorted.sort((one, other) => one - other);
        const builder = new RangeBuilder();
        for (const [index, start] of starts.entries()) builder.add(start, 0, (index * 7) % 5);
        const lookup = new LookupV4(builder.v4());
        for (const address of [...asked, ...starts, ...starts.map((start) => Math.max(0, start - 1))]) {
          const index = starts.findLastIndex((start) => start <= address);
          expect(lookup.find(address)).toBe(index === -1 ? 0 : (index * 7) % 5);
        }
      }),
    );
  });

  it('answer as a slow search does, for IPv6', () => {
    const address = fc.tuple(fc.integer({ min: 0, max: 3 }), uint32);
    fc.assert(
      fc.property(fc.uniqueArray(address, { selector: String }), fc.array(address), (unsorted, asked) => {
        const starts = unsorted.sort(([a, b], [c, d]) => a - c || b - d);
        const builder = new RangeBuilder();
        for (const [index, [high, low]] of starts.entries()) builder.add(high, low, 1 + (index % 3));
        const lookup = new LookupV6(builder.v6());
        for (const [high, low] of [...asked, ...starts]) {
          const index = starts.findLastIndex(([h, l]) => h < high || (h === high && l <= low));
          expect(lookup.find(high, low)).toBe(index === -1 ? 0 : 1 + (index % 3));
        }
      }),
    );
  });
});

describe('a compiled table', () => {
  let dir: string;
  const file = () => join(dir, 'table.bin');
  const builder = new RangeBuilder();
  builder.add(1, 2, 1);
  const table = {
    origin: 'test',
    builtAt: 5,
    v4: builder.v4(),
    v6: builder.v6(),
    entries: textList(['DE\tBerlin', '', 'FR\tParis é']),
  };
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'gatewatch-table-'));
    writeTable(file(), table);
  });
  afterEach(() => {
    rmSync(dir, { recursive: true, force: true });
  });

  it('is read as it was written', () => {
    const { entries, ...read } = readTable(file());
    expect(read).toEqual({ origin: 'test', builtAt: 5, v4: table.v4, v6: table.v6 });
    expect([0, 1, 2].map((index) => textAt(entries, index))).toEqual(['DE\tBerlin', '', 'FR\tParis é']);
  });

  it.each(['cut', 'changed', 'something else'])('is refused when it is %s', (damage) => {
    const bytes = readFileSync(file());
    if (damage === 'cut') truncateSync(file(), bytes.length - 1);
    else if (damage === 'changed') writeFileSync(file(), bytes.with(bytes.length - 2, 1));
    else writeFileSync(file(), 'x');
    expect(() => readTable(file())).toThrow(expect.objectContaining({ code: 'E_GEO_DATA' }) as Error);
  });

  it('is not used when it is missing, damaged, or made from other packages', () => {
    expect(openCompiled(dir)).toBeUndefined();
    for (const name of ['places.bin', 'networks.bin']) writeTable(join(dir, name), table);
    expect(openCompiled(dir)).toBeUndefined();
    writeFileSync(join(dir, 'places.bin'), 'damaged');
    expect(openCompiled(dir)).toBeUndefined();
  });
});

describe('the class of a network', () => {
  it.each([
    [64_500, 'Example Hosting Ltd', 'hosting'],
    [64_500, 'Example Cloud', 'hosting'],
    [64_500, 'Example Data Center GmbH', 'hosting'],
    [64_500, 'Mobile Telecom of Example', 'mobile'],
    [64_500, 'University of Example', 'education'],
    [64_500, 'Example VPN Services', 'vpn'],
    [64_500, 'Example CDN', 'cdn'],
    [64_500, 'Tor Exit Operators of Example', 'tor'],
    [64_500, 'Example Telecom', 'isp'],
    [64_500, 'Toronto Hydro', 'isp'],
    [36183, 'Akamai Technologies, Inc.', 'relay'],
    [14061, 'whatever it is called', 'hosting'],
    [0, '', 'unknown'],
    [0, 'Example Hosting Ltd', 'unknown'],
  ])('AS%d "%s" is %s', (asn, organisation, expected) => {
    expect(classifyNetwork(asn, organisation).class).toBe(expected);
    expect(classifyNetwork(asn, organisation).source).not.toBe('');
  });
});
