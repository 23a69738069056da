import type { Rollup } from '../detector.ts';
import type { OpenStory } from '../profile.ts';
import { SpendSeries } from './spend-series.ts';
import type { SavedSpend } from './spend-series.ts';

const DAY_MS = 86_400_000;
const MAX_KEYS = 32;

/** What a team spends, over all its keys and all partitions. */
export interface TeamProfile {
  team: string;
  firstAt: number;
  /** Newest minute taken from each partition: minutes come once. */
  minutes: Record<string, number>;
  /** Spend of its keys, fading over a day. */
  keys: { keyId: string; keyAlias: string; usd: number; at: number }[];
  burn: OpenStory | undefined;
  spend: SpendSeries;
}

export function newTeam(team: string, ts: number): TeamProfile {
  return { team, firstAt: ts, minutes: {}, keys: [], burn: undefined, spend: new SpendSeries() };
}

/** False for a minute that was taken before. The first ones may come in any order of their partitions. */
export function takeMinute(team: TeamProfile, { minute, partition }: Rollup): boolean {
  const newest = team.minutes[partition];
  if (newest !== undefined && minute <= newest) return false;
  team.minutes[partition] = minute;
  team.firstAt = Math.min(team.firstAt, minute);
  return true;
}

export function noteKeys(team: TeamProfile, { keys, minute }: Rollup): void {
  for (const { keyId, keyAlias, costUsd } of keys) {
    const known = team.keys.find((one) => one.keyId === keyId);
    if (known === undefined) {
      if (team.keys.length >= MAX_KEYS) dropSmallest(team, minute);
      team.keys.push({ keyId, keyAlias, usd: costUsd, at: minute });
    } else {
      known.usd = faded(known, minute) + costUsd;
      known.at = Math.max(known.at, minute);
      known.keyAlias = keyAlias;
    }
  }
}

function faded({ usd, at }: { usd: number; at: number }, ts: number): number {
  return usd * Math.exp(-Math.max(0, ts - at) / DAY_MS);
}

function dropSmallest(team: TeamProfile, ts: number): void {
  let smallest = 0;
  team.keys.forEach((one, at) => {
    const other = team.keys[smallest];
    if (other !== undefined && faded(one, ts) < faded(other, ts)) smallest = at;
  });
  team.keys.splice(smallest, 1);
}

/** The keys that spent most lately, largest first, with their share of the team's spend. */
export function largestKeys(team: TeamProfile, ts: number): { keyAlias: string; share: number }[] {
  const current = team.keys.map((one) => ({
    keyAlias: one.keyAlias || one.keyId.slice(0, 8),
    usd: faded(one, ts),
  }));
  const all = current.reduce((sum, { usd }) => sum + usd, 0);
  return current
    .sort((a, b) => b.usd - a.usd)
    .map(({ keyAlias, usd }) => ({ keyAlias, share: all === 0 ? 0 : usd / all }));
}

export function saveTeam(team: TeamProfile): string {
  return JSON.stringify({ ...team, spend: team.spend.save() });
}

export function restoreTeam(text: string): TeamProfile {
  const saved = JSON.parse(text) as Omit<TeamProfile, 'spend'> & { spend: SavedSpend };
  const spend = new SpendSeries();
  spend.restore(saved.spend);
  return { ...saved, burn: saved.burn, spend };
}
