import type { Line, Papers, Signal } from './detector.ts';
import type { Event } from './event.ts';
import { isAccepted } from './lib/accepted.ts';
import { continueBurn, isWorthTelling, keySignal } from './lib/signals.ts';
import type { Flood, KeyProfile } from './profile.ts';
import { LEAST_HOUR_CALLS, retryStorm, retryStormLines } from './spend/retry-storm.ts';
import { LEAST_HOUR_TOKENS, tokenDrain, tokenDrainLines } from './spend/token-drain.ts';

const NONE: readonly Signal[] = [];

/** How much is asked for, whatever it costs? Counts the call, then judges. */
export function judgeVolume(profile: KeyProfile, event: Event, learningMs: number): readonly Signal[] {
  const { ts, totalTokens, costUsd, status } = event;
  const { volume } = profile.spend;
  const isLearning = ts < profile.firstAt + learningMs;
  volume.moveTo(ts, isLearning);
  volume.add('calls', ts, 1, status === 'failure');
  if (totalTokens > 0) volume.add('tokens', ts, totalTokens, costUsd === 0);
  if (isLearning) return NONE;
  const isMany = volume.lastHour('calls') >= LEAST_HOUR_CALLS;
  const isMuch = totalTokens > 0 && costUsd === 0 && volume.lastHour('tokens') >= LEAST_HOUR_TOKENS;
  if (!isMany && !isMuch) return NONE;
  return [
    ...(isMany ? tell(profile, event, retryStorm, retryStormLines(volume.volume('calls'))) : []),
    ...(isMuch ? tell(profile, event, tokenDrain, tokenDrainLines(volume.volume('tokens'))) : []),
  ];
}

function tell(profile: KeyProfile, event: Event, papers: Papers, lines: readonly Line[]): Signal[] {
  const { ts } = event;
  if (lines.length === 0 || isAccepted(profile, 'spend', ts)) return [];
  const last = profile.floods.find(({ detector }) => detector === papers.id);
  const flood: Flood = { detector: papers.id, ...continueBurn(last, ts, 0) };
  flood.lastAt = Math.max(flood.lastAt, ts);
  flood.events += 1;
  flood.usd += event.costUsd;
  profile.floods = [...profile.floods.filter(({ detector }) => detector !== papers.id), flood];
  if (!isWorthTelling(flood, lines, { ts, owner: event })) return [];
  return [
    keySignal(event, {
      papers,
      dedupKey: `flood:${flood.startedAt}`,
      ts: flood.lastAt,
      lines,
      isLearning: false,
      indicators: ['spend'],
      firstEventAt: flood.startedAt,
      events: flood.events,
      usdLost: flood.usd,
      usdPerHour: profile.spend.lastHourUsd(),
    }),
  ];
}
