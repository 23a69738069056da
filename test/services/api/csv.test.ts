import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toCsv } from '../../../services/api/csv.ts';

const one = (value: unknown, type = 'String') =>
  toCsv({ columns: [{ name: 'c', type }], rows: [[value]] }).slice('c\r\n'.length, -2);

describe('CSV', () => {
  it.each([
    ['=1+1', "'=1+1"],
    ['+1', "'+1"],
    ['-1', "'-1"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['\t=1', "'\t=1"],
    ['\r=1', '"\'\r=1"'],
    ['＝1+1', "'＝1+1"],
    ['=HYPERLINK("http://evil.example.net","x")', '"\'=HYPERLINK(""http://evil.example.net"",""x"")"'],
    ['a=1', 'a=1'],
    ['plain', 'plain'],
    ['a,b', '"a,b"'],
    ['a "quote"', '"a ""quote"""'],
    ['two\nlines', '"two\nlines"'],
    ['', ''],
  ])('of %j is %j', (value, expected) => {
    expect(one(value)).toBe(expected);
  });

  it.each([
    [-5, 'Int32', '-5'],
    ['-9007199254740993', 'Int64', '-9007199254740993'],
    [-0.5, 'Nullable(Float64)', '-0.5'],
    [null, 'Nullable(String)', ''],
    [true, 'Bool', 'true'],
    [['=a', 'b'], 'Array(String)', '"[""=a"",""b""]"'],
  ])('of %j as %s is %j', (value, type, expected) => {
    expect(one(value, type)).toBe(expected);
  });

  it('guards names of columns as well, which a query may choose', () => {
    expect(toCsv({ columns: [{ name: '=1+1', type: 'UInt8' }], rows: [] })).toBe("'=1+1\r\n");
  });

  it('never begins a cell of text with what a spreadsheet would run, and loses nothing', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const cell = one(text);
        const inside = cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell;
        expect(inside).not.toMatch(/^[=+\-@\t\r]/);
        expect([text, `'${text}`]).toContain(inside);
      }),
    );
  });
});
