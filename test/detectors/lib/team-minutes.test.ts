import { describe, expect, it } from 'vitest';
import type { Rollup } from '../../../detectors/detector.ts';
import type { KeyId } from '../../../detectors/event.ts';
import { TeamMinutes } from '../../../detectors/lib/team-minutes.ts';

const MINUTE = 60_000;

function part(partition: number, minute: number, usd: readonly number[]): Rollup {
  const keys = usd.map((costUsd, at) => ({
    keyId: `${partition.toString()}-${at.toString()}` as KeyId,
    keyAlias: `key-${partition.toString()}-${at.toString()}`,
    costUsd,
  }));
  const costUsd = usd.reduce((sum, one) => sum + one, 0);
  return { team: 'search', minute, partition, calls: usd.length, totalTokens: 10, costUsd, keys };
}

describe('minutes of a team over several partitions', () => {
  it('are put together, with the largest keys of all', () => {
    const minutes = new TeamMinutes();
    minutes.add(part(0, 0, [1, 2, 3, 4, 5]));
    minutes.add(part(1, 0, [1.5, 2.5, 3.5, 4.5, 5.5]));
    const [whole, ...others] = minutes.takeBefore(MINUTE);
    expect(others).toEqual([]);
    expect(whole).toMatchObject({ team: 'search', minute: 0, calls: 10, totalTokens: 20, costUsd: 32.5 });
    expect(whole?.keys.map(({ costUsd }) => costUsd)).toEqual([5.5, 5, 4.5, 4, 3.5, 3, 2.5, 2]);
  });

  it('are given out once each, oldest first', () => {
    const minutes = new TeamMinutes();
    for (const at of [2, 0, 1]) minutes.add(part(0, at * MINUTE, [1]));
    expect(minutes.takeBefore(2 * MINUTE).map(({ minute }) => minute)).toEqual([0, MINUTE]);
    expect(minutes.takeBefore(2 * MINUTE)).toEqual([]);
    expect(minutes.takeBefore(Infinity).map(({ minute }) => minute)).toEqual([2 * MINUTE]);
  });

  it('are not lost by a restart', () => {
    const minutes = new TeamMinutes();
    minutes.add(part(0, 0, [1]));
    minutes.takeBefore(MINUTE);
    minutes.add(part(1, 0, [2]));
    expect([minutes.takeChanged(), minutes.takeChanged()]).toEqual([true, false]);
    const other = new TeamMinutes();
    other.restore(minutes.save());
    other.add(part(0, 0, [4]));
    expect(other.takeBefore(2 * MINUTE)).toMatchObject([{ minute: MINUTE, costUsd: 6 }]);
  });
});
