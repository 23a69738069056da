import type { Line, Papers } from '../detector.ts';
import type { Volume } from '../lib/volume-series.ts';

export const retryStorm: Papers = {
  id: 'retry-storm',
  title: 'Key makes far more calls than it ever did',
  kind: 'spend',
  families: ['spend'],
  how:
    'Counts the calls of the last hour, refused and failed ones too. It speaks from 60 calls on that are 20 times the usual hour and 4 times the largest ' +
    'hour of the last two weeks; where most calls fail, from 30 failures on in 4 times the usual and 3 times the largest hour. Unless twice as many as usual succeed besides, that is an outage, and it keeps quiet.',
  runbook:
    'Look at the outcomes of the last hour. Stop the program that repeats its calls, or lower the rate limit of the key; if the calls are wanted, resolve as ours.',
  knownFalsePositives: ['an outage of a provider, during which programs repeat', 'a first large job'],
};

/** One call a minute: below this it may be a person. */
const LEAST_CALLS = 60;
const USUAL_TIMES = 20;
const PEAK_TIMES = 4;
/** Programs repeat a failed call two or three times by themselves, which an outage of a provider shows in every key: four
 *  times the usual is beyond it. */
const LEAST_FAILURES = 30;
const FAILING_USUAL_TIMES = 4;
const FAILING_PEAK_TIMES = 3;
/** During an outage fewer calls succeed than usual and nothing is spent, which others watch; in a storm more do. */
const SUCCESS_USUAL_TIMES = 2;
const BITS = 8;
const MOST_BITS = 12;

export const LEAST_HOUR_CALLS = Math.min(LEAST_CALLS, LEAST_FAILURES);

export function retryStormLines({ all, part, usual, peak }: Volume): Line[] {
  const isFailing = part >= LEAST_FAILURES && part > all / 2;
  const limit = isFailing
    ? Math.max(LEAST_FAILURES, FAILING_USUAL_TIMES * usual, FAILING_PEAK_TIMES * peak)
    : Math.max(LEAST_CALLS, USUAL_TIMES * usual, PEAK_TIMES * peak);
  if (usual === 0 || all < limit) return [];
  if (isFailing && all - part < SUCCESS_USUAL_TIMES * usual) return [];
  const failed = isFailing ? `, ${part} of them failed` : '';
  return [
    {
      family: 'spend',
      feature: 'call-flood',
      observed: `${all} calls in the last hour${failed}`,
      normal: `${usual.toFixed(0)} in an hour of use, ${peak} at most in two weeks`,
      bits: Math.min(MOST_BITS, BITS + Math.round(20 * Math.log2(all / limit)) / 10),
      text: `The key made ${all} calls in the last hour${failed}; usual is ${usual.toFixed(0)}.`,
    },
  ];
}
