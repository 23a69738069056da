import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { spread, toOne } from '../../../services/kafka/share-out.ts';

const groups = fc
  .record({
    partitions: fc.integer({ min: 1, max: 30 }),
    members: fc.integer({ min: 1, max: 8 }),
    seed: fc.nat(),
  })
  .chain(({ partitions, members }) =>
    fc.record({
      partitions: fc.constant(partitions),
      members: fc.tuple(
        ...Array.from({ length: members }, (_, index) =>
          fc
            .uniqueArray(fc.nat({ max: partitions + 2 }), { maxLength: partitions })
            .map((has) => ({ id: `member-${index.toString()}`, has })),
        ),
      ),
    }),
  );

const all = (partitions: number) => Array.from({ length: partitions }, (_, partition) => partition);

describe.each([
  { name: 'spread', shareOut: spread },
  { name: 'to one', shareOut: toOne },
])('partitions shared out: $name', ({ shareOut }) => {
  it('gives each partition to exactly one member, whatever members say they have', () => {
    fc.assert(
      fc.property(groups, ({ partitions, members }) => {
        const shares = shareOut(partitions, members);
        expect([...shares.values()].flat().sort((a, b) => a - b)).toEqual(all(partitions));
        expect([...shares.keys()].sort()).toEqual(members.map(({ id }) => id).sort());
      }),
    );
  });

  it('changes nothing when asked again with what came out', () => {
    fc.assert(
      fc.property(groups, ({ partitions, members }) => {
        const first = shareOut(partitions, members);
        const again = shareOut(
          partitions,
          members.map(({ id }) => ({ id, has: first.get(id) ?? [] })),
        );
        expect(again).toEqual(first);
      }),
    );
  });
});

describe('partitions that are spread', () => {
  it('lie on all members alike', () => {
    fc.assert(
      fc.property(groups, ({ partitions, members }) => {
        const sizes = [...spread(partitions, members).values()].map((share) => share.length);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it.each([
    { story: 'a second member comes', has: [all(12), []], moved: 6 },
    { story: 'a third member comes', has: [all(12).slice(0, 6), all(12).slice(6), []], moved: 4 },
    { story: 'a member has gone', has: [all(12).slice(0, 6)], moved: 6 },
    { story: 'nothing has changed', has: [all(12).slice(0, 6), all(12).slice(6)], moved: 0 },
  ])('stay where they are as far as possible: $story, $moved move', ({ has, moved }) => {
    const members = has.map((partitions, index) => ({ id: `member-${index.toString()}`, has: partitions }));
    const shares = spread(12, members);
    const kept = members.flatMap(({ id, has: had }) => had.filter((one) => shares.get(id)?.includes(one)));
    expect(12 - kept.length).toBe(moved);
  });
});

describe('partitions that go to one member', () => {
  it('stay with it when others come', () => {
    const shares = toOne(3, [
      { id: 'a-newcomer', has: [] },
      { id: 'the-active-one', has: [0, 1, 2] },
    ]);
    expect(shares.get('the-active-one')).toEqual([0, 1, 2]);
  });
});
