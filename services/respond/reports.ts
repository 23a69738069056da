import type { Fact } from '../../detectors/detector.ts';
import type { Effect } from './desk/effects.ts';
import { leakedKeyRow } from './desk/rows.ts';

/** Leak reports and canaries are audited and kept; facts of our own are told elsewhere. `place`: where the fact stands. */
export function reportEffects(fact: Fact, at: number, place: string): Effect[] {
  if (fact.type !== 'leak' && fact.type !== 'canary') return [];
  const { type, keyId, ...detail } = fact;
  const action = type === 'leak' ? 'leak-reported' : 'canary-created';
  const actor = fact.type === 'leak' ? (fact.by ?? fact.source) : 'respond';
  const entry = {
    ts: at,
    actor,
    action,
    target: keyId,
    incidentId: '',
    detail: { ref: place, ...detail },
  };
  return [{ type: 'audit', entry }, leakedKeyRow(fact)];
}
