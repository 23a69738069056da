import type { Papers, Rollup, Signal } from '../detector.ts';
import { burnLines } from '../lib/burn-line.ts';
import { continueBurn, isWorthTelling, toSignal } from '../lib/signals.ts';
import { largestKeys, noteKeys } from '../lib/teams.ts';
import type { TeamProfile } from '../lib/teams.ts';
import { listed } from '../lib/words.ts';

export const teamBurn: Papers = {
  id: 'team-burn',
  title: 'Team spends far more than it ever did',
  kind: 'spend',
  families: ['spend'],
  how:
    'The same windows as for a key, over the minutes of all keys of a team. It speaks only when no single key makes up most of the spend: such a key ' +
    'is judged by itself.',
  runbook:
    'Look at the release or configuration that several services of the team share. If the spend is wanted, resolve as ours; else roll back, or lower the budget of the team.',
  knownFalsePositives: ['a launch that several services of a team take part in'],
};

/** More than this from one key is that key's story. */
const ONE_KEY_SHARE = 0.6;

/** Judges a whole minute of a team. */
export function judgeTeamMinute(team: TeamProfile, rollup: Rollup, learningMs: number): Signal[] {
  const { minute, costUsd, calls } = rollup;
  const isLearning = minute < team.firstAt + learningMs;
  team.spend.add(minute, costUsd, isLearning);
  noteKeys(team, rollup);
  if (team.burn !== undefined) {
    team.burn.usd += costUsd;
    team.burn.events += calls;
  }
  if (isLearning || costUsd === 0) return [];
  const lines = burnLines(team.spend.burning(), 'The team');
  const [first, ...others] = lines;
  if (first === undefined) return [];
  const largest = largestKeys(team, minute);
  if ((largest[0]?.share ?? 1) > ONE_KEY_SHARE) return [];
  const excessUsd = Math.max(0, team.spend.lastHourUsd() - team.spend.expectedHourUsd());
  const burn = continueBurn(team.burn, minute, excessUsd);
  team.burn = burn;
  burn.lastAt = Math.max(burn.lastAt, minute);
  if (!isWorthTelling(burn, lines, { ts: minute })) return [];
  const names = largest.filter(({ share }) => share > 0.05).map(({ keyAlias }) => keyAlias);
  return [
    toSignal(
      {
        papers: teamBurn,
        dedupKey: `burn:${burn.startedAt}`,
        ts: burn.lastAt,
        lines: [{ ...first, text: `${first.text} Most of it by ${listed(names)}.` }, ...others],
        isLearning: false,
        indicators: ['spend'],
        firstEventAt: burn.startedAt,
        events: Math.max(1, burn.events),
        usdLost: burn.usd,
        usdPerHour: excessUsd,
      },
      { type: 'team', team: team.team },
      { gateway: '', keyAlias: '', team: team.team, user: '' },
    ),
  ];
}
