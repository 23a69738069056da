import type { KeyId } from './event.ts';
import type { Seen } from './lib/seen.ts';
import { SpendSeries } from './lib/spend-series.ts';
import type { SavedSpend } from './lib/spend-series.ts';
import type {
  FactStory,
  Flood,
  KeyProfile,
  NetworkEvidence,
  NetworkSeen,
  OpenStory,
  Party,
} from './profile.ts';

/* A process holds hundreds of thousands of these and reads and writes one for every tenth event, so they are lists: names
 * would be more than half of the text. JSON knows no undefined; where one may be, null stands for it. */

type SavedSeen = [name: string, firstAt: number, lastAt: number, calls: number];

type SavedNetwork = [
  id: string,
  asn: number,
  organisation: string,
  networkClass: NetworkSeen['class'],
  country: string,
  firstAt: number,
  lastAt: number,
  /** Prefix and `firstAt` by turns. */
  prefixes: (string | number)[],
  settledAt: number,
  sessionHour: number,
  sessions: number,
  calls: number,
  trustedAt: number,
  share: number,
  day: number,
  callsToday: number,
  evidence: NetworkEvidence | null,
];

/** Begins with what is looked at while the rest stays text. */
type SavedProfile = [
  lastAt: number,
  worth: number,
  gateway: string,
  keyAlias: string,
  team: string,
  teamAlias: string,
  user: string,
  firstAt: number,
  longestGapMs: number,
  lastAdmittedAt: number,
  calls: number,
  costUsd: number,
  sessions: number,
  multiSessions: number,
  firsts: [country: number, asn: number, prefix: number, client: number, model: number],
  classSessions: [access: number, hosting: number, anonymous: number],
  hourSessions: number[],
  day: number,
  callsToday: number,
  networks: SavedNetwork[],
  asns: SavedSeen[],
  countries: SavedSeen[],
  clients: SavedSeen[],
  models: SavedSeen[],
  pricedUsd: number,
  pricedTokens: number,
  lastPlace: NonNullable<KeyProfile['lastPlace']> | null,
  party: Party | null,
  burn: OpenStory | null,
  factStories: FactStory[],
  spend: SavedSpend,
  /** Missing in what an older version saved. */
  floods?: Flood[],
];

const HEAD = /^\[([^,]+),([^,]+),/;

/** `worth`: that of the key when room is needed. Facts are kept elsewhere. */
export function saveProfile(profile: KeyProfile, worth: number): string {
  const { firsts, classSessions } = profile;
  const saved: SavedProfile = [
    profile.lastAt,
    worth,
    profile.gateway,
    profile.keyAlias,
    profile.team,
    profile.teamAlias,
    profile.user,
    profile.firstAt,
    profile.longestGapMs,
    profile.lastAdmittedAt,
    profile.calls,
    profile.costUsd,
    profile.sessions,
    profile.multiSessions,
    [firsts.country, firsts.asn, firsts.prefix, firsts.client, firsts.model],
    [classSessions.access, classSessions.hosting, classSessions.anonymous],
    profile.hourSessions,
    profile.day,
    profile.callsToday,
    profile.networks.map(saveNetwork),
    profile.asns.map(saveSeen),
    profile.countries.map(saveSeen),
    profile.clients.map(saveSeen),
    profile.models.map(saveSeen),
    profile.pricedUsd,
    profile.pricedTokens,
    profile.lastPlace ?? null,
    profile.party ?? null,
    profile.burn ?? null,
    profile.factStories,
    profile.spend.save(),
    profile.floods,
  ];
  return JSON.stringify(saved);
}

/** Of text that `saveProfile` wrote. */
export function restoreProfile(keyId: KeyId, text: string): KeyProfile {
  const saved = JSON.parse(text) as SavedProfile;
  const [country, asn, prefix, client, model] = saved[14];
  const [access, hosting, anonymous] = saved[15];
  const spend = new SpendSeries();
  spend.restore(saved[30]);
  return {
    keyId,
    gateway: saved[2],
    keyAlias: saved[3],
    team: saved[4],
    teamAlias: saved[5],
    user: saved[6],
    firstAt: saved[7],
    lastAt: saved[0],
    longestGapMs: saved[8],
    lastAdmittedAt: saved[9],
    calls: saved[10],
    costUsd: saved[11],
    sessions: saved[12],
    multiSessions: saved[13],
    firsts: { country, asn, prefix, client, model },
    classSessions: { access, hosting, anonymous },
    hourSessions: saved[16],
    day: saved[17],
    callsToday: saved[18],
    networks: saved[19].map(restoreNetwork),
    asns: saved[20].map(restoreSeen),
    countries: saved[21].map(restoreSeen),
    clients: saved[22].map(restoreSeen),
    models: saved[23].map(restoreSeen),
    pricedUsd: saved[24],
    pricedTokens: saved[25],
    lastPlace: saved[26] ?? undefined,
    party: saved[27] ?? undefined,
    burn: saved[28] ?? undefined,
    floods: saved[31] ?? [],
    factStories: saved[29],
    facts: undefined,
    spend,
  };
}

/** What has to be known of every key now and then, without reading all of its text. */
export function glance(text: string): { lastAt: number; worth: number } {
  const [, lastAt, worth] = HEAD.exec(text) ?? [];
  return { lastAt: Number(lastAt ?? Infinity), worth: Number(worth ?? Infinity) };
}

/** Whether it is the beginning of what `saveProfile` writes. */
export function isSavedProfile(text: string): boolean {
  return HEAD.test(text);
}

function saveSeen({ name, firstAt, lastAt, calls }: Seen): SavedSeen {
  return [name, firstAt, lastAt, calls];
}

function restoreSeen([name, firstAt, lastAt, calls]: SavedSeen): Seen {
  return { name, firstAt, lastAt, calls };
}

function saveNetwork(network: NetworkSeen): SavedNetwork {
  return [
    network.id,
    network.asn,
    network.organisation,
    network.class,
    network.country,
    network.firstAt,
    network.lastAt,
    network.prefixes.flatMap(({ prefix, firstAt }) => [prefix, firstAt]),
    network.settledAt,
    network.sessionHour,
    network.sessions,
    network.calls,
    network.trustedAt,
    network.share,
    network.day,
    network.callsToday,
    network.evidence ?? null,
  ];
}

function restoreNetwork(saved: SavedNetwork): NetworkSeen {
  const prefixes: NetworkSeen['prefixes'] = [];
  for (let at = 0; at + 1 < saved[7].length; at += 2)
    prefixes.push({ prefix: String(saved[7][at]), firstAt: Number(saved[7][at + 1]) });
  return {
    id: saved[0],
    asn: saved[1],
    organisation: saved[2],
    class: saved[3],
    country: saved[4],
    firstAt: saved[5],
    lastAt: saved[6],
    prefixes,
    settledAt: saved[8],
    sessionHour: saved[9],
    sessions: saved[10],
    calls: saved[11],
    trustedAt: saved[12],
    share: saved[13],
    day: saved[14],
    callsToday: saved[15],
    evidence: saved[16] ?? undefined,
  };
}
