import { describe, expect, it } from 'vitest';
import type { KeyId } from '../../../detectors/event.ts';
import { DAY, HOUR, KeyLife, START, features } from '../../support/key-life.ts';

const MINUTE = 60_000;
const keyId = '1f'.repeat(32) as KeyId;

/** Three cents an hour in working hours, for two weeks. */
function usual(): KeyLife {
  const life = new KeyLife();
  life.work(0, 14, { costUsd: 0.01 });
  expect(life.signals).toEqual([]);
  return life;
}
const monday = START + 14 * DAY + 10 * HOUR;

function spend(
  life: KeyLife,
  from: number,
  { usd, calls, minutes }: { usd: number; calls: number; minutes: number },
): void {
  for (let call = 0; call < calls; call += 1)
    life.call(from + (call * minutes * MINUTE) / calls, { costUsd: usd / calls });
}

describe('a key that spends', () => {
  it('fifty dollars an hour is told of within five minutes', () => {
    const life = usual();
    spend(life, monday, { usd: 50, calls: 600, minutes: 60 });
    expect(life.signals[0]).toMatchObject({
      detector: 'key-burn',
      kind: 'spend',
      dedupKey: `burn:${life.signals[0]?.firstEventAt}`,
    });
    expect((life.signals[0]?.ts ?? 0) - monday).toBeLessThan(10 * MINUTE);
    expect(life.bits()).toBeGreaterThan(11);
  });

  it.each([
    { usd: 0.9, isTold: false },
    { usd: 3, isTold: true },
  ])('of thirty cents a day: $usd dollars in five hours are worth a message: $isTold', ({ usd, isTold }) => {
    const life = usual();
    spend(life, monday, { usd, calls: 100, minutes: 300 });
    expect(life.signals.length > 0).toBe(isTold);
  });

  it('twice as much as usual all day says nothing', () => {
    const life = new KeyLife();
    life.work(0, 14, { costUsd: 1 });
    life.work(14, 3, { costUsd: 2 });
    expect(life.signals).toEqual([]);
  });

  it('tells dollars lost and dollars an hour', () => {
    const life = usual();
    spend(life, monday, { usd: 30, calls: 300, minutes: 120 });
    const last = life.signals.at(-1);
    expect(last?.usdLost).toBeGreaterThan(10);
    expect(last?.usdPerHour).toBeGreaterThan(10);
    expect(last?.usdPerHour).toBeLessThan(20);
  });

  it('has lines that add up to the clearest window', () => {
    const life = usual();
    spend(life, monday, { usd: 8, calls: 200, minutes: 200 });
    const lines = life.lines('key-burn');
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.every(({ family, feature }) => family === 'spend' && feature.startsWith('burn-'))).toBe(
      true,
    );
    expect(lines.reduce((sum, { bits }) => sum + bits, 0)).toBeLessThanOrEqual(12);
  });

  it('is told of again after a day without a burn', () => {
    const life = usual();
    spend(life, monday, { usd: 30, calls: 40, minutes: 30 });
    life.work(15, 2, { costUsd: 0.01 });
    spend(life, monday + 3 * DAY, { usd: 90, calls: 40, minutes: 30 });
    expect(new Set(life.signals.map(({ dedupKey }) => dedupKey)).size).toBe(2);
  });
});

describe('a new key', () => {
  it.each([
    { usd: 49, isTold: false },
    { usd: 51, isTold: true },
  ])('may spend up to fifty dollars in an hour: $usd is told $isTold', ({ usd, isTold }) => {
    const life = new KeyLife();
    spend(life, START, { usd, calls: 50, minutes: 50 });
    expect(features(life.lines('key-burn'))).toEqual(isTold ? ['burn-new-key'] : []);
    expect(life.signals.every(({ isLearning }) => isLearning === true)).toBe(true);
  });
});

it('is quiet after somebody said that the level is normal', () => {
  const life = usual();
  spend(life, monday, { usd: 20, calls: 200, minutes: 300 });
  expect(life.signals).not.toEqual([]);
  const at = monday + 5 * HOUR;
  life.core.applyFact({
    type: 'verdict',
    keyId,
    at,
    incidentId: 'i',
    verdict: 'ours',
    indicators: ['spend'],
    until: at + HOUR,
  });
  life.signals.length = 0;
  spend(life, monday + DAY, { usd: 20, calls: 200, minutes: 300 });
  expect(life.signals).toEqual([]);
});
