import type { Fact, NetworkClass } from './detector.ts';
import type { Event, KeyId } from './event.ts';
import type { Seen } from './lib/seen.ts';
import { SpendSeries } from './lib/spend-series.ts';

/** Kinds of networks as far as habits are concerned. */
export const CLASS_GROUPS = ['access', 'hosting', 'anonymous'] as const;
export type ClassGroup = (typeof CLASS_GROUPS)[number];

const GROUP_OF: Readonly<Record<NetworkClass, ClassGroup>> = {
  isp: 'access',
  mobile: 'access',
  education: 'access',
  enterprise: 'access',
  unknown: 'access',
  reserved: 'access',
  hosting: 'hosting',
  cdn: 'hosting',
  relay: 'anonymous',
  vpn: 'anonymous',
  tor: 'anonymous',
};

export function groupOf(networkClass: NetworkClass): ClassGroup {
  return GROUP_OF[networkClass];
}

/** A network as one key knows it: an autonomous system in a country; at hosters, where one system is everybody's, the
 *  prefix. */
export interface NetworkSeen {
  id: string;
  asn: number;
  organisation: string;
  class: NetworkClass;
  /** Empty when the address says nothing about the place. */
  country: string;
  firstAt: number;
  lastAt: number;
  /** Some of its address ranges, and when it was last used from one that was in use a day earlier already: there its owner
   *  is at home. A phone abroad shows its home network, but rarely a range known from home. */
  prefixes: { prefix: string; firstAt: number }[];
  settledAt: number;
  /** Hour (epoch) of its last session: evidence is weighed once an hour, not once a call. */
  sessionHour: number;
  sessions: number;
  calls: number;
  /** Before this it is on probation: it vouches for nothing. */
  trustedAt: number;
  /** Share of the key's calls on the days before today, and calls today. */
  share: number;
  day: number;
  callsToday: number;
  /** What spoke against it when it was new; undefined for what was there from the beginning. */
  evidence: NetworkEvidence | undefined;
}

export interface NetworkEvidence {
  isNewCountry: boolean;
  isNewSystem: boolean;
  path: number;
  networkClass: number;
  concurrency: number;
  travel: number;
  dormancy: number;
  /** What was normal at that time, as text. */
  normal: string;
  /** The known network that was in use at the same time. */
  besides: string;
}

/** Facts about a key that outlive its traffic. */
export interface KeyFacts {
  leak: Extract<Fact, { type: 'leak' }> | undefined;
  canary: Extract<Fact, { type: 'canary' }> | undefined;
  revokedAt: number;
  /** Indicators that a person (or a restore) declared to be fine, until when. */
  accepted: { indicator: string; until: number }[];
  /** Indicators that a person called an attack. */
  hostile: string[];
}

/** The last time that a story was told under a name of the key. */
export interface ToldAs {
  name: string;
  bits: number;
  at: number;
}

/** Use of a key from networks that are not its own yet: everything within 24 h of each other is one story. */
export interface Party {
  startedAt: number;
  /** Start of the first story with the same networks: what goes on after a day of silence is told as the same one. */
  storyAt: number;
  lastAt: number;
  /** Ids of its networks, the first ones. */
  networks: string[];
  /** Number of networks and of countries new to the key. */
  networkCount: number;
  newCountries: string[];
  /** How often the key showed new countries before the story, which must not get used to itself. */
  countryRate: number;
  ips: string[];
  /** Clients new to the key, with bits at first sight. */
  clients: { name: string; bits: number }[];
  /** Models new to the key, with bits of the first one. */
  models: string[];
  modelBits: number;
  /** Models new to the key asked for in the current hour, refused calls in it, and the most of each in any hour: trying out
   *  is a matter of minutes. */
  hourModels: string[];
  mostHourModels: number;
  hourRefused: number;
  mostHourRefused: number;
  /** Other credentials the same address tried. */
  otherKeys: number;
  calls: number;
  usd: number;
  tokens: number;
  /** Sum over its sessions of how unusual the hour is. */
  hourBits: number;
  sessions: number;
  hour: number;
  hourCalls: number;
  mostHourCalls: number;
  hourUsd: number;
  /** When one of the key's own networks was last active while the story ran, and how often the two took turns. */
  ownAt: number;
  turns: number;
  turnsSince: number;
  isLowTrust: boolean;
  /** Detectors that have told of it: what they say next replaces that, even when it is nothing any more. */
  tellers: string[];
  /** Score when last evaluated. */
  bits: number;
  told: ToldAs[];
}

