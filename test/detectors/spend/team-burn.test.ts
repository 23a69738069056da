import { describe, expect, it } from 'vitest';
import { createCore } from '../../../detectors/core.ts';
import type { Core, Rollup, Signal } from '../../../detectors/detector.ts';
import type { KeyId } from '../../../detectors/event.ts';
import { DAY, HOUR, LEARNING, START } from '../../support/key-life.ts';

const MINUTE = 60_000;

function minuteOf(minute: number, usd: readonly number[], partition = 0): Rollup {
  const keys = usd.map((costUsd, at) => ({
    keyId: `${at}`.repeat(64) as KeyId,
    keyAlias: `service-${at}`,
    costUsd,
  }));
  const costUsd = usd.reduce((sum, one) => sum + one, 0);
  return { team: 'team-search', minute, partition, calls: 10, totalTokens: 1_000, costUsd, keys };
}

function feed(core: Core, from: number, hours: number, usd: readonly number[]): Signal[] {
  const signals: Signal[] = [];
  for (let minute = from; minute < from + hours * HOUR; minute += 10 * MINUTE)
    signals.push(...judged(core, [minuteOf(minute, usd)], minute + MINUTE));
  return signals;
}

function judged(core: Core, rollups: readonly Rollup[], before: number): Signal[] {
  for (const rollup of rollups) core.takeRollup(rollup);
  return core.closeMinutes(before).flatMap((minute) => [...core.judgeRollup(minute)]);
}

function usual(): Core {
  const core = createCore({
    partition: 0,
    partitions: 1,
    learningMs: LEARNING,
    maxKeys: 1_000,
    maxReadyKeys: 1_000,
  });
  expect(feed(core, START, 14 * 24, [0.01, 0.01, 0.01])).toEqual([]);
  return core;
}
const now = START + 14 * DAY;

describe('a team', () => {
  it('that burns on several keys is told of, with the keys that do', () => {
    const [signal] = feed(usual(), now, 3, [1, 1, 1]);
    expect(signal).toMatchObject({
      detector: 'team-burn',
      kind: 'spend',
      entity: { type: 'team', team: 'team-search' },
    });
    expect(signal?.lines[0]?.text).toContain('service-0, service-1, service-2');
  });

  it('with one key that burns is left to that key', () => {
    expect(feed(usual(), now, 3, [0.01, 3, 0.01])).toEqual([]);
  });

  it('is not judged while it is new', () => {
    const core = createCore({
      partition: 0,
      partitions: 1,
      learningMs: LEARNING,
      maxKeys: 1_000,
      maxReadyKeys: 1_000,
    });
    feed(core, START, 48, [0.01, 0.01, 0.01]);
    expect(feed(core, START + 2 * DAY, 3, [5, 5, 5])).toEqual([]);
  });
});

describe('minutes of several partitions', () => {
  const minutes = Array.from({ length: 6 }, (_, index) => now + index * 10 * MINUTE);

  it('count once for each, however often they come, in whatever order', () => {
    const once = usual();
    const twice = usual();
    const parts = (minute: number) => [0, 1].map((partition) => minuteOf(minute, [0.6, 0.6, 0.6], partition));
    const said = minutes.flatMap((minute) => judged(once, parts(minute), minute + MINUTE));
    // One partition is an hour ahead of the other, and both repeat themselves.
    const ahead = minutes.flatMap((minute) => parts(minute).slice(1));
    const behind = minutes.flatMap((minute) => parts(minute).slice(0, 1));
    expect(judged(twice, [...ahead, ...ahead], now)).toEqual([]);
    expect(judged(twice, [...behind, ...behind], now + HOUR)).toEqual(said);
    expect(said.length).toBeGreaterThan(0);
  });

  it('that come when theirs is over count for a later one', () => {
    const core = usual();
    expect(judged(core, [minuteOf(now, [0.01])], now + HOUR)).toEqual([]);
    core.takeRollup(minuteOf(now, [0.5, 0.5], 1));
    expect(core.closeMinutes(now + 2 * HOUR)).toMatchObject([{ minute: now + HOUR, costUsd: 1 }]);
  });
});
