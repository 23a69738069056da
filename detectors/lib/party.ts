import type { Event } from '../event.ts';
import { groupOf } from '../profile.ts';
import type { KeyProfile, NetworkSeen, Party } from '../profile.ts';
import { bitsFor, clamp, noveltyRate } from './bits.ts';
import {
  SWITCHING_BITS,
  TOGETHER_MS,
  doubtBits,
  isMachine,
  lastAtHome,
  togetherBits,
} from './network-novelty.ts';
import { findSeen } from './seen.ts';

const HOUR_MS = 3_600_000;
/** A story is over after a day without a call. */
const STORY_GAP_MS = 24 * HOUR_MS;
/** A key that is always on new networks would never end its story. */
const LONGEST_STORY_MS = 14 * 24 * HOUR_MS;
const MAX_NAMES = 12;
const THIEF_NEW_CLIENT = 0.5;
const THIEF_NEW_MODEL = 0.4;
const MAX_CLIENT_BITS = 6;
const MAX_MODEL_BITS = 5;
/** Doubts about a network that came back after a day, and nobody had complained, count half. */
const RETURN_FACTOR = 0.5;

function newParty(profile: KeyProfile, ts: number): Party {
  return {
    startedAt: ts,
    storyAt: ts,
    lastAt: ts,
    networks: [],
    networkCount: 0,
    newCountries: [],
    countryRate: noveltyRate(profile.firsts.country, profile.sessions),
    ips: [],
    clients: [],
    models: [],
    modelBits: 0,
    hourModels: [],
    mostHourModels: 0,
    hourRefused: 0,
    mostHourRefused: 0,
    otherKeys: 0,
    calls: 0,
    usd: 0,
    tokens: 0,
    hourBits: 0,
    sessions: 0,
    hour: 0,
    hourCalls: 0,
    mostHourCalls: 0,
    hourUsd: 0,
    ownAt: 0,
    turns: 0,
    turnsSince: 0,
    tellers: [],
    isLowTrust: false,
    bits: 0,
    told: [],
  };
}

/** How unusual an hour of the day is for the key; neighbours count a little, so that half past eight is near nine. */
function hourBits(profile: KeyProfile, ts: number): number {
  const hour = Math.floor(ts / HOUR_MS) % 24;
  const at = (index: number) => profile.hourSessions[(index + 24) % 24] ?? 0;
  let all = 0;
  for (const sessions of profile.hourSessions) all += sessions;
  const smoothed = 0.5 * at(hour) + 0.25 * (at(hour - 1) + at(hour + 1));
  return clamp(bitsFor(1 / 24, (smoothed + 0.25) / (all + 6)), -1, 3);
}

/** Adds a call from a network that is not the key's own yet to the story; true when that could change the score. */
export function followParty(
  profile: KeyProfile,
  event: Event,
  seen: NetworkSeen,
  isNewSession: boolean,
): boolean {
  const { ts } = event;
  const party = partyAt(profile, seen, ts);
  profile.party = party;
  openHour(party, ts);
  const isNewNetwork = noteNetwork(profile, party, seen);
  const isInterleaved = noteInterleaved(profile, party, seen, ts);
  const isNewRequest = noteRequest(profile, party, event);
  if (isNewSession) {
    party.hourBits += hourBits(profile, ts);
    party.sessions += 1;
  }
  countCall(party, event);
  return isNewSession || isNewNetwork || isInterleaved || isNewRequest || isMilestone(party.calls);
}

/** The story that goes on, or the next one. */
function partyAt(profile: KeyProfile, seen: NetworkSeen, ts: number): Party {
  const old = profile.party;
  if (old === undefined) return newParty(profile, ts);
  if (ts - old.lastAt <= STORY_GAP_MS && ts - old.startedAt <= LONGEST_STORY_MS) return old;
  halveDoubts(profile, old);
  const party = newParty(profile, ts);
  if (!old.networks.includes(seen.id)) return party;
  return { ...party, storyAt: old.storyAt, tellers: old.tellers };
}

function halveDoubts(profile: KeyProfile, party: Party): void {
  for (const seen of profile.networks) {
    if (seen.evidence === undefined || !party.networks.includes(seen.id)) continue;
    seen.evidence.path *= RETURN_FACTOR;
    seen.evidence.networkClass *= RETURN_FACTOR;
    seen.evidence.concurrency = 0;
    seen.evidence.travel = 0;
    seen.evidence.dormancy = 0;
  }
}

/** True when its doubts count from now on, or it is in one more country. */
function noteNetwork(profile: KeyProfile, party: Party, seen: NetworkSeen): boolean {
  if (party.networks.includes(seen.id)) return false;
  const isListed = makeRoom(profile, party, seen);
  if (isListed) party.networks.push(seen.id);
  if (isListed || seen.calls === 1) party.networkCount += 1;
  const { country, evidence } = seen;
  if (evidence?.isNewCountry !== true || country === '' || party.newCountries.includes(country))
    return isListed;
  party.newCountries.push(country);
  return true;
}

/** A key that is always on new networks fills its story with them: what says more against the caller takes the place of
 *  what says least, or a thief would hide behind them. */
function makeRoom(profile: KeyProfile, party: Party, seen: NetworkSeen): boolean {
  if (party.networks.length < MAX_NAMES) return true;
  const doubts = new Map(profile.networks.map(({ id, evidence }) => [id, doubtBits(evidence)]));
  let [least, doubt] = [0, Infinity];
  for (const [at, id] of party.networks.entries()) {
    // One that the key has forgotten says nothing any more.
    const bits = doubts.get(id) ?? -Infinity;
    if (bits < doubt) [least, doubt] = [at, bits];
  }
  if (doubtBits(seen.evidence) <= doubt) return false;
  party.networks.splice(least, 1);
  return true;
}

