import { describe, expect, it } from 'vitest';
import type { Line } from '../../../detectors/detector.ts';
import { independentFamilies, toPart } from '../../../services/incidents/evidence.ts';
import { severityOf } from '../../../services/incidents/severity.ts';
import { aCertainFinding, aFinding, line } from '../../support/findings.ts';

const parts = (lines: Line[]) => [toPart(aFinding({ lines }), true)];

describe('severity', () => {
  it.each([
    { story: 'nothing much', lines: [line('network', 5.9)], severity: 'info' },
    { story: '6 bits', lines: [line('network', 6)], severity: 'low' },
    { story: 'just under 8 bits', lines: [line('network', 7.9)], severity: 'low' },
    { story: '8 bits', lines: [line('network', 8)], severity: 'medium' },
    { story: 'just under 12 bits of one family', lines: [line('network', 11.9)], severity: 'medium' },
    { story: '12 bits of one family', lines: [line('network', 12)], severity: 'high' },
    { story: '10 bits of two families', lines: [line('network', 6), line('client', 4)], severity: 'high' },
    {
      story: 'just under 10 bits of two families',
      lines: [line('network', 6), line('client', 3.9)],
      severity: 'medium',
    },
    {
      story: 'three families',
      lines: [line('network', 6), line('client', 3), line('hour', 1.5)],
      severity: 'critical',
    },
    {
      story: 'three families, but a known habit speaks against it',
      lines: [line('network', 6), line('client', 3), line('hour', 1.5), line('concurrency', -1)],
      severity: 'medium',
    },
    { story: 'a slow burn', lines: [line('spend', 2, { feature: 'burn-24h' })], severity: 'medium' },
    { story: 'an hour of burning', lines: [line('spend', 2, { feature: 'burn-1h' })], severity: 'high' },
    {
      story: 'five minutes of burning alone',
      lines: [line('spend', 7, { feature: 'burn-5m' })],
      severity: 'low',
    },
    {
      story: 'five minutes of burning by a stranger',
      lines: [line('spend', 2, { feature: 'burn-5m' }), line('network', 6)],
      severity: 'critical',
    },
  ])('$story: $severity', ({ lines, severity }) => {
    expect(severityOf(parts(lines))).toBe(severity);
  });

  it('is critical at once when the evidence is certain', () => {
    expect(severityOf([toPart(aCertainFinding({ lines: [line('leak', 1)] }), true)])).toBe('critical');
  });
});

describe('independent families', () => {
  it.each([
    {
      story: 'each at its floor',
      lines: [
        line('network', 6),
        line('concurrency', 2.5),
        line('client', 3),
        line('model', 2.5),
        line('hour', 1.5),
        line('spend', 0.1),
      ],
      count: 6,
    },
    {
      story: 'each just under its floor',
      lines: [
        line('network', 5.9),
        line('concurrency', 2.4),
        line('client', 2.9),
        line('model', 2.4),
        line('hour', 1.4),
        line('spend', 0),
      ],
      count: 0,
    },
    { story: 'several lines of one family', lines: [line('network', 4), line('network', 4)], count: 1 },
    { story: 'models and probing are one', lines: [line('model', 3), line('probe', 3)], count: 1 },
    {
      story: 'an address that may be forged',
      lines: [line('network', 12, { isWeak: true }), line('client', 4)],
      count: 1,
    },
  ])('$story: $count', ({ lines, count }) => {
    expect(independentFamilies(parts(lines))).toBe(count);
  });
});
