import type { Line, Papers } from '../detector.ts';
import { burnLines } from '../lib/burn-line.ts';
import { money } from '../lib/words.ts';
import type { KeyProfile } from '../profile.ts';

export const keyBurn: Papers = {
  id: 'key-burn',
  title: 'Key spends far more than it ever did',
  kind: 'spend',
  families: ['spend'],
  how:
    'Compares the spend of the last 5 minutes, hour, 6 hours and day with what is usual for this key at this hour and kind of day. ' +
    'Each window has a ratio (30, 10, 5, 3), a floor in dollars (5, 3, 2, 1), and must beat the largest such window of the last two weeks twice over. ' +
    'The baseline learns a spike only in part. A key younger than the learning time is held to a fixed limit instead.',
  runbook:
    'Look at the models and the callers of the last hour. If it is a loop or a mistake, stop the program or lower the budget of the key. If it is wanted, ' +
    'resolve as ours: the present level then counts as normal.',
  knownFalsePositives: [
    'a launch or a one-off job much larger than any before',
    'a move to a much dearer model',
  ],
};

/** Nobody knows what is normal for a new key; this much in an hour is worth a look anywhere. */
const NEW_KEY_HOUR_USD = 50;
const NEW_KEY_BITS = 8;

export function keyBurnLines(profile: KeyProfile, isLearning: boolean): Line[] {
  if (!isLearning) return burnLines(profile.spend.burning(), 'The key');
  const hourUsd = profile.spend.lastHourUsd();
  if (hourUsd < NEW_KEY_HOUR_USD) return [];
  return [
    {
      family: 'spend',
      feature: 'burn-new-key',
      observed: `${money(hourUsd)} in the last hour`,
      normal: `a new key stays under ${money(NEW_KEY_HOUR_USD)} an hour`,
      bits: NEW_KEY_BITS,
      text: `The key is new and spent ${money(hourUsd)} in the last hour.`,
    },
  ];
}
