import { quantileSorted } from 'simple-statistics';
import { IDENTITY_SCENARIOS, SPEND_SCENARIOS } from './attacks/attack.ts';
import type { Label } from './attacks/attack.ts';
import type { RunResult } from './run.ts';
import type { FalseAlarm, Outcome } from './scoreboard.ts';

/** What a rule found of some attacks. Times are minutes from the first call of the attack. */
export interface Measured {
  attacks: number;
  found: number;
  medianMinutes: number | undefined;
  p90Minutes: number | undefined;
  /** Dollars that were spent before the alert, of all that the attacks spent; what is never found counts whole. */
  usdShareBefore: number;
}

export function measure(outcomes: readonly Outcome[], rule: string): Measured {
  const minutes: number[] = [];
  let usd = 0;
  let before = 0;
  for (const outcome of outcomes) {
    const found = outcome.found.get(rule);
    usd += outcome.usd;
    before += found?.usdBefore ?? outcome.usd;
    if (found !== undefined) minutes.push((found.at - outcome.firstAt) / 60_000);
  }
  minutes.sort((a, b) => a - b);
  const quantile = (part: number) => (minutes.length === 0 ? undefined : quantileSorted(minutes, part));
  return {
    ...{ attacks: outcomes.length, found: minutes.length, usdShareBefore: usd === 0 ? 0 : before / usd },
    ...{ medianMinutes: quantile(0.5), p90Minutes: quantile(0.9) },
  };
}

/** The runs of all seeds together. */
export class Results {
  readonly outcomes: readonly Outcome[];
  readonly falseAlarms: readonly FalseAlarm[];
  readonly cleanKeyDays: number;
  readonly calls: number;
  readonly seconds: number;
  readonly breakerTrips: number;
  readonly #poisoned: readonly Outcome[];

  constructor(runs: readonly RunResult[], poisoned: readonly RunResult[]) {
    this.outcomes = runs.flatMap(({ board }) => board.outcomes.filter(({ firstAt }) => firstAt > 0));
    this.falseAlarms = runs.flatMap(({ board }) => board.falseAlarms);
    this.cleanKeyDays = runs.reduce((sum, { board }) => sum + board.cleanKeyDays, 0);
    this.calls = [...runs, ...poisoned].reduce((sum, { calls }) => sum + calls, 0);
    this.seconds = [...runs, ...poisoned].reduce((sum, { seconds }) => sum + seconds, 0);
    this.breakerTrips = runs.reduce((sum, run) => sum + run.breakerTrips, 0);
    this.#poisoned = poisoned.flatMap(({ board }) => board.outcomes.filter(({ firstAt }) => firstAt > 0));
  }

  of(family: Label['family'], scenario?: string): Outcome[] {
    return this.outcomes.filter(
      ({ label }) => label.family === family && (scenario === undefined || label.scenario === scenario),
    );
  }

  falsePer1000(rule: string): number {
    return (this.falseCount(rule) * 1_000) / this.cleanKeyDays;
  }

  falseCount(rule: string): number {
    return this.falseAlarms.filter((one) => one.rule === rule).length;
  }

  /** The same thefts with ten days of one quiet session a day before them, and without. */
  poisoning(): Poisoning {
    const isMeant = ({ label }: Outcome) => label.family === 'identity' && !OWN_TIMING.has(label.scenario);
    const plain = this.outcomes.filter(isMeant);
    const poisoned = this.#poisoned.filter(isMeant);
    const share = (outcomes: readonly Outcome[], isFound: (outcome: Outcome) => boolean) =>
      outcomes.length === 0 ? 0 : outcomes.filter(isFound).length / outcomes.length;
    return {
      attacks: poisoned.length,
      without: share(plain, ({ found }) => found.has('identity')),
      with: share(poisoned, ({ found }) => found.has('identity')),
      atBurst: share(poisoned, ({ foundLate }) => foundLate.has('identity')),
      blockedWithout: share(plain, ({ found }) => found.has('three families')),
      blockedWith: share(poisoned, ({ found }) => found.has('three families')),
    };
  }
}

export interface Poisoning {
  attacks: number;
  /** Shares found by identity. */
  without: number;
  with: number;
  /** Told, or told again, when the burst had begun. */
  atBurst: number;
  blockedWithout: number;
  blockedWith: number;
}

/** These have a warm-up already, or begin with a silence. */
const OWN_TIMING: ReadonlySet<string> = new Set(['ten days of warm-up, then burst', 'dormant key']);

export const SCENARIOS = { identity: IDENTITY_SCENARIOS, spend: SPEND_SCENARIOS } as const;

/** Groups with how often each occurred, most frequent first. */
export function grouped<Item>(
  items: readonly Item[],
  nameOf: (item: Item) => string,
): [name: string, items: Item[]][] {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const name = nameOf(item);
    groups.set(name, [...(groups.get(name) ?? []), item]);
  }
  return [...groups].sort(([, a], [, b]) => b.length - a.length);
}
