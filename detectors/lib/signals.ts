import type { Certainty, Entity, Line, Papers, Signal } from '../detector.ts';
import type { Event } from '../event.ts';
import type { OpenStory } from '../profile.ts';
import { sumBits } from './bits.ts';

const HOUR_MS = 3_600_000;
/** A story that gets heavier by this much is told anew; else once an hour, for its numbers. */
const RISE_BITS = 0.5;
/** Told anew when another name is on the key, at most this often: a record with a forged name must not keep quiet the
 *  genuine ones that follow. */
const RENAMED_MS = 60_000;

export interface Told {
  raisedBits: number;
  raisedAt: number;
  raisedFor: string;
}

/** Whose key it is, as the call says that made the story worth telling. */
export type Owner = Pick<Event, 'keyId' | 'gateway' | 'keyAlias' | 'team' | 'user'>;

/** Whether a story has something new to say; if so, it counts as said. */
export function isWorthTelling(
  told: Told,
  lines: readonly Line[],
  { ts, owner }: { ts: number; owner?: Owner },
): boolean {
  const bits = sumBits(lines);
  const name = owner === undefined ? '' : `${owner.team}/${owner.keyAlias}`;
  const dueMs = name === told.raisedFor ? HOUR_MS : RENAMED_MS;
  if (bits < told.raisedBits + RISE_BITS && ts - told.raisedAt < dueMs) return false;
  told.raisedBits = Math.max(told.raisedBits, bits);
  told.raisedAt = Math.max(told.raisedAt, ts);
  told.raisedFor = name;
  return true;
}

export function newStory(ts: number): OpenStory {
  return { startedAt: ts, lastAt: ts, events: 0, usd: 0, raisedBits: 0, raisedAt: 0, raisedFor: '' };
}

/** The burn that goes on, or the next one after a day of quiet. */
export function continueBurn(burn: OpenStory | undefined, ts: number, usdSoFar: number): OpenStory {
  if (burn !== undefined && ts - burn.lastAt <= 24 * HOUR_MS) return burn;
  return { ...newStory(ts), usd: usdSoFar };
}

export interface Telling {
  papers: Papers;
  dedupKey: string;
  ts: number;
  lines: readonly Line[];
  certainty?: Certainty;
  isLearning: boolean;
  indicators: readonly string[];
  firstEventAt: number;
  events: number;
  usdLost: number;
  usdPerHour: number;
}

export function keySignal({ gateway, keyAlias, team, user, keyId }: Owner, telling: Telling): Signal {
  return toSignal(telling, { type: 'key', keyId }, { gateway, keyAlias, team, user });
}

export function toSignal(
  { papers, certainty, ...rest }: Telling,
  entity: Entity,
  owner: Pick<Signal, 'gateway' | 'keyAlias' | 'team' | 'user'>,
): Signal {
  return { detector: papers.id, kind: papers.kind, entity, certainty, ...rest, ...owner };
}
