import type { Line, Papers } from '../detector.ts';
import { isAccepted } from '../lib/accepted.ts';
import { bitsFor, clamp, noveltyRate } from '../lib/bits.ts';
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
import { count, countryName, duration, listed, money } from '../lib/words.ts';
import { groupOf } from '../profile.ts';
import type { KeyProfile, NetworkSeen, Party } from '../profile.ts';

export const newParty: Papers = {
  id: 'new-party',
  title: 'Somebody else seems to be using the key',
  kind: 'leaked_key',
  families: ['network', 'concurrency', 'client', 'model', 'hour', 'volume', 'probe', 'policy'],
  how:
    'Follows what is done from networks that are new to the key as one story, for as long as no day passes without a call: network and class of network, use beside the ' +
    'owner, program, models, refused requests, other keys and credentials from the same address, hours, spread over countries, number of calls. Each line weighs how much likelier ' +
    'it is with a thief than with this owner, whose habit of showing new things is learned. A network stays on probation for 14 days.',
  runbook:
    'Ask the owner about the program and the network. If they do not know them, block the key and issue a new one; look for the old ' +
    'one in repositories, logs and laptops. If it was theirs, resolve as ours: network and program are then accepted for this key.',
  knownFalsePositives: [
    'the owner moves to another machine with another program on the same day',
    'a service moves to another cloud while its old copy still runs',
    'a colleague borrows the key',
  ],
};

/** A network of a hoster, in the program the owner always uses: it may well be the owner behind a VPN, or a service on its
 *  way to another cloud. */
const SAME_CLIENT_NETWORK_BITS = 6.4;
/** A new model in the program the owner always uses is the owner's curiosity more often than not. */
const SAME_CLIENT_MODEL_BITS = 2.4;
const MAX_MODEL_BITS = 5;
const DEAR_FACTOR = 4;
const DEAR_BITS = 2;
const HOSTILE_BITS = 8;
const EGRESS_BITS = 4;
const OTHER_KEYS_BITS = 4;
/** A single odd call may be a test by a colleague. */
const MIN_CALLS = 3;
/** Thresholds from which a witness counts; the hour speaks only beside another one. */
const CLIENT_SPEAKS = 3;
const OTHERS_SPEAK = 2.5;

export interface PartyView {
  profile: KeyProfile;
  party: Party;
  networks: readonly DoubtfulNetwork[];
  isEgress: boolean;
  isHostile: boolean;
  ts: number;
}

export function newPartyLines(view: PartyView): Line[] {
  const { profile, party, networks, isEgress, isHostile } = view;
  const lines: Line[] = [];
  const isGeographyOnly = networks.some(({ evidence }) => evidence.isNewCountry);
  if (!isGeographyOnly) networkLines(lines, view);
  if (isEgress && !isMachine(profile)) addLine(lines, egressLine(networks));
  if (isHostile) addLine(lines, hostileLine(networks));
  if (isGeographyOnly && party.calls < MIN_CALLS) return lines;
  const clientBits = clientLine(lines, view);
  const modelBits = modelLine(lines, view);
  const probeBits = probeLine(lines, view);
  spreadLine(lines, view);
  volumeLine(lines, view);
  dormancyLine(lines, view);
  const together = Math.max(0, ...networks.map(({ evidence }) => evidence.concurrency));
  const others = Math.max(modelBits, probeBits, together);
  if (clientBits >= CLIENT_SPEAKS || others >= OTHERS_SPEAK) hourLine(lines, view);
  return lines;
}

