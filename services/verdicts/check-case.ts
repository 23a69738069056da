import { SEVERITIES } from '../incidents/incident.ts';
import { showAgain, showCase } from './show-case.ts';
import type { Shown, VerdictCase } from './verdict-case.ts';

export interface CheckedCase {
  /** `unshown`: its events alone did not lead to it when the case was made either, so nothing can be compared. */
  state: 'passed' | 'failed' | 'unshown';
  expected: string;
  result: string;
}

/** What people said about a case against what this version makes of it: an attack must still be told; what was theirs
 *  must not be told again at the level it was. */
export async function checkCase(one: VerdictCase): Promise<CheckedCase> {
  if (one.shown.severity === null) {
    const result = 'other keys or facts had a part in it: these events alone never showed it';
    return { state: 'unshown', expected: expectedOf(one), result };
  }
  if (one.verdict === 'attack') return checkAttack(one, await showCase(one));
  const again = await showAgain({ ...one, verdict: one.verdict });
  const isQuieter = again.severity === null || rank(again.severity) < rank(one.shown.severity);
  return { state: isQuieter ? 'passed' : 'failed', expected: expectedOf(one), result: tell(again) };
}

function checkAttack(one: VerdictCase, now: Shown): CheckedCase {
  const isBlockLost = one.shown.wouldBlock && !now.wouldBlock && now.severity !== null;
  const note = isBlockLost ? '; it would have been blocked when the case was made' : '';
  const state = now.severity === null ? 'failed' : 'passed';
  return { state, expected: expectedOf(one), result: `${tell(now)}${note}` };
}

function expectedOf({ verdict, shown, severity }: VerdictCase): string {
  if (verdict === 'attack') return 'people are told';
  return `people are not told again at ${shown.severity ?? severity}`;
}

function tell({ severity, wouldBlock, detectors }: Shown): string {
  if (severity === null) return 'nothing is told';
  return `told at ${severity} by ${detectors.join(', ')}${wouldBlock ? ', would be blocked' : ''}`;
}

function rank(severity: (typeof SEVERITIES)[number]): number {
  return SEVERITIES.indexOf(severity);
}
