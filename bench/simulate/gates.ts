import type { Outcome } from './scoreboard.ts';
import { measure } from './tally.ts';
import type { Results } from './tally.ts';

export interface Gate {
  name: string;
  wanted: string;
  measured: string;
  isReached: boolean;
}

const BUCKETS_MINUTES = 10;

export function gatesOf(results: Results): Gate[] {
  return [identityGate(results), ...familiesGates(results), burstGate(results), poisonGate(results)];
}

export const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

function shareFound({ found, attacks }: { found: number; attacks: number }): number {
  return attacks === 0 ? 0 : found / attacks;
}

function identityGate(results: Results): Gate {
  const found = shareFound(measure(results.of('identity'), 'identity'));
  const rate = results.falsePer1000('identity');
  return {
    name: 'identity alone',
    wanted: 'at least 88 % found, at most 4 false alarms in 1,000 key-days',
    measured: `${percent(found)} found, ${rate.toFixed(2)} false`,
    isReached: found >= 0.88 && rate <= 4,
  };
}

function familiesGates(results: Results): Gate[] {
  const found = shareFound(measure(results.of('identity'), 'three families'));
  const wrong = results.falseCount('three families');
  const days = Math.round(results.cleanKeyDays);
  return [
    {
      name: 'three families, false blocks',
      wanted: 'none in at least 150,000 clean key-days',
      measured: `${wrong.toString()} in ${days.toLocaleString('en')}`,
      isReached: wrong === 0 && days >= 150_000,
    },
    {
      name: 'three families, thefts blocked',
      wanted: 'at least 55 %',
      measured: percent(found),
      isReached: found >= 0.55,
    },
  ];
}

/** Found before the second bucket of 5 minutes has passed. */
export function shareInTime(outcomes: readonly Outcome[]): number {
  const inTime = outcomes.filter(({ found, firstAt }) => {
    const at = found.get('any message')?.at;
    return at !== undefined && at - firstAt <= BUCKETS_MINUTES * 60_000;
  });
  return shareFound({ found: inTime.length, attacks: outcomes.length });
}

function burstGate(results: Results): Gate {
  const outcomes = results.of('spend', '$50 an hour for 6 h');
  const share = shareInTime(outcomes);
  return {
    name: '$50 an hour',
    wanted: 'all found within two buckets of 5 minutes',
    measured: `${percent(share)} of ${outcomes.length.toString()}`,
    isReached: share === 1,
  };
}

function poisonGate(results: Results): Gate {
  const { without, with: poisoned } = results.poisoning();
  const lost = 100 * (without - poisoned);
  return {
    name: 'poisoned replay',
    wanted: 'loses at most 10 points',
    measured: `${percent(without)} without, ${percent(poisoned)} with warm-up: ${lost.toFixed(1)} points lost`,
    isReached: lost <= 10,
  };
}
