import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ago, bits, count, dollars, duration, roundToSum, utc } from '../../../dashboards/web/src/format.ts';

describe('numbers and times for people', () => {
  it.each([
    { amount: 0, text: '$0.00' },
    { amount: 0.0132, text: '$0.0132' },
    { amount: 0.1, text: '$0.10' },
    { amount: 1234.5, text: '$1,234.50' },
  ])('$amount dollars are $text', ({ amount, text }) => {
    expect(dollars(amount)).toBe(text);
  });

  it.each([
    { ms: 80, text: '80 ms' },
    { ms: 999.7, text: '1 s' },
    { ms: 119_000, text: '119 s' },
    { ms: 120_000, text: '2 min' },
    { ms: 7_200_000, text: '2 h' },
    { ms: 172_800_000, text: '2 days' },
    { ms: -5, text: '0 ms' },
  ])('$ms ms are $text', ({ ms, text }) => {
    expect(duration(ms)).toBe(text);
  });

  it('says times in UTC, and a time that the clocks disagree about is just now', () => {
    expect(utc('2026-05-04T10:00:00.900Z')).toBe('2026-05-04 10:00:00 UTC');
    expect(ago('2026-05-04T10:00:00.000Z', Date.parse('2026-05-04T10:03:00.000Z'))).toBe('3 min ago');
    expect(ago('2026-05-04T10:00:00.000Z', Date.parse('2026-05-04T09:59:58.000Z'))).toBe('just now');
  });

  it('counts one and many', () => {
    expect([count(1, 'call'), count(2, 'call'), count(1_200, 'call')]).toEqual([
      '1 call',
      '2 calls',
      '1,200 calls',
    ]);
  });
});

describe('rounding that still adds up', () => {
  const values = fc.array(fc.double({ min: -30, max: 30, noNaN: true }), { maxLength: 40 });

  it('gives tenths whose sum is the rounded sum, each at most a tenth off', () => {
    fc.assert(
      fc.property(values, (exact) => {
        const rounded = roundToSum(exact);
        const tenths = rounded.reduce((sum, value) => sum + Math.round(value * 10), 0);
        expect(tenths).toBe(Math.round(exact.reduce((sum, value) => sum + value, 0) * 10) + 0);
        rounded.forEach((value, index) => {
          expect(Math.abs(value - (exact[index] ?? Number.NaN))).toBeLessThan(0.1 + 1e-9);
        });
      }),
    );
  });

  it('writes a minus that is as wide as a plus, and one digit', () => {
    expect([bits(6.43), bits(-0.65), bits(0)]).toEqual(['6.4', '−0.7', '0.0']);
  });
});
