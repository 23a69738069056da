import { describe, expect, it } from 'vitest';
import { bitsFor, noveltyRate, roundBits, sumBits } from '../../../detectors/lib/bits.ts';

describe('the rate at which a key shows new things', () => {
  it.each([
    { firsts: 0, sessions: 0, rate: 0.05 },
    { firsts: 0, sessions: 63, rate: 0.005 },
    { firsts: 50, sessions: 50, rate: 0.883 },
    { firsts: 90, sessions: 50, rate: 1 },
  ])('is $rate after $firsts firsts in $sessions sessions', ({ firsts, sessions, rate }) => {
    expect(noveltyRate(firsts, sessions)).toBeCloseTo(rate, 3);
  });
});

describe('bits', () => {
  it('are the doublings of the odds', () => {
    expect(bitsFor(0.8, 0.1)).toBeCloseTo(3);
    expect(bitsFor(0.1, 0.8)).toBeCloseTo(-3);
  });

  it('of lines add up without crumbs', () => {
    expect(sumBits([{ bits: 0.1 }, { bits: 0.2 }, { bits: -0.3 }])).toBe(0);
    expect(roundBits(2.449)).toBe(2.4);
  });
});
