import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { groupEvidence, total } from '../../../../dashboards/web/src/incident/evidence-groups.ts';
import type { EvidenceLine } from '../../../../services/api/schema.ts';

function aLine(over: Partial<EvidenceLine>): EvidenceLine {
  return {
    detector: 'identity',
    finding_id: 'fnd_1',
    kind: 'geo',
    ts: '2026-05-04T10:00:00.000Z',
    family: 'network',
    feature: 'new-network',
    observed: 'AS64500',
    normal: 'AS64501',
    bits: 1,
    text: 'The network is new.',
    is_weak: false,
    ...over,
  };
}

const lines = fc.array(
  fc
    .record({
      family: fc.constantFrom('network', 'client', 'hour', 'spend'),
      bits: fc.double({ min: -6, max: 20, noNaN: true }),
    })
    .map(aLine),
  { maxLength: 20 },
);

describe('evidence by family', () => {
  it('puts the heaviest family and the heaviest line first', () => {
    const groups = groupEvidence([
      aLine({ family: 'hour', bits: -0.6 }),
      aLine({ family: 'network', feature: 'new-country', bits: 1.9 }),
      aLine({ family: 'client', bits: 4.2 }),
      aLine({ family: 'network', bits: 6.4 }),
    ]);
    expect(groups.map(({ family }) => family)).toEqual(['network', 'client', 'hour']);
    expect(groups[0]?.lines.map(({ feature }) => feature)).toEqual(['new-network', 'new-country']);
    expect(groups[0]?.shownBits).toBe(8.3);
  });

  it('loses no line, and what is shown adds up at every level', () => {
    fc.assert(
      fc.property(lines, (given) => {
        const groups = groupEvidence(given);
        expect(groups.flatMap((group) => group.lines)).toHaveLength(given.length);
        for (const group of groups) {
          expect(total(group.lines.map(({ shownBits }) => shownBits))).toBe(group.shownBits);
        }
        const score = given.reduce((sum, { bits }) => sum + bits, 0);
        expect(total(groups.map(({ shownBits }) => shownBits))).toBeCloseTo(score, 0);
        expect(Math.abs(total(groups.map(({ shownBits }) => shownBits)) - score)).toBeLessThan(0.0501);
      }),
    );
  });
});
