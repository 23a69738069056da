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
    'Each window has a ratio (20, 10, 5, 3) and least dollars on top of the usual (2, 1.5, 1.5, 1.5; more for a key that spends more, up to 5, 3 and 2 in the shorter ones). ' +
    'It must also stand out from the largest such windows of the last two weeks’ days: far beyond how much these differ among themselves, and in any case ' +
    'from 1.5 to 2 times the largest of them on, at 2.5 to 3 times always. ' +
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
