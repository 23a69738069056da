import type { Context, Line, Papers, Signal } from './detector.ts';
import type { Event } from './event.ts';
import { foreignCountry, foreignCountryLines } from './geography/foreign-country.ts';
import { newParty, newPartyLines } from './leaked-key/new-party.ts';
import { addNetwork, countOnNetwork, isSuspicious, learnRequest, learnSession, notePrefix } from './learn.ts';
import { isHostile, isNetworkAccepted } from './lib/accepted.ts';
import { sumBits } from './lib/bits.ts';
import type { Egress } from './lib/egress.ts';
import type { NewsDesk } from './lib/news-desk.ts';
import { hasEvidence, noveltyOf, sightingOf } from './lib/network-novelty.ts';
import type { NetworkSighting } from './lib/network-novelty.ts';
import { followParty, networksOf, noteOwnUse } from './lib/party.ts';
import type { Probers } from './lib/probers.ts';
import { isWorthTelling, keySignal } from './lib/signals.ts';
import type { Owner } from './lib/signals.ts';
import { groupOf } from './profile.ts';
import type { KeyProfile, NetworkSeen, Party } from './profile.ts';

/** Below this nothing is told, not even to the timeline. */
const LEAST_BITS = 4;

const NONE: readonly Signal[] = [];
const FLOOD_CALLS = 30;
const FLOOD_FACTOR = 3;
const FAMILIAR_SESSIONS = 8;

/** What the detectors of one core know beyond a single key. */
export interface Surroundings {
  egress: Egress;
  probers: Probers;
  news: NewsDesk;
  learningMs: number;
}

/** Who is calling, and from where? Judges an event, then lets the key learn from it. */
export function judgeCaller(
  profile: KeyProfile,
  event: Event,
  context: Context,
  around: Surroundings,
): readonly Signal[] {
  const { ts } = event;
  const learnedAt = profile.firstAt + around.learningMs;
  const isLearning = ts < learnedAt;
  const sighting = sightingOf(event, context);
  if (sighting === undefined) {
    learnRequest(profile, event, isLearning);
    return NONE;
  }
  const seen = networkAt(profile, event, context, { sighting, isLearning, learnedAt });
  notePrefix(profile, seen, sighting.network.prefix, ts);
  const isNewSession = countOnNetwork(profile, seen, ts);
  const isDoubtful = isOnProbation(profile, seen, ts);
  const signals = isDoubtful ? judgeParty({ profile, event, seen, isNewSession }, around) : NONE;
  if (!isDoubtful) noteOwnUse(profile, seen, ts);
  if (!isDoubtful || !isSuspicious(profile, ts)) {
    if (isDoubtful || !isSideline(seen)) learnRequest(profile, event, isLearning);
    if (isNewSession) learnHour(profile, seen, ts, around);
  }
  seen.lastAt = Math.max(seen.lastAt, ts);
  if (!isDoubtful) notePlace(profile, seen, event, context);
  return signals;
}

function learnHour(profile: KeyProfile, seen: NetworkSeen, ts: number, { news }: Surroundings): void {
  learnSession(profile, seen, ts);
  news.noteUse(seen.asn, profile, ts);
}

interface Meeting {
  sighting: NetworkSighting;
  isLearning: boolean;
  learnedAt: number;
}

/** The network as the key knows it; met now if it never was before. */
function networkAt(profile: KeyProfile, event: Event, context: Context, meeting: Meeting): NetworkSeen {
  const { sighting, isLearning, learnedAt } = meeting;
  for (const one of profile.networks) if (one.id === sighting.id) return one;
  const isFamiliar = !isLearning || isHalfLearned(profile, event.ts, learnedAt);
  const evidence = isFamiliar ? noveltyOf(profile, event, context, sighting) : undefined;
  return addNetwork(profile, sighting, event.ts, { evidence, isLearning, learnedAt });
}

/** In the second half of the learning time a key that was used enough has habits to compare with. */
function isHalfLearned(profile: KeyProfile, ts: number, learnedAt: number): boolean {
  return profile.sessions >= FAMILIAR_SESSIONS && ts - profile.firstAt > learnedAt - ts;
}

function isOnProbation(profile: KeyProfile, seen: NetworkSeen, ts: number): boolean {
  if (seen.evidence === undefined || isNetworkAccepted(profile, seen, ts)) return false;
  return ts < seen.trustedAt || isHostile(profile, seen) || isFlood(profile, seen);
}

/** A network that was doubtful once and is not where the key mostly works: programs and models seen only there are not the
 *  key's, or a patient thief would make them so. */
function isSideline({ evidence, share }: NetworkSeen): boolean {
  return evidence !== undefined && share < 0.5;
}

/** A network that was doubtful once vouches for about as much as it has been used for: a trickle must not buy trust for a
 *  flood. */
