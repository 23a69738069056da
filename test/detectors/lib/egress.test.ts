import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Egress } from '../../../detectors/lib/egress.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const DAY = 86_400_000;
const KEYS = ['0', '1', '2', '3', '4', '5', '6', '7'];

function used(keys: number, teams: number): Egress {
  const egress = new Egress();
  for (let key = 0; key < keys; key += 1)
    egress.note({ asn: 64500, key: `${key}`.repeat(64), team: `team-${key % teams}`, ts: 0 });
  return egress;
}

describe('a network of the organisation', () => {
  it.each([
    { keys: 3, teams: 2, days: 3, isLearned: true },
    { keys: 2, teams: 2, days: 3, isLearned: false },
    { keys: 3, teams: 1, days: 3, isLearned: false },
    { keys: 3, teams: 2, days: 2.9, isLearned: false },
  ])(
    'needs 3 keys of 2 teams for 3 days: $keys of $teams for $days is $isLearned',
    ({ keys, teams, days, isLearned }) => {
      expect(used(keys, teams).isLearned(64500, 'f'.repeat(64), days * DAY)).toBe(isLearned);
    },
  );

  it('is not vouched for by the key itself', () => {
    expect(used(3, 2).isLearned(64500, '1'.repeat(64), 5 * DAY)).toBe(false);
  });

  it('is vouched for by keys that came a day ago, not by those of today', () => {
    const egress = used(2, 2);
    egress.note({ asn: 64500, key: '7'.repeat(64), team: 'team-0', ts: 5 * DAY });
    expect(egress.isLearned(64500, 'f'.repeat(64), 6 * DAY - 1)).toBe(false);
    expect(egress.isLearned(64500, 'f'.repeat(64), 6 * DAY)).toBe(true);
  });

  it('is the same in whatever order its uses are told, and however often', () => {
    const aUse = fc.record({
      asn: fc.constant(64500),
      key: fc.constantFrom(...KEYS),
      team: fc.constantFrom('', 'a', 'b', 'c', 'd', 'e', 'f'),
      ts: fc.integer({ min: 0, max: 9 }).map((at) => (at * DAY) / 2),
    });
    fc.assert(
      fc.property(fc.array(aUse), fc.array(fc.nat({ max: 50 })), (uses, again) => {
        const told = new Egress();
        const shuffled = new Egress();
        for (const use of uses) told.note(use);
        for (const use of [...uses].reverse()) shuffled.note(use);
        for (const at of again) for (const use of uses.slice(at, at + 1)) shuffled.note(use);
        for (const own of KEYS)
          for (let day = 0; day < 6; day += 0.5)
            expect(told.isLearned(64500, own, day * DAY)).toBe(shuffled.isLearned(64500, own, day * DAY));
      }),
    );
  });

  it('is saved when somebody joins, not at every use', () => {
    const egress = used(3, 2);
    expect(egress.takeChanged()).toEqual([64500]);
    expect(egress.note({ asn: 64500, key: '1'.repeat(64), team: 'team-1', ts: DAY })).toBe(false);
    expect(egress.takeChanged()).toEqual([]);
  });

  it('makes room for those that came earlier, in whatever order they are told', () => {
    const egress = new Egress();
    const random = seededRandom(7);
    const uses = Array.from({ length: 2_600 }, (_, index) => ({
      asn: index + 1,
      at: index * 1_000,
      turn: random(),
    }));
    for (const { asn, at } of [...uses].sort((a, b) => a.turn - b.turn))
      egress.note({ asn, key: 'a'.repeat(64), team: 'team-a', ts: at });
    const kept = uses.filter(({ asn }) => egress.save(asn) !== undefined).map(({ asn }) => asn);
    expect(kept).toEqual(uses.slice(0, 2_000).map(({ asn }) => asn));
  });

  it('does not grow without bound', () => {
    const egress = used(3, 2);
    for (let asn = 1; asn < 3_000; asn += 1)
      egress.note({ asn, key: 'a'.repeat(64), team: 'team-a', ts: DAY });
    expect(egress.isLearned(64500, 'f'.repeat(64), 5 * DAY)).toBe(true);
    expect(egress.save(1)).toBeDefined();
    expect(egress.save(2_999)).toBeUndefined();
  });
});
