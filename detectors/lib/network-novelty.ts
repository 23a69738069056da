import type { Context, Network, NetworkClass } from '../detector.ts';
import type { Event } from '../event.ts';
import { CLASS_GROUPS, groupOf } from '../profile.ts';
import type { ClassGroup, KeyProfile, NetworkEvidence, NetworkSeen } from '../profile.ts';
import { bitsFor, clamp, noveltyRate } from './bits.ts';
import { sureDistanceKm } from './distance.ts';
import { findSeen } from './seen.ts';
import { count, countryName, duration } from './words.ts';

/** Networks active within this time of each other are in use together. */
export const TOGETHER_MS = 2 * 3_600_000;
const DAY_MS = 86_400_000;

/** How thieves come to a key: mostly from a country, else a network, else a prefix it never used. */
const THIEF_NEW_COUNTRY = 0.7;
const THIEF_NEW_SYSTEM = 0.24;
const THIEF_NEW_PREFIX = 0.048;
const MAX_PATH_BITS = 14;
const THIEF_TOGETHER = 0.7;
const THIEF_CLASSES: Readonly<Record<ClassGroup, number>> = { access: 0.35, hosting: 0.55, anonymous: 0.1 };
/** Sessions' worth of belief that a key's classes are as everybody's. */
const CLASS_PRIOR: Readonly<Record<ClassGroup, number>> = { access: 1, hosting: 0.8, anonymous: 0.2 };

/** A service that moves to another cloud runs in both for a while; an owner behind a VPN takes turns with themselves, a few
 *  times a day. So at hosters two networks at once say little by themselves. */
export const SWITCHING_BITS = 1.5;

const MIN_TRAVEL_KM = 500;
const MAX_SPEED_KMH = 1_000;
/** Speed is a supporting line only: place databases err by countries. */
const TRAVEL_BITS = 2;

const DORMANT_MS = 7 * DAY_MS;

export interface NetworkSighting {
  id: string;
  network: Network;
  country: string;
}

/** Which network of a key this is. Where the address does not say where the caller is, the place is unknown; private
 *  addresses and addresses nobody vouches for are no evidence at all. */
export function sightingOf(event: Event, { place, network }: Context): NetworkSighting | undefined {
  if (network === undefined || event.ipTrust === 'none' || network.class === 'reserved') return undefined;
  const country = place?.country ?? '';
  const isShared = groupOf(network.class) !== 'access';
  return { id: isShared ? network.prefix : `${network.asn}/${country}`, network, country };
}

/** Server and build keys sit at hosters and do not travel. */
export function isMachine({ classSessions }: KeyProfile): boolean {
  const { access, hosting, anonymous } = classSessions;
  return hosting > 0.8 * (access + hosting + anonymous);
}

/** When one of the key's own networks was last in use where its owner is; 0 when it does not say. Phones take their
 *  home network abroad, so a person is at home only on a fixed line, in a range known for a day. */
export function lastAtHome(profile: KeyProfile, seen: NetworkSeen, ts: number): number {
  if (seen.trustedAt > ts) return 0;
  if (isMachine(profile)) return seen.lastAt;
  return groupOf(seen.class) === 'access' && seen.class !== 'mobile' ? seen.settledAt : 0;
}

function pathBits(profile: KeyProfile, isNewCountry: boolean, isNewSystem: boolean): number {
  const { firsts, sessions } = profile;
  const newCountry = noveltyRate(firsts.country, sessions);
  const newSystem = noveltyRate(firsts.asn, sessions);
  if (isNewCountry) return bitsFor(THIEF_NEW_COUNTRY, newCountry);
  if (isNewSystem) return bitsFor(THIEF_NEW_SYSTEM, (1 - newCountry) * newSystem);
  const newPrefix = noveltyRate(firsts.prefix, sessions);
  return bitsFor(THIEF_NEW_PREFIX, (1 - newCountry) * (1 - newSystem) * newPrefix);
}

function classBits(profile: KeyProfile, network: Network): number {
  const group = groupOf(network.class);
  let all = 2;
  for (const name of CLASS_GROUPS) all += profile.classSessions[name];
  const own = (profile.classSessions[group] + CLASS_PRIOR[group]) / all;
  const bits = clamp(bitsFor(THIEF_CLASSES[group], own), -2, 4);
  return network.class === 'tor' ? Math.max(bits, 4) : bits;
}

/** Weight of "used together with a network of its own", for this key. */
export function togetherBits(profile: KeyProfile): number {
  return clamp(bitsFor(THIEF_TOGETHER, noveltyRate(profile.multiSessions, profile.sessions)), -1.5, 5);
}

