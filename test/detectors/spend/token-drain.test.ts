import { describe, expect, it } from 'vitest';
import type { KeyId } from '../../../detectors/event.ts';
import { DAY, HOUR, KeyLife, START } from '../../support/key-life.ts';

const MINUTE = 60_000;
const now = START + 14 * DAY + 10 * HOUR;
const keyId = '1f'.repeat(32) as KeyId;

function usual(tokens: number): KeyLife {
  const life = new KeyLife();
  life.work(0, 14, { costUsd: 0.001, totalTokens: tokens });
  return life;
}

function drain(life: KeyLife, tokens: number, costUsd = 0, from = now): string[] {
  for (let call = 0; call < 10; call += 1)
    life.call(from + call * 5 * MINUTE, { costUsd, totalTokens: tokens / 10 });
  return life.signals.map(({ detector }) => detector);
}

describe('tokens that cost nothing', () => {
  it.each([
    { usualTokens: 1_000, tokens: 900_000, isTold: false },
    { usualTokens: 1_000, tokens: 1_100_000, isTold: true },
    { usualTokens: 100_000, tokens: 2_900_000, isTold: false },
    { usualTokens: 100_000, tokens: 3_300_000, isTold: true },
  ])(
    'three calls an hour of $usualTokens, then $tokens in an hour: $isTold',
    ({ usualTokens, tokens, isTold }) => {
      expect(drain(usual(usualTokens), tokens).includes('token-drain')).toBe(isTold);
    },
  );

  it('are left to the dollars when most of them cost something', () => {
    expect(drain(usual(1_000), 2_000_000, 0.001)).not.toContain('token-drain');
  });

  it('are left to the dollars when a few of them cost nothing beside many that do', () => {
    const life = usual(1_000);
    drain(life, 2_000_000, 0.001);
    life.call(now + 50 * MINUTE, { costUsd: 0, totalTokens: 200_000 });
    expect(life.signals.map(({ detector }) => detector)).not.toContain('token-drain');
  });

  it('are another story after a verdict', () => {
    const life = usual(1_000);
    drain(life, 2_000_000);
    const at = now + 50 * MINUTE;
    const verdict = { incidentId: 'i', verdict: 'attack' as const, indicators: ['spend'], until: at + HOUR };
    life.core.applyFact({ type: 'verdict', keyId, at, ...verdict });
    drain(life, 2_000_000, 0, at);
    const stories = life.signals.filter(({ detector }) => detector === 'token-drain');
    expect(new Set(stories.map(({ dedupKey }) => dedupKey)).size).toBe(2);
  });

  it('are quiet after somebody said that the level is normal', () => {
    const life = usual(1_000);
    expect(drain(life, 2_000_000)).toContain('token-drain');
    const at = now + HOUR;
    const verdict = { incidentId: 'i', verdict: 'ours' as const, indicators: ['spend'], until: at + HOUR };
    life.core.applyFact({ type: 'verdict', keyId, at, ...verdict });
    life.signals.length = 0;
    expect(drain(life, 2_000_000, 0, now + DAY)).not.toContain('token-drain');
  });
});