/** Something raised and not over yet. */
export interface OpenStory {
  startedAt: number;
  lastAt: number;
  events: number;
  usd: number;
  told: ToldAs[];
}

/** A flood of calls or tokens; `detector` tells of what. */
export type Flood = OpenStory & { detector: string };

/** A story that a fact about the key began; `about` names the fact. */
export type FactStory = OpenStory & { detector: string; about: string };

/** What is normal for a key. Counts named `…Sessions` and `firsts` decay, so that habits can change. */
export interface KeyProfile {
  keyId: KeyId;
  gateway: string;
  keyAlias: string;
  team: string;
  teamAlias: string;
  user: string;
  firstAt: number;
  lastAt: number;
  /** Longest silence so far, milliseconds. */
  longestGapMs: number;
  /** Newest success. */
  lastAdmittedAt: number;
  calls: number;
  costUsd: number;
  sessions: number;
  /** Sessions during which another network of the key was active too. */
  multiSessions: number;
  firsts: { country: number; asn: number; prefix: number; client: number; model: number };
  classSessions: Record<ClassGroup, number>;
  /** By hour of day, UTC. */
  hourSessions: number[];
  day: number;
  callsToday: number;
  networks: NetworkSeen[];
  asns: Seen[];
  countries: Seen[];
  clients: Seen[];
  models: Seen[];
  /** Dollars and tokens of successful calls, decayed: the usual price. */
  pricedUsd: number;
  pricedTokens: number;
  /** Where the key was last seen on a network whose place is known. */
  lastPlace:
    { country: string; latitude: number; longitude: number; radiusKm: number; ts: number } | undefined;
  party: Party | undefined;
  burn: OpenStory | undefined;
  /** At most one for each detector that judges by volume. */
  floods: Flood[];
  /** At most one for each detector that judges by facts. */
  factStories: FactStory[];
  facts: KeyFacts | undefined;
  spend: SpendSeries;
}

export function newProfile(event: Event): KeyProfile {
  return {
    keyId: event.keyId,
    gateway: event.gateway,
    keyAlias: '',
    team: '',
    teamAlias: '',
    user: '',
    firstAt: event.ts,
    lastAt: event.ts,
    longestGapMs: 0,
    lastAdmittedAt: 0,
    calls: 0,
    costUsd: 0,
    sessions: 0,
    multiSessions: 0,
    firsts: { country: 0, asn: 0, prefix: 0, client: 0, model: 0 },
    classSessions: { access: 0, hosting: 0, anonymous: 0 },
    hourSessions: new Array<number>(24).fill(0),
    day: 0,
    callsToday: 0,
    networks: [],
    asns: [],
    countries: [],
    clients: [],
    models: [],
    pricedUsd: 0,
    pricedTokens: 0,
    lastPlace: undefined,
    party: undefined,
    burn: undefined,
    floods: [],
    factStories: [],
    facts: undefined,
    spend: new SpendSeries(),
  };
}

/** Remembers what the newest event said, and tells it to events that no longer say it (a deleted key). */
export function fillNames(profile: KeyProfile, event: Event): void {
  const isNewest = event.ts >= profile.lastAt;
  if (event.keyAlias === '') event.keyAlias = profile.keyAlias;
  else if (isNewest) profile.keyAlias = event.keyAlias;
  if (event.team === '') event.team = profile.team;
  else if (isNewest) profile.team = event.team;
  if (event.teamAlias === '') event.teamAlias = profile.teamAlias;
  else if (isNewest) profile.teamAlias = event.teamAlias;
  if (event.user === '') event.user = profile.user;
  else if (isNewest) profile.user = event.user;
}