function travelBits(profile: KeyProfile, event: Event, { place }: Context): number {
  const last = profile.lastPlace;
  if (last === undefined || place === undefined || isMachine(profile) || last.country === place.country)
    return 0;
  // Where several people use a key at the same time, nobody travels.
  if (togetherBits(profile) <= 0) return 0;
  const km = sureDistanceKm(last, place);
  const hours = Math.abs(event.ts - last.ts) / 3_600_000;
  return km > MIN_TRAVEL_KM && km > MAX_SPEED_KMH * hours ? TRAVEL_BITS : 0;
}

/** A key that was silent much longer than ever before. */
function dormancyBits(profile: KeyProfile, ts: number): number {
  const gapMs = ts - profile.lastAt;
  const usualMs = Math.max(DAY_MS, profile.longestGapMs);
  return gapMs < DORMANT_MS ? 0 : clamp(Math.log2(gapMs / usualMs), 0, 4);
}

/** The network of its own that was in use within two hours before, if that says anything. A machine does not move. A
 *  person does; but a minute after being at home nobody is abroad. */
function usedBesides(profile: KeyProfile, ts: number, isNewCountry: boolean): NetworkSeen | undefined {
  if (!isMachine(profile) && !isNewCountry) return undefined;
  return profile.networks.find((one) => Math.abs(ts - lastAtHome(profile, one, ts)) < TOGETHER_MS);
}

/** A network with something against it since its first sight. */
export type DoubtfulNetwork = NetworkSeen & { evidence: NetworkEvidence };

export function hasEvidence(seen: NetworkSeen): seen is DoubtfulNetwork {
  return seen.evidence !== undefined;
}

/** What speaks against the network by itself, whatever is done from it. */
export function networkBits({ evidence }: DoubtfulNetwork): number {
  return evidence.path + evidence.networkClass;
}

/** All that spoke against it at its first sight. */
export function doubtBits(evidence: NetworkEvidence | undefined): number {
  if (evidence === undefined) return 0;
  return evidence.path + evidence.networkClass + evidence.concurrency + evidence.travel;
}

export function worstOf(networks: readonly DoubtfulNetwork[]): DoubtfulNetwork | undefined {
  const [first, ...others] = networks;
  return first && others.reduce((a, b) => (networkBits(b) > networkBits(a) ? b : a), first);
}

/** A person may travel or change networks: that alone stays under the level at which somebody is told. */
export const PERSON_NETWORK_BITS = 7.5;

/** What speaks against a network at its first sight. */
export function noveltyOf(
  profile: KeyProfile,
  event: Event,
  context: Context,
  { network, country }: NetworkSighting,
): NetworkEvidence {
  const isPlaced = groupOf(network.class) === 'access' && country !== '';
  const isNewCountry = isPlaced && findSeen(profile.countries, country) === undefined;
  const isNewSystem = findSeen(profile.asns, String(network.asn)) === undefined;
  const besides = usedBesides(profile, event.ts, isNewCountry);
  const trust = event.ipTrust === 'low' ? 0.5 : 1;
  const most = groupOf(network.class) === 'access' ? Infinity : SWITCHING_BITS;
  return {
    isNewCountry,
    isNewSystem,
    path: trust * clamp(pathBits(profile, isNewCountry, isNewSystem), 0, MAX_PATH_BITS),
    networkClass: trust * classBits(profile, network),
    concurrency: besides === undefined ? 0 : trust * clamp(togetherBits(profile), 0, most),
    travel: isNewCountry ? trust * travelBits(profile, event, context) : 0,
    dormancy: dormancyBits(profile, event.ts),
    normal: usualNetworks(profile, event.ts),
    besides: besides === undefined ? '' : describeNetwork(besides),
  };
}

const CLASS_WORDS: Readonly<Record<NetworkClass, string>> = {
  isp: 'an access network',
  mobile: 'a mobile network',
  hosting: 'a data centre',
  cdn: 'a content network',
  relay: 'a relay',
  vpn: 'a VPN',
  tor: 'the Tor network',
  education: 'a network for education',
  enterprise: 'a company network',
  reserved: 'a private network',
  unknown: 'a network of unknown kind',
};

export function describeClass(networkClass: NetworkClass): string {
  return CLASS_WORDS[networkClass];
}

export function describeNetwork(one: { organisation: string; asn: number; country: string }): string {
  const name = one.organisation === '' ? `network ${one.asn}` : one.organisation;
  return one.country === '' ? name : `${name}, ${countryName(one.country)}`;
}

function usualNetworks(profile: KeyProfile, ts: number): string {
  const age = duration(ts - profile.firstAt);
  const countries = profile.countries.slice(0, 3).map(({ name }) => countryName(name));
  const where = countries.length === 0 ? '' : ` in ${countries.join(', ')}`;
  return `${count(profile.asns.length, 'network operator')}${where} in ${age}`;
}
