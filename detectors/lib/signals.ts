import type { Certainty, Entity, Line, Papers, Signal } from '../detector.ts';
import type { Event } from '../event.ts';
import type { OpenStory, ToldAs } from '../profile.ts';
import { sumBits } from './bits.ts';

const HOUR_MS = 3_600_000;
/** A story that gets heavier by this much is told anew; else once an hour, for its numbers. */
const RISE_BITS = 0.5;
/** Names whose tellings are remembered; with more of them each is told again. */
const MAX_NAMES = 8;

/** Whose key it is, as the call says that made the story worth telling. */
export type Owner = Pick<Event, 'keyId' | 'gateway' | 'keyAlias' | 'team' | 'user'>;

/** Whether a story has something new to say; if so, it counts as said. Each name on the key is told by itself: a record
 *  with a forged name must not keep quiet the genuine ones, however it is dated. */
export function isWorthTelling(
  story: { told: ToldAs[] },
  lines: readonly Line[],
  { ts, owner }: { ts: number; owner?: Owner },
): boolean {
  const bits = sumBits(lines);
  const name = owner === undefined ? '' : `${owner.team}/${owner.keyAlias}`;
  const last = story.told.find((one) => one.name === name) ?? { name, bits: -Infinity, at: -Infinity };
  if (bits < last.bits + RISE_BITS && ts - last.at < HOUR_MS) return false;
  const others = story.told.filter((one) => one.name !== name);
  const next = { name, bits: Math.max(last.bits, bits), at: Math.max(last.at, ts) };
  story.told = [...others, next].slice(-MAX_NAMES);
  return true;
}

export function newStory(ts: number): OpenStory {
  return { startedAt: ts, lastAt: ts, events: 0, usd: 0, told: [] };
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
