import { duration } from '../lib/words.ts';
import type { Line, Papers } from '../detector.ts';
import type { Event } from '../event.ts';
import type { KeyFacts } from '../profile.ts';

export const usedAfterRevocation: Papers = {
  id: 'used-after-revocation',
  title: 'A blocked key still works',
  kind: 'leaked_key',
  families: ['leak'],
  how: 'The key was taken out of service, and a call that began more than 90 seconds later succeeded all the same. Refusals of a blocked key are our own doing and are never evidence.',
  runbook:
    'The block has no effect at a gateway: look for a second gateway instance, a cache that keeps keys for longer, or a person who unblocked the key. Block it again there.',
  knownFalsePositives: [
    'somebody unblocked the key at the gateway itself',
    'clocks of gateway and gatewatch differ by minutes',
  ],
};

const BITS = 20;
/** Gateways keep keys in a cache for about a minute. */
const SETTLES_MS = 90_000;

export function isAfterRevocation(facts: KeyFacts, event: Event): boolean {
  return (
    facts.revokedAt > 0 &&
    event.status === 'success' &&
    event.ts - event.durationMs > facts.revokedAt + SETTLES_MS
  );
}

export function afterRevocationLine(facts: KeyFacts, event: Event): Line {
  const later = duration(event.ts - event.durationMs - facts.revokedAt);
  return {
    family: 'leak',
    feature: 'used-after-revocation',
    observed: `a successful call ${later} after the block`,
    normal: 'a blocked key is refused',
    bits: BITS,
    text: `The key was blocked, but a call that began ${later} later succeeded. The block does not work everywhere.`,
  };
}
