import type { Line, Papers } from '../detector.ts';
import type { Event } from '../event.ts';
import type { KeyFacts, KeyProfile } from '../profile.ts';
import { duration } from '../lib/words.ts';

export const leakInUse: Papers = {
  id: 'leak-in-use',
  title: 'A key reported as leaked is in use',
  kind: 'leaked_key',
  families: ['leak'],
  how:
    'A scanner, a provider or a person reported the key as found in public. A call that ends after it was found, with a key that still works, is certain evidence when the ' +
    'reporter was sure. A report about an active key that has not been used since weighs 12 bits, an unsure one 8.',
  runbook:
    'Block the key, issue a new one to the owner, remove the old one from the place where it was found (history included), and look at what was done with it since.',
  knownFalsePositives: ['a report about an example key', 'an unsure report that matches a key by chance'],
};

const CERTAIN_BITS = 20;
const KNOWN_BITS = 12;
const UNSURE_BITS = 8;

/** True when a call shows that the key still opens the door, whatever became of the request. */
export function isAdmitted({ status, outcome }: Event): boolean {
  return (
    status === 'success' ||
    outcome === 'model_denied' ||
    outcome === 'rate_limited' ||
    outcome === 'bad_request'
  );
}

/** The report alone, when it arrives. `isInUse`: the key was used after it was found. */
export function leakLine({ leak }: KeyFacts, profile: KeyProfile, isInUse: boolean): Line | undefined {
  if (leak === undefined) return undefined;
  const where = leak.url === '' ? leak.source : `${leak.source} (${leak.url})`;
  const isCertain = isInUse && leak.isVerified;
  return {
    family: 'leak',
    feature: isInUse ? 'leak-in-use' : 'leak-reported',
    observed: `reported by ${where}${leak.isVerified ? '' : ', not verified'}`,
    normal: 'a key is known to its owner only',
    bits: isCertain ? CERTAIN_BITS : leak.isVerified ? KNOWN_BITS : UNSURE_BITS,
    text: isInUse
      ? `The key was reported as leaked by ${leak.source} and has been used since it was found.`
      : `The key was reported as leaked by ${leak.source}; its last use was ${duration(leak.foundAt - profile.lastAt)} before it was found.`,
  };
}