function isFlood({ callsToday }: KeyProfile, seen: NetworkSeen): boolean {
  return seen.callsToday >= FLOOD_CALLS && seen.callsToday > FLOOD_FACTOR * seen.share * callsToday;
}

function notePlace(profile: KeyProfile, seen: NetworkSeen, event: Event, { place }: Context): void {
  if (
    place === undefined ||
    groupOf(seen.class) !== 'access' ||
    seen.settledAt !== event.ts ||
    seen.class === 'mobile'
  )
    return;
  if (profile.lastPlace !== undefined && profile.lastPlace.ts > event.ts) return;
  const { country, latitude, longitude, radiusKm } = place;
  profile.lastPlace = { country, latitude, longitude, radiusKm, ts: event.ts };
}

interface Sighted {
  profile: KeyProfile;
  event: Event;
  seen: NetworkSeen;
  isNewSession: boolean;
}

function judgeParty(
  { profile, event, seen, isNewSession }: Sighted,
  around: Surroundings,
): readonly Signal[] {
  const { ts } = event;
  const { egress } = around;
  const learnedAt = profile.firstAt + around.learningMs;
  const isChanged = followParty(profile, event, seen, isNewSession);
  const { party } = profile;
  if (party === undefined || !isChanged) return [];
  noteOthers(party, event, seen, around);
  const networks = networksOf(profile, party).filter(hasEvidence);
  const geography = foreignCountryLines(profile, party, networks);
  const isEgress = networks.some(
    (one) => groupOf(one.class) === 'access' && egress.isLearned(one.asn, profile.keyId, ts),
  );
  const isAnyHostile = networks.some((one) => isHostile(profile, one));
  const behaviour = newPartyLines({ profile, party, networks, isEgress, isHostile: isAnyHostile, ts });
  const all = [...geography, ...behaviour];
  party.bits = sumBits(all);
  if (party.bits < LEAST_BITS || !isWorthTelling(party, all, { ts, owner: event })) return [];
  return [
    ...tell(profile, party, { papers: foreignCountry, lines: geography, learnedAt, owner: event }),
    ...tell(profile, party, { papers: newParty, lines: behaviour, learnedAt, owner: event }),
  ];
}

/** Other credentials that the same caller tries. Servers that move to another place of a hoster do so together, and behind
 *  one address; so keys that are known count only for a caller who brings a program or a model of their own. */
function noteOthers(party: Party, event: Event, seen: NetworkSeen, { probers, news }: Surroundings): void {
  const { ip, ipTrust, keyId, ts } = event;
  const isForeign = party.clients.length > 0 || party.models.length > 0;
  // Neighbours share the address of an access network; and whoever can forge one could bring others under suspicion.
  const counts = isForeign && ipTrust === 'direct' && groupOf(seen.class) !== 'access';
  if (counts) news.noteStranger(event);
  const known = counts ? probers.usedBeside(ip, keyId, ts) : 0;
  party.otherKeys = Math.max(party.otherKeys, probers.tried(ip, ts) + known);
}

interface Said {
  papers: Papers;
  lines: readonly Line[];
  learnedAt: number;
  owner: Owner;
}

function tell(profile: KeyProfile, party: Party, { papers, lines, learnedAt, owner }: Said): Signal[] {
  if (lines.length === 0 && !party.tellers.includes(papers.id)) return [];
  if (!party.tellers.includes(papers.id)) party.tellers.push(papers.id);
  const weakened = party.isLowTrust ? lines.map(weaken) : lines;
  return [
    keySignal(owner, {
      papers,
      dedupKey: `party:${party.storyAt}`,
      ts: party.lastAt,
      lines: weakened,
      isLearning: party.lastAt < learnedAt,
      indicators: indicatorsOf(profile, party),
      firstEventAt: party.startedAt,
      events: party.calls,
      usdLost: party.usd,
      usdPerHour: party.hourUsd,
    }),
  ];
}

/** An address that may be forged supports a suspicion, and never carries one. */
function weaken(line: Line): Line {
  return line.family === 'network' || line.family === 'concurrency' ? { ...line, isWeak: true } : line;
}

function indicatorsOf(profile: KeyProfile, party: Party): string[] {
  const networks = networksOf(profile, party);
  const unique = (texts: string[]) => [...new Set(texts)];
  return [
    ...party.ips.map((ip) => `ip:${ip}`),
    ...unique(networks.map(({ asn }) => `asn:${asn}`)),
    ...unique(networks.map(({ id }) => `network:${id}`)),
    ...party.newCountries.map((country) => `country:${country}`),
    ...party.clients.map(({ name }) => `client:${name}`),
    ...party.models.map((name) => `model:${name}`),
  ];
}