function networkLines(lines: Line[], view: PartyView): void {
  const { networks } = view;
  const worst = worstOf(networks);
  if (worst === undefined) return;
  addLine(lines, {
    family: 'network',
    feature: worst.evidence.isNewSystem ? 'new-network' : 'new-prefix',
    bits: clamp(networkBits(worst), 0, mostNetworkBits(view, worst)),
    observed: `${describeNetwork(worst)}: ${describeClass(worst.class)}`,
    normal: worst.evidence.normal,
    text: `The key is used from ${describeNetwork(worst)}: ${describeClass(worst.class)} that is new to it.`,
  });
  const together = networks.filter(({ evidence }) => evidence.concurrency > 0);
  const [besides] = together;
  if (besides === undefined) return;
  addLine(lines, {
    family: 'concurrency',
    feature: 'concurrent-networks',
    bits: Math.max(...together.map(({ evidence }) => evidence.concurrency)),
    observed: `${describeNetwork(besides)} and ${besides.evidence.besides} within two hours`,
    normal: 'one network at a time',
    text: `The owner goes on using the key on ${besides.evidence.besides} meanwhile.`,
    // Whoever starts another machine at a hoster uses two networks at once; it is no evidence beside that of the network.
    ...(together.every((one) => groupOf(one.class) !== 'access') ? { isWeak: true } : {}),
  });
}

function mostNetworkBits({ profile, party }: PartyView, seen: NetworkSeen): number {
  const isMoveLikely = party.clients.length === 0 && groupOf(seen.class) !== 'access';
  if (isMoveLikely) return SAME_CLIENT_NETWORK_BITS;
  return isMachine(profile) ? Infinity : PERSON_NETWORK_BITS;
}

function egressLine(networks: readonly DoubtfulNetwork[]) {
  const path = Math.max(0, ...networks.map(({ evidence }) => evidence.path));
  return {
    family: 'network' as const,
    feature: 'known-egress',
    bits: -Math.min(EGRESS_BITS, path),
    observed: listed(networks.map(describeNetwork)),
    normal: 'keys of other teams have used it for days',
    text: 'Colleagues of other teams use the same network, which speaks for the owner.',
  };
}

function hostileLine(networks: readonly DoubtfulNetwork[]) {
  return {
    family: 'policy' as const,
    feature: 'called-an-attack',
    bits: HOSTILE_BITS,
    observed: listed(networks.map(describeNetwork)),
    normal: 'not used',
    text: 'A person has called the use from this network an attack before.',
  };
}

function clientLine(lines: Line[], { profile, party, ts }: PartyView): number {
  const unknown = party.clients.filter(({ name }) => !isAccepted(profile, `client:${name}`, ts));
  const bits = Math.max(0, ...unknown.map((one) => one.bits));
  addLine(lines, {
    family: 'client',
    feature: 'new-client',
    bits,
    observed: listed(unknown.map(({ name }) => name)),
    normal: listed(
      namesBut(
        profile.clients,
        unknown.map(({ name }) => name),
      ),
    ),
    text: `The calls are made by ${listed(unknown.map(({ name }) => name))}, a program this key was never used with.`,
  });
  return bits;
}

/** What the story itself has made a habit is not what is normal. */
function namesBut(known: readonly { name: string }[], unknown: readonly string[]): string[] {
  return known.map(({ name }) => name).filter((name) => !unknown.includes(name));
}

function modelLine(lines: Line[], { profile, party, ts }: PartyView): number {
  const unknown = party.models.filter((name) => !isAccepted(profile, `model:${name}`, ts));
  const times = priceFactor(profile, party);
  const isDear = times > DEAR_FACTOR && party.calls >= MIN_CALLS;
  const most = isDear || party.clients.length > 0 ? MAX_MODEL_BITS : SAME_CLIENT_MODEL_BITS;
  const bits = (unknown.length > 0 ? Math.min(most, party.modelBits) : 0) + (isDear ? DEAR_BITS : 0);
  const price = `${times.toFixed(0)} times the usual price`;
  const what =
    unknown.length > 0 ? `${listed(unknown)}, which this key never used` : 'dearer answers than ever';
  addLine(lines, {
    family: 'model',
    feature: 'new-model',
    bits,
    observed: unknown.length > 0 ? listed(unknown) : price,
    normal: listed(namesBut(profile.models, unknown)),
    text: isDear ? `It asks for ${what}, at ${price} of a token.` : `It asks for ${what}.`,
  });
  return bits;
}

