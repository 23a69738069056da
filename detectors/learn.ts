import type { Event } from './event.ts';
import { TOGETHER_MS, doubtBits } from './lib/network-novelty.ts';
import type { NetworkSighting } from './lib/network-novelty.ts';
import { noteSeen } from './lib/seen.ts';
import { CLASS_GROUPS, groupOf } from './profile.ts';
import type { KeyProfile, NetworkEvidence, NetworkSeen } from './profile.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** A new network vouches for nothing before this time has passed; less of it where little spoke against it. */
const PROBATION_MS = 14 * DAY_MS;
const SHORT_PROBATION_MS = 3 * DAY_MS;
const LITTLE_DOUBT_BITS = 4;
/** Each session takes this much off the weight of all before it. */
const DECAY = 0.998;
/** While a key is new everything about it is; such firsts say little about its habits. */
const LEARNING_FIRST = 0.5;
const MAX_NETWORKS = 32;
const MAX_SYSTEMS = 32;
const MAX_PREFIXES = 6;
const MAX_COUNTRIES = 16;
const MAX_CLIENTS = 16;
const MAX_MODELS = 24;
const SHARE_MEMORY = 0.1;

/** From here on nothing of what an unknown party does becomes a habit of the key. */
const SUSPICIOUS_BITS = 6;

export function isSuspicious({ party }: KeyProfile, ts: number): boolean {
  return party !== undefined && party.bits >= SUSPICIOUS_BITS && ts - party.lastAt < DAY_MS;
}

export interface Learning {
  isLearning: boolean;
  learnedAt: number;
}

/** Adds a network at its first sight and counts what is new about it. */
export function addNetwork(
  profile: KeyProfile,
  sighting: NetworkSighting,
  ts: number,
  { evidence, isLearning, learnedAt }: Learning & { evidence: NetworkEvidence | undefined },
): NetworkSeen {
  const { id, network, country } = sighting;
  // What a suspicious party shows is not the owner's habit.
  if (evidence === undefined || !isSuspicious(profile, ts)) countFirsts(profile, sighting, isLearning);
  const seen: NetworkSeen = {
    id,
    asn: network.asn,
    organisation: network.organisation,
    class: network.class,
    country,
    firstAt: ts,
    lastAt: ts,
    prefixes: [],
    settledAt: 0,
    sessionHour: 0,
    sessions: 0,
    calls: 0,
    trustedAt: Math.max(learnedAt, evidence === undefined ? 0 : ts + probationMs(evidence)),
    share: 0,
    day: 0,
    callsToday: 0,
    evidence,
  };
  if (profile.networks.length >= MAX_NETWORKS) dropOne(profile, ts);
  profile.networks.push(seen);
  return seen;
}

function probationMs(evidence: NetworkEvidence): number {
  return doubtBits(evidence) < LITTLE_DOUBT_BITS ? SHORT_PROBATION_MS : PROBATION_MS;
}

function countFirsts(profile: KeyProfile, { network, country }: NetworkSighting, isLearning: boolean): void {
  // The first network of all is not a habit of showing new ones.
  if (profile.networks.length === 0) return;
  const weight = isLearning ? LEARNING_FIRST : 1;
  const isPlaced = groupOf(network.class) === 'access' && country !== '';
  const { firsts, networks } = profile;
  if (isPlaced && !networks.some((one) => one.country === country)) firsts.country += weight;
  else if (!networks.some((one) => one.asn === network.asn)) firsts.asn += weight;
  else firsts.prefix += weight;
}

/** The one not seen for longest; one on probation goes before one that is trusted, so that many new networks cannot push
 *  out what the key is known by. */
function dropOne(profile: KeyProfile, ts: number): void {
  const { networks } = profile;
  let worst = 0;
  const rank = (one: NetworkSeen) => (one.trustedAt <= ts ? 90 * DAY_MS : 0) + one.lastAt;
  for (let at = 1; at < networks.length; at += 1) {
    const [one, other] = [networks[at], networks[worst]];
    if (one !== undefined && other !== undefined && rank(one) < rank(other)) worst = at;
  }
  networks.splice(worst, 1);
}

