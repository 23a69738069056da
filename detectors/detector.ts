import type { Event, KeyId } from './event.ts';

export const KINDS = ['leaked_key', 'geo', 'spend'] as const;
export type Kind = (typeof KINDS)[number];

/** Kinds of evidence that fail independently of each other; three of them may block a key without certain evidence. */
export const FAMILIES = [
  'network',
  'concurrency',
  'client',
  'model',
  'hour',
  'spend',
  'volume',
  'probe',
  'leak',
  'policy',
] as const;
export type Family = (typeof FAMILIES)[number];

export const NETWORK_CLASSES = [
  'isp',
  'mobile',
  'hosting',
  'cdn',
  'relay',
  'vpn',
  'tor',
  'education',
  'enterprise',
  'reserved',
  'unknown',
] as const;
export type NetworkClass = (typeof NETWORK_CLASSES)[number];

/** Where an address probably is. A country database is wrong for about 5 % of addresses, a city for many more. */
export interface Place {
  /** ISO 3166-1 alpha-2, upper case. */
  country: string;
  city: string;
  latitude: number;
  longitude: number;
  /** One-sigma radius; 500 and more means "only the country is known". */
  radiusKm: number;
}

export interface Network {
  asn: number;
  organisation: string;
  class: NetworkClass;
  /** IPv4 /24 or IPv6 /48, canonical text. */
  prefix: string;
  /** Who said so: operator file, list, ASN table, name of the organisation, none. */
  source: string;
}

/** What is known about a key from outside its traffic. Newest fact of a type wins. */
export type Fact =
  | {
      type: 'leak';
      keyId: KeyId;
      at: number;
      source: string;
      /** Whose token or signature the report came with; `source` is what the reporter says. */
      by?: string;
      url: string;
      foundAt: number;
      /** False only where the reporter says that it is not sure. */
      isVerified: boolean;
    }
  | { type: 'canary'; keyId: KeyId; at: number; place: string; gateway: string }
  | {
      type: 'revoked';
      keyId: KeyId;
      /** When the gateway showed the block. */
      at: number;
      /** When the gateway was told to block: denials may come before it shows the block. */
      sentAt?: number;
      incidentId: string;
      by: string;
    }
  | { type: 'restored'; keyId: KeyId; at: number; incidentId: string; graceUntil: number }
  | {
      type: 'verdict';
      keyId: KeyId;
      at: number;
      incidentId: string;
      verdict: Verdict;
      indicators: string[];
      until: number;
    };

export const VERDICTS = ['attack', 'ours', 'planned', 'unclear'] as const;
export type Verdict = (typeof VERDICTS)[number];

/** What was looked up for one event. Unknown is undefined, never a value of its own. */
export interface Context {
  place: Place | undefined;
  network: Network | undefined;
}

/** One line of evidence. The bits of an incident's lines add up to its score. */
export interface Line {
  family: Family;
  /** Stable name of what was looked at: `new-country`, `concurrent-networks`, `burn-1h`. */
  feature: string;
  observed: string;
  normal: string;
  bits: number;
  /** A plain sentence for a person who was just woken up. */
  text: string;
  /** True where it rests on an address that may be forged: it adds bits, but its family does not count. */
  isWeak?: boolean;
}

/** Evidence that needs no weighing. */
export const CERTAINTIES = ['canary-used', 'leak-in-use', 'used-after-revocation'] as const;
export type Certainty = (typeof CERTAINTIES)[number];

export type Entity =
  { type: 'key'; keyId: KeyId } | { type: 'team'; team: string } | { type: 'user'; user: string };

/** What a detector has to say about an entity at one moment: all its open evidence, not only the newest line. */
export interface Signal {
  detector: string;
  kind: Kind;
  entity: Entity;
  /** Same text, same story: later signals with this key replace earlier ones of the detector. */
  dedupKey: string;
  /** Event time at which it was raised. */
  ts: number;
  lines: readonly Line[];
  certainty: Certainty | undefined;
  /** True while the key is in its learning time: behaviour alone never blocks it. */
  isLearning?: boolean;
  /** Addresses, prefixes, networks, clients, countries the evidence points at: `ip:…`, `asn:…`, `client:…`. */
  indicators: readonly string[];
  /** First event of the story, event time. */
  firstEventAt: number;
  /** Events of the story so far. */
  events: number;
  /** Dollars spent by the suspicious calls so far, and at the current rate per hour. */
  usdLost: number;
  usdPerHour: number;
  /** Whose it is, as the newest event said. */
  gateway: string;
  keyAlias: string;
  team: string;
  user: string;
}

