import type { Line, Papers } from '../detector.ts';
import type { Event } from '../event.ts';
import type { KeyFacts } from '../profile.ts';

export const canaryUsed: Papers = {
  id: 'canary-used',
  title: 'A canary key was used',
  kind: 'leaked_key',
  families: ['leak'],
  how: 'A canary is a real key without rights, planted where only a thief or a scanner finds it. Any call or refusal with it is certain evidence.',
  runbook:
    'The place where the canary was planted has been read by somebody who tries keys. Treat every other credential in that place as stolen: ' +
    'issue new ones, then find out who had access.',
  knownFalsePositives: ['a test of the canary itself', 'a scanner of your own that verifies what it finds'],
};

const CANARY_BITS = 20;

export function canaryLine(facts: KeyFacts, event: Event): Line | undefined {
  const { canary } = facts;
  if (canary === undefined) return undefined;
  return {
    family: 'leak',
    feature: 'canary-used',
    observed: `${event.client || 'an unknown program'} from ${event.ip || 'an unknown address'}: ${event.outcome}`,
    normal: 'nobody uses this key',
    bits: CANARY_BITS,
    text: `The canary planted in ${canary.place} was tried. Whoever did it has read that place.`,
  };
}