/** Counts a call on a network; true at the first call of an hour. */
export function countOnNetwork(profile: KeyProfile, seen: NetworkSeen, ts: number): boolean {
  const day = Math.floor(ts / DAY_MS);
  if (day > profile.day) closeDay(profile, day);
  seen.calls += 1;
  if (day === profile.day) {
    seen.callsToday += 1;
    profile.callsToday += 1;
  }
  const hour = Math.floor(ts / HOUR_MS);
  if (hour <= seen.sessionHour) return false;
  seen.sessionHour = hour;
  seen.sessions += 1;
  return true;
}

/** Notes from which of its ranges a network is used, and whether that range has been in use for a day; a day before the
 *  story began, while one runs. */
export function notePrefix(profile: KeyProfile, seen: NetworkSeen, prefix: string, ts: number): void {
  const known = seen.prefixes.find((one) => one.prefix === prefix);
  if (known === undefined) {
    if (seen.prefixes.length >= MAX_PREFIXES) seen.prefixes.shift();
    seen.prefixes.push({ prefix, firstAt: ts });
    return;
  }
  const { party } = profile;
  const from = party !== undefined && ts - party.lastAt < DAY_MS ? party.startedAt : ts;
  if (from - known.firstAt > DAY_MS && ts > seen.settledAt) seen.settledAt = ts;
}

function closeDay(profile: KeyProfile, day: number): void {
  if (profile.callsToday > 0) {
    for (const seen of profile.networks) {
      const share = seen.callsToday / profile.callsToday;
      const isFirstDay = seen.day === 0;
      seen.share = isFirstDay ? share : seen.share + SHARE_MEMORY * (share - seen.share);
      seen.day = day;
      seen.callsToday = 0;
    }
  }
  profile.day = day;
  profile.callsToday = 0;
}

/** An hour of use of one of the key's networks becomes part of its habits. */
export function learnSession(profile: KeyProfile, seen: NetworkSeen, ts: number): void {
  const { firsts, classSessions, hourSessions } = profile;
  profile.sessions = profile.sessions * DECAY + 1;
  profile.multiSessions *= DECAY;
  firsts.country *= DECAY;
  firsts.asn *= DECAY;
  firsts.prefix *= DECAY;
  firsts.client *= DECAY;
  firsts.model *= DECAY;
  for (const group of CLASS_GROUPS) classSessions[group] *= DECAY;
  for (let hour = 0; hour < 24; hour += 1) hourSessions[hour] = (hourSessions[hour] ?? 0) * DECAY;
  const isTogether = profile.networks.some((one) => one !== seen && Math.abs(ts - one.lastAt) < TOGETHER_MS);
  if (isTogether) profile.multiSessions += 1;
  classSessions[groupOf(seen.class)] += 1;
  const hour = Math.floor(ts / HOUR_MS) % 24;
  hourSessions[hour] = (hourSessions[hour] ?? 0) + 1;
  noteSeen(profile.asns, String(seen.asn), ts, MAX_SYSTEMS);
  if (seen.country !== '' && groupOf(seen.class) === 'access')
    noteSeen(profile.countries, seen.country, ts, MAX_COUNTRIES);
}

/** Program, model and price of a call become part of the key's habits. */
export function learnRequest(profile: KeyProfile, event: Event, isLearning: boolean): void {
  const weight = isLearning ? LEARNING_FIRST : 1;
  const { client, model } = event;
  const isFirstCall = profile.clients.length === 0;
  if (client !== '' && noteSeen(profile.clients, client, event.ts, MAX_CLIENTS) && !isFirstCall)
    profile.firsts.client += weight;
  const isFirstModel = profile.models.length === 0;
  if (model !== '' && noteSeen(profile.models, model, event.ts, MAX_MODELS) && !isFirstModel)
    profile.firsts.model += weight;
  if (event.costUsd > 0) {
    profile.pricedUsd = profile.pricedUsd * DECAY + event.costUsd;
    profile.pricedTokens = profile.pricedTokens * DECAY + event.totalTokens;
  }
}