/** What a token costs the party, as a multiple of what it usually costs the key; 0 when one is not known. */
function priceFactor({ pricedUsd, pricedTokens }: KeyProfile, { usd, tokens }: Party): number {
  if (pricedUsd === 0 || pricedTokens === 0 || tokens === 0) return 0;
  return usd / tokens / (pricedUsd / pricedTokens);
}

function probeLine(lines: Line[], { profile, party }: PartyView): number {
  // An owner who often asks for models in vain is not suspicious for doing so.
  const surprise = clamp(bitsFor(0.4, noveltyRate(profile.firsts.model, profile.sessions)) / 4, 0, 1);
  const tried = surprise * Math.max(0, party.mostHourModels - 2);
  const refused =
    surprise * (party.mostHourRefused >= 3 ? Math.min(2, Math.log2(party.mostHourRefused) / 2) : 0);
  const bits = Math.min(5, tried + refused + (party.otherKeys >= 3 ? OTHER_KEYS_BITS : 0));
  addLine(lines, {
    family: 'probe',
    feature: 'probing',
    bits: bits < 1 ? 0 : bits,
    observed: `${count(party.mostHourModels, 'new model')} and ${count(party.mostHourRefused, 'refused call')} in an hour, ${count(party.otherKeys, 'other credential')}`,
    normal: 'a key asks for models it is meant for',
    text: 'The caller tries out what the key can do.',
  });
  return bits;
}

/** Many countries in one story: a pool of other people's connections. A key that always roams is used to it. */
function spreadLine(lines: Line[], { profile, party }: PartyView): void {
  const countries = party.newCountries.length;
  const surprise = clamp(bitsFor(0.7, party.countryRate) / 5, 0, 1);
  addLine(lines, {
    family: 'network',
    feature: 'many-countries',
    bits: countries < 3 ? 0 : surprise * Math.min(8, 2 + 2 * (countries - 2)),
    observed: `${count(countries, 'new country', 'new countries')} on ${count(party.networkCount, 'network')} in ${duration(party.lastAt - party.startedAt)}`,
    normal: listed(profile.countries.map(({ name }) => countryName(name))),
    text: `Calls come from ${count(countries, 'country', 'countries')} new to the key at nearly the same time.`,
  });
}

function volumeLine(lines: Line[], { profile, party }: PartyView): void {
  const usual = Math.max(1, profile.calls / Math.max(1, profile.sessions));
  const ratio = party.mostHourCalls / usual;
  addLine(lines, {
    family: 'volume',
    feature: 'many-calls',
    bits: party.mostHourCalls < 30 ? 0 : clamp(Math.log2(ratio / 4), 0, 4),
    observed: `${count(party.mostHourCalls, 'call')} in an hour`,
    normal: `about ${usual.toFixed(0)} in an hour of use`,
    text: `${count(party.calls, 'call')} came from there so far, for ${money(party.usd)}.`,
  });
}

function dormancyLine(lines: Line[], { networks, profile, party }: PartyView): void {
  addLine(lines, {
    family: 'hour',
    feature: 'dormant-key',
    bits: Math.max(0, ...networks.map(({ evidence }) => evidence.dormancy)),
    observed: `used again since ${duration(profile.lastAt - party.startedAt)}`,
    normal: `never silent for more than ${duration(profile.longestGapMs)} before`,
    text: 'The key had been silent for longer than ever, and comes alive on a new network.',
  });
}

function hourLine(lines: Line[], { profile, party }: PartyView): void {
  const mean = party.sessions === 0 ? 0 : party.hourBits / party.sessions;
  const busiest = profile.hourSessions.indexOf(Math.max(...profile.hourSessions));
  addLine(lines, {
    family: 'hour',
    feature: 'unusual-hours',
    bits: party.sessions < 2 ? 0 : Math.max(0, mean),
    observed: `active in ${count(party.sessions, 'hour')} that are mostly quiet`,
    normal: `busiest around ${busiest}:00 UTC`,
    text: 'The calls come at hours at which the owner seldom works.',
  });
}
