import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FIRST_GENERATION, FingerprintTable } from '../../../services/transports/embedded-duplicates.ts';
import { hash64, partitionOf } from '../../../services/hash64.ts';

const half = fc.integer({ min: -3, max: 3 });
const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('claim' as const), low: half, high: half }) },
  fc.record({ do: fc.constantFrom('keep' as const, 'undo' as const, 'age' as const, 'forget' as const) }),
);

describe('the table of fingerprints', () => {
  it('behaves like a map from fingerprint to generation', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const table = new FingerprintTable();
        let model = new Map<string, number>();
        let kept = new Map(model);
        let generation = FIRST_GENERATION;
        let oldest = FIRST_GENERATION;
        for (const each of steps) {
          if (each.do === 'claim') {
            const id = `${each.low.toString()}/${each.high.toString()}`;
            const isNew = (model.get(id) ?? 0) < oldest;
            expect(table.claim(each.low, each.high, generation)).toBe(isNew);
            if (isNew) model.set(id, generation);
          } else if (each.do === 'keep') {
            table.keep();
            kept = new Map(model);
          } else if (each.do === 'undo') {
            table.undo();
            model = new Map(kept);
          } else if (each.do === 'age') generation++;
          else table.forgetBefore((oldest = generation));
        }
      }),
    );
  });

  it('holds a hundred thousand, and gives their room to others once they are forgotten', () => {
    const table = new FingerprintTable();
    const out = new Int32Array(2);
    const claimAll = (from: number, generation: number) => {
      let fresh = 0;
      for (let index = from; index < from + 100_000; index++) {
        hash64(`id-${index.toString()}`, 1, out);
        if (table.claim(out[0] ?? 0, out[1] ?? 0, generation)) fresh++;
      }
      table.keep();
      return fresh;
    };
    expect(claimAll(0, 2)).toBe(100_000);
    expect(claimAll(0, 3)).toBe(0);
    table.forgetBefore(3);
    expect(claimAll(50_000, 3)).toBe(100_000);
    expect(claimAll(50_000, 3)).toBe(0);
  });
});

describe('the hash of ids', () => {
  it('does not collide over ids that differ little, and spreads evenly', () => {
    const out = new Int32Array(2);
    const seen = new Set<string>();
    const shards = new Uint32Array(256);
    for (let index = 0; index < 50_000; index++) {
      hash64(`chatcmpl-${index.toString(36)}`, 7, out);
      seen.add(`${(out[0] ?? 0).toString()}/${(out[1] ?? 0).toString()}`);
      const shard = (out[0] ?? 0) >>> 24;
      shards[shard] = (shards[shard] ?? 0) + 1;
    }
    expect(seen.size).toBe(50_000);
    // 195 expected in each; six standard deviations.
    expect(Math.min(...shards)).toBeGreaterThan(110);
    expect(Math.max(...shards)).toBeLessThan(280);
  });

  it('changes both halves with the seed', () => {
    const [one, two] = [new Int32Array(2), new Int32Array(2)];
    hash64('id', 1, one);
    hash64('id', 2, two);
    expect(one[0]).not.toBe(two[0]);
    expect(one[1]).not.toBe(two[1]);
  });

  it('never moves a key to another partition', () => {
    const scratch = new Int32Array(2);
    expect(['alpha', 'beta', 'gamma', ''].map((key) => partitionOf(key, 12, scratch))).toMatchInlineSnapshot(`
      [
        0,
        10,
        0,
        11,
      ]
    `);
    expect(partitionOf('alpha', 1, scratch)).toBe(0);
  });
});