const MANY_TURNS = 3;
const TURNS_WINDOW_MS = 6 * HOUR_MS;

/** Somebody else's call between two calls of the owner, or the other way round: a move replaces, a thief adds. */
function noteInterleaved(profile: KeyProfile, party: Party, seen: NetworkSeen, ts: number): boolean {
  const { evidence } = seen;
  if (evidence === undefined || !isTurn(party, ts)) return false;
  if (ts - party.turnsSince > TURNS_WINDOW_MS) {
    party.turnsSince = ts;
    party.turns = 0;
  }
  party.turns += 1;
  const isPlain = isMachine(profile) ? party.clients.length === 0 : party.turns < MANY_TURNS;
  const most = isPlain && groupOf(seen.class) !== 'access' ? SWITCHING_BITS : Infinity;
  const bits = Math.min(most, Math.max(0, togetherBits(profile)) * (party.isLowTrust ? 0.5 : 1));
  if (bits <= evidence.concurrency) return false;
  evidence.concurrency = bits;
  evidence.besides = 'a network of its own';
  return true;
}

/** The owner was active between the party's last call and this one, all within a few hours. */
function isTurn({ ownAt, lastAt, startedAt }: Party, ts: number): boolean {
  if (ownAt <= lastAt || ownAt <= startedAt) return false;
  return ts - ownAt <= TOGETHER_MS && ts - lastAt <= 2 * TOGETHER_MS;
}

function noteRequest(profile: KeyProfile, party: Party, event: Event): boolean {
  const isRefused = event.outcome === 'model_denied' || event.outcome === 'bad_request';
  const isNewClient = noteClient(profile, party, event.client);
  const isNewModel = noteModel(profile, party, event.model, isRefused);
  return noteTrial(profile, party, event, isRefused) || isNewClient || isNewModel;
}

function noteClient(profile: KeyProfile, party: Party, client: string): boolean {
  if (client === '' || findSeen(profile.clients, client) || party.clients.length >= MAX_NAMES) return false;
  if (party.clients.some(({ name }) => name === client)) return false;
  const rate = noveltyRate(profile.firsts.client, profile.sessions);
  party.clients.push({ name: client, bits: clamp(bitsFor(THIEF_NEW_CLIENT, rate), 0, MAX_CLIENT_BITS) });
  return true;
}

function noteModel(profile: KeyProfile, party: Party, model: string, isRefused: boolean): boolean {
  // Owners mistype models too; what counts is one that answers.
  if (isRefused || model === '' || findSeen(profile.models, model)) return false;
  if (party.models.includes(model) || party.models.length >= MAX_NAMES) return false;
  const rate = noveltyRate(profile.firsts.model, profile.sessions);
  party.modelBits = Math.max(party.modelBits, clamp(bitsFor(THIEF_NEW_MODEL, rate), 0, MAX_MODEL_BITS));
  party.models.push(model);
  return true;
}

function noteTrial(profile: KeyProfile, party: Party, { model }: Event, isRefused: boolean): boolean {
  let isChanged = false;
  if (model !== '' && !findSeen(profile.models, model) && !party.hourModels.includes(model)) {
    if (party.hourModels.length < MAX_NAMES) party.hourModels.push(model);
    isChanged = party.hourModels.length > party.mostHourModels;
    party.mostHourModels = Math.max(party.mostHourModels, party.hourModels.length);
  }
  if (!isRefused) return isChanged;
  party.hourRefused += 1;
  if (party.hourRefused <= party.mostHourRefused) return isChanged;
  party.mostHourRefused = party.hourRefused;
  return party.hourRefused <= MAX_NAMES || isChanged;
}

/** What is counted by the hour starts anew. */
function openHour(party: Party, ts: number): void {
  const hour = Math.floor(ts / HOUR_MS);
  if (hour <= party.hour) return;
  party.hour = hour;
  party.hourCalls = 0;
  party.hourUsd = 0;
  party.hourModels = [];
  party.hourRefused = 0;
}

function countCall(party: Party, event: Event): void {
  party.hourCalls += 1;
  party.hourUsd += event.costUsd;
  party.mostHourCalls = Math.max(party.mostHourCalls, party.hourCalls);
  party.calls += 1;
  party.usd += event.costUsd;
  party.tokens += event.totalTokens;
  party.lastAt = Math.max(party.lastAt, event.ts);
  if (event.ipTrust === 'low') party.isLowTrust = true;
  if (event.ip !== '' && party.ips.length < MAX_NAMES && !party.ips.includes(event.ip))
    party.ips.push(event.ip);
}

/** Scores are looked at anew at these numbers of calls even when nothing else changed. */
function isMilestone(calls: number): boolean {
  return calls === 3 || calls === 10 || calls % 30 === 0;
}

/** The owner is active on a network of its own while a story runs. */
export function noteOwnUse(profile: KeyProfile, seen: NetworkSeen, ts: number): void {
  const { party } = profile;
  if (party === undefined || ts <= party.ownAt) return;
  const atHome = isMachine(profile) ? ts : lastAtHome(profile, seen, ts);
  if (atHome === ts) party.ownAt = ts;
}

export function networksOf(profile: KeyProfile, party: Party): NetworkSeen[] {
  return profile.networks.filter(({ id, evidence }) => evidence !== undefined && party.networks.includes(id));
}