/** Spend of one team in one minute of event time, as seen by one partition: what team-level detectors judge. */
export interface Rollup {
  team: string;
  /** Epoch milliseconds of the minute's start. */
  minute: number;
  partition: number;
  calls: number;
  totalTokens: number;
  costUsd: number;
  /** Spend of the keys that took part, largest first, at most 8. */
  keys: readonly { keyId: KeyId; keyAlias: string; costUsd: number }[];
}

/** First use of a network by a key or a team, undoubted. */
export interface NetworkUse {
  asn: number;
  /** Enough of its id to tell it from others. */
  key: string;
  team: string;
  /** Epoch milliseconds. */
  ts: number;
}

/** A credential that nobody knows, tried from an address. */
export interface Probe {
  ip: string;
  /** Enough of its hash to tell it from others. */
  credential: string;
  /** Epoch milliseconds. */
  ts: number;
}

/** What one partition learned that the others judge by, too. It may be told twice, and in any order. */
export interface News {
  networks: readonly NetworkUse[];
  probes: readonly Probe[];
}

/** A detector's papers; pages of the docs and of the dashboard are made from them. */
export interface Papers {
  id: string;
  title: string;
  kind: Kind;
  families: readonly Family[];
  /** What it looks at and how it decides, in a few sentences. */
  how: string;
  runbook: string;
  knownFalsePositives: readonly string[];
}

/** Everything the detectors remember about one partition, and the only door to them. Pure: time comes from the
 *  events, lookups from the context. Judges first, then learns; the same input in the same order gives the same
 *  signals. Memory is bounded per key, and so is the number of keys and teams. */
export interface Core {
  /** Judges one event of a key, then learns from it. Fills `keyAlias`, `team`, `teamAlias` and `user` of the event
   *  from memory where the gateway no longer knows them (a deleted key). */
  judge(event: Event, context: Context): readonly Signal[];
  applyFact(fact: Fact): readonly Signal[];
  /** Minutes that closed since the last call, per team; each is given once. */
  drainRollups(): readonly Rollup[];
  /** All minutes before this one (epoch milliseconds) were drained. */
  rollupsOpenFrom(): number;
  /** Takes what one partition says about a minute of a team. Minutes of one team and partition at or before the last
   *  taken one are ignored. */
  takeRollup(rollup: Rollup): void;
  /** Removes and gives the minutes before this one, with what all partitions said about each; oldest first. To be asked
   *  for when every partition has said all it has to say about them; what comes later counts for a later minute. */
  closeMinutes(before: number): readonly Rollup[];
  /** Judges a whole minute of a team. */
  judgeRollup(rollup: Rollup): readonly Signal[];
  /** What the other partitions should know, learned since the last call. */
  drainNews(): News;
  learnNews(news: News): void;
  /** Moves event time forward for what waits for time to pass. */
  tick(watermark: number): readonly Signal[];
  /** Keys and teams forgotten for lack of room since the last call. */
  takeForgotten(): number;
  /** Names of state entries changed since the last `takeChanged()`. */
  takeChanged(): string[];
  /** One state entry as text, or undefined when it is gone. */
  save(name: string): string | undefined;
  restore(name: string, text: string): void;
  /** For the `keys` table: what is normal for a key, as plain data. */
  describeKey(keyId: KeyId): KeySummary | undefined;
}

export interface KeySummary {
  keyId: KeyId;
  gateway: string;
  keyAlias: string;
  team: string;
  user: string;
  firstSeenAt: number;
  lastSeenAt: number;
  calls: number;
  costUsd: number;
  isLearning: boolean;
  /** Countries, networks, clients, models, hours, baseline of spend: shown, never parsed by machines. */
  profile: Record<string, unknown>;
}

export interface CoreSettings {
  /** Which partition of `events` this core judges; goes into its rollups. */
  partition: number;
  /** How many there are. With one, there is no news for others. */
  partitions: number;
  /** Before a key is this old, behaviour alone never blocks. Milliseconds. */
  learningMs: number;
  /** Keys remembered at most; beyond it those with the fewest calls are forgotten. */
  maxKeys: number;
  /** Of these, so many are ready to be judged, about 7 kB each; the others take 2 to 3 kB, and some 50 µs when they are
   *  used again. */
  maxReadyKeys: number;
}
