import type { Certainty, Entity, Line, Papers, Signal } from '../detector.ts';
import type { KeyProfile, OpenStory } from '../profile.ts';
import { sumBits } from './bits.ts';

const HOUR_MS = 3_600_000;
/** A story that gets heavier by this much is told anew; else once an hour, for its numbers. */
const RISE_BITS = 0.5;

export interface Told {
  raisedBits: number;
  raisedAt: number;
}

/** Whether a story has something new to say; if so, it counts as said. */
export function isWorthTelling(told: Told, lines: readonly Line[], ts: number): boolean {
  const bits = sumBits(lines);
  if (bits < told.raisedBits + RISE_BITS && ts - told.raisedAt < HOUR_MS) return false;
  told.raisedBits = Math.max(told.raisedBits, bits);
  told.raisedAt = Math.max(told.raisedAt, ts);
  return true;
}

export function newStory(ts: number): OpenStory {
  return { startedAt: ts, lastAt: ts, events: 0, usd: 0, raisedBits: 0, raisedAt: 0 };
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

export function keySignal(profile: KeyProfile, telling: Telling): Signal {
  const { gateway, keyAlias, team, user, keyId } = profile;
  return toSignal(telling, { type: 'key', keyId }, { gateway, keyAlias, team, user });
}

export function toSignal(
  { papers, certainty, ...rest }: Telling,
  entity: Entity,
  owner: Pick<Signal, 'gateway' | 'keyAlias' | 'team' | 'user'>,
): Signal {
  return { detector: papers.id, kind: papers.kind, entity, certainty, ...rest, ...owner };
}
