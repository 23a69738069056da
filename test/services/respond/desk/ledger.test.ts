import { describe, expect, it } from 'vitest';
import type { KeyId } from '../../../../detectors/event.ts';
import type { Effect } from '../../../../services/respond/desk/effects.ts';
import { TABLES } from '../../../../services/stores/tables.ts';
import { aDesk, accept, only, restarted } from '../../../support/desk-lab.ts';
import { NOW, THREE_FAMILIES, aCertainFinding, aFinding, line } from '../../../support/findings.ts';

const MINUTE_MS = 60_000;

/** What was written into the ledger, by the names of its columns. */
function ledgerOf(effects: readonly Effect[]): Record<string, unknown>[] {
  const columns = TABLES.ledger.columns.map(({ name }) => name);
  return effects.flatMap((effect) => {
    if (effect.type !== 'row' || effect.table !== 'ledger') return [];
    const cells = JSON.parse(effect.row) as unknown[];
    return [Object.fromEntries(columns.map((name, index) => [name, cells[index]]))];
  });
}

const entriesOf = (effects: readonly Effect[]) =>
  ledgerOf(effects).map(({ detector, rule }) => `${String(detector)} ${String(rule)}`);

describe('the ledger of the desk', () => {
  it.each(['observe', 'certain', 'enforce'] as const)(
    'says in mode %s what would have been blocked',
    (mode) => {
      const desk = aDesk({ mode });
      const money = { usdLost: 4, usdPerHour: 80, indicators: ['asn:64500', 'ip:192.0.2.7'] };
      const written = ledgerOf(desk.applyFinding(aFinding({ lines: THREE_FAMILIES, ...money }), NOW));
      const { incidentId, keyId } = only(desk);
      expect(written).toEqual([
        {
          ...{
            ts: NOW,
            incident_id: incidentId,
            detector: 'new-party',
            action: 'block',
            rule: 'three-families',
          },
          ...{ mode, key_id: keyId, bits: 14, usd_lost: 4, usd_per_hour: 80 },
          indicators: JSON.stringify(money.indicators),
        },
      ]);
    },
  );

  it.each([
    { story: 'two families', finding: aFinding() },
    {
      story: 'three families in learning time',
      finding: aFinding({ lines: THREE_FAMILIES, isLearning: true }),
    },
    { story: 'an import', finding: aCertainFinding({ isImport: true }) },
    { story: 'what came late', finding: aCertainFinding({ ts: NOW - 16 * MINUTE_MS }) },
    {
      story: 'what is no key of the gateway',
      finding: aCertainFinding({ entity: { type: 'key', keyId: 'foreign:0123456789abcdef' as KeyId } }),
    },
    { story: 'a team', finding: aCertainFinding({ entity: { type: 'team', team: 'team-search' } }) },
  ])('has nothing about $story', ({ finding }) => {
    expect(ledgerOf(aDesk().applyFinding(finding, NOW))).toEqual([]);
  });

  it('names each detector that the three families rest on, and no other', () => {
    const desk = aDesk();
    desk.applyFinding(aFinding(), NOW);
    desk.applyFinding(aFinding({ detector: 'silent', dedupKey: 'silent', lines: [] }), NOW);
    const last = aFinding({
      detector: 'key-burn',
      dedupKey: 'burn',
      lines: [line('spend', 5), line('client', 2)],
    });
    expect(entriesOf(desk.applyFinding(last, NOW)).sort()).toEqual([
      'key-burn three-families',
      'new-party three-families',
    ]);
  });

  it('has each rule and detector once, also after a restart and after the block', () => {
    const desk = aDesk();
    const first = desk.applyFinding(aCertainFinding(), NOW);
    expect(entriesOf(first)).toEqual(['leak-in-use certain-evidence']);
    accept(desk, first, NOW);
    const after = restarted(desk);
    expect(ledgerOf(after.applyFinding(aCertainFinding({ ts: NOW + 1, events: 2 }), NOW + 1))).toEqual([]);
    const more = after.applyFinding(aFinding({ ts: NOW + 2, lines: THREE_FAMILIES }), NOW + 2);
    expect(entriesOf(more)).toContain('new-party three-families');
  });

  it('has it though the key is protected or everything is frozen', () => {
    const desk = aDesk({ protectedKeys: ['search-prod'] });
    expect(entriesOf(desk.applyFinding(aCertainFinding(), NOW))).toEqual(['leak-in-use certain-evidence']);
    expect(only(desk).decision.reason).toBe('protected');
  });
});
