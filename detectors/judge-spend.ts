import type { Line, Signal } from './detector.ts';
import type { Event } from './event.ts';
import { isAccepted } from './lib/accepted.ts';
import { continueBurn, isWorthTelling, keySignal } from './lib/signals.ts';
import type { Telling } from './lib/signals.ts';
import type { KeyProfile, OpenStory } from './profile.ts';
import { keyBurn, keyBurnLines } from './spend/key-burn.ts';

/** A burn that goes on is not looked at more often. */
const LOOK_EVERY_MS = 1_000;

/** How much is spent? Adds the call's cost, then judges. */
export function judgeSpend(profile: KeyProfile, event: Event, learningMs: number): readonly Signal[] {
  const { ts, costUsd } = event;
  const { spend } = profile;
  const isLearning = ts < profile.firstAt + learningMs;
  spend.add(ts, costUsd, isLearning);
  if (costUsd === 0) return [];
  if (profile.burn !== undefined) {
    profile.burn.usd += costUsd;
    profile.burn.events += 1;
    if (ts >= profile.burn.lastAt && ts - profile.burn.lastAt < LOOK_EVERY_MS) return [];
  }
  const lines = keyBurnLines(profile, isLearning);
  if (lines.length === 0 || isAccepted(profile, 'spend', ts)) return [];
  const burn = continueBurn(profile.burn, ts, Math.max(0, spend.lastHourUsd() - spend.expectedHourUsd()));
  profile.burn = burn;
  burn.lastAt = Math.max(burn.lastAt, ts);
  if (!isWorthTelling(burn, lines, { ts, owner: event })) return [];
  return [keySignal(event, burnTelling(profile, burn, lines, isLearning))];
}

function burnTelling(
  profile: KeyProfile,
  burn: OpenStory,
  lines: readonly Line[],
  isLearning: boolean,
): Telling {
  return {
    papers: keyBurn,
    dedupKey: `burn:${burn.startedAt}`,
    ts: burn.lastAt,
    lines,
    isLearning,
    indicators: ['spend'],
    firstEventAt: burn.startedAt,
    events: Math.max(1, burn.events),
    usdLost: burn.usd,
    usdPerHour: Math.max(0, profile.spend.lastHourUsd() - profile.spend.expectedHourUsd()),
  };
}
