import { describe, expect, it } from 'vitest';
import { Egress } from '../../../detectors/lib/egress.ts';

const DAY = 86_400_000;

function used(keys: number, teams: number): Egress {
  const egress = new Egress();
  for (let key = 0; key < keys; key += 1) egress.note(64500, `${key}`.repeat(64), `team-${key % teams}`, 0);
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

  it('is saved when somebody joins, not at every use', () => {
    const egress = used(3, 2);
    expect(egress.takeChanged()).toEqual([64500]);
    egress.note(64500, '1'.repeat(64), 'team-1', DAY);
    expect(egress.takeChanged()).toEqual([]);
  });

  it('does not grow without bound', () => {
    const egress = used(3, 2);
    for (let asn = 1; asn < 3_000; asn += 1) egress.note(asn, 'a'.repeat(64), 'team-a', DAY);
    expect(egress.isLearned(64500, 'f'.repeat(64), 5 * DAY)).toBe(true);
    expect(egress.save(1)).toBeUndefined();
    expect(egress.save(2_999)).toBeDefined();
  });
});
