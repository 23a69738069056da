import type { Line, Papers } from '../detector.ts';
import { clamp } from '../lib/bits.ts';
import { addLine } from '../lib/lines.ts';
import {
  describeClass,
  describeNetwork,
  isMachine,
  networkBits,
  PERSON_NETWORK_BITS,
  worstOf,
} from '../lib/network-novelty.ts';
import type { DoubtfulNetwork } from '../lib/network-novelty.ts';
import { countryName, listed } from '../lib/words.ts';
import type { KeyProfile, Party } from '../profile.ts';

export const foreignCountry: Papers = {
  id: 'foreign-country',
  title: 'Key used from a country it was never used in',
  kind: 'geo',
  families: ['network', 'concurrency'],
  how:
    'Compares the country and the network of each caller with those the key has used. How much a new country weighs depends on ' +
    'how often this key shows new ones. It weighs more when a server key appears on an access network, and when the owner is active ' +
    'elsewhere at the same time. Addresses of clouds, relays and VPNs say nothing about a place. Speed of travel adds at most two bits.',
  runbook:
    'Ask the owner whether they, or a colleague, are in that country. If nobody is, block the key and issue a new one. If it is a trip, ' +
    'resolve as planned: the country is then accepted for this key.',
  knownFalsePositives: [
    'the owner travels while a program at home goes on using the key',
    'the place database has the wrong country for an address (about one in twenty)',
    'a key shared with a colleague abroad',
  ],
};

export function foreignCountryLines(
  profile: KeyProfile,
  party: Party,
  networks: readonly DoubtfulNetwork[],
): Line[] {
  const foreign = networks.filter(({ evidence }) => evidence.isNewCountry);
  const worst = worstOf(foreign);
  if (worst === undefined) return [];
  const where = listed([...new Set(foreign.map(({ country }) => countryName(country)))]);
  const lines: Line[] = [];
  addLine(lines, {
    family: 'network',
    feature: 'new-country',
    bits: clamp(networkBits(worst), 0, isMachine(profile) ? Infinity : PERSON_NETWORK_BITS),
    observed: `${describeNetwork(worst)}: ${describeClass(worst.class)}`,
    normal: worst.evidence.normal,
    text: `The key is used from ${where}, where it was never used before.`,
  });
  const concurrency = Math.max(...foreign.map(({ evidence }) => evidence.concurrency));
  const besides = foreign.find(({ evidence }) => evidence.besides !== '')?.evidence.besides ?? '';
  addLine(lines, {
    family: 'concurrency',
    feature: 'two-countries-at-once',
    bits: concurrency,
    observed: `${describeNetwork(worst)} and ${besides} within two hours`,
    normal: 'one network at a time',
    text: `The owner is active at the same time on ${besides}, so this is not a move.`,
  });
  addLine(lines, {
    family: 'network',
    feature: 'travel',
    bits: Math.max(...foreign.map(({ evidence }) => evidence.travel)),
    observed: `${where} soon after ${profile.lastPlace === undefined ? 'home' : countryName(profile.lastPlace.country)}`,
    normal: 'at most 1,000 km in an hour',
    text: 'Nobody could have travelled between the two places in that time.',
  });
  return lines;
}
