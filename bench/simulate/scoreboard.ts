import type { Label } from './attacks/attack.ts';
import { DAY_MS, HOUR_MS } from './call.ts';
import type { Fleet, SimulatedKey } from './fleet.ts';

/** An alert that comes later than this after the end of an attack is no answer to it. */
const GRACE_MS = HOUR_MS;

export interface Alert {
  rule: string;
  at: number;
  keyId: string | undefined;
  team: string | undefined;
  /** Alerts of one rule with the same text are one alarm. */
  story: string;
  /** What it rests on, for the explanation of misses and false alarms. */
  evidence: string;
  bits: number;
}

export interface Found {
  at: number;
  usdBefore: number;
}

export interface Outcome {
  label: Label;
  /** First call of it; 0 when there was none. */
  firstAt: number;
  usd: number;
  found: Map<string, Found>;
  /** Rules that spoke after the warm-up. */
  foundLate: Set<string>;
  /** The most that any incident knew, told or not. */
  most: { bits: number; evidence: string };
}

export interface FalseAlarm {
  rule: string;
  story: string;
  at: number;
  key: SimulatedKey | undefined;
  evidence: string;
}

/** Compares what was said with what is true. */
export class Scoreboard {
  readonly outcomes: readonly Outcome[];
  readonly falseAlarms: FalseAlarm[] = [];
  readonly cleanKeyDays: number;
  readonly #keys = new Map<string, SimulatedKey>();
  readonly #byKey = new Map<string, Outcome>();
  readonly #byTeam = new Map<string, Outcome[]>();
  readonly #byLabel = new Map<Label, Outcome>();
  readonly #falseStories = new Set<string>();
  readonly #judgedFrom: number;

  constructor({ era, keys, attacks }: Fleet, warmUpDays: number) {
    this.#judgedFrom = era.startAt + warmUpDays * DAY_MS;
    this.outcomes = attacks.map(({ label }) => newOutcome(label));
    for (const outcome of this.outcomes) this.#file(outcome);
    let days = 0;
    for (const key of keys) {
      this.#keys.set(key.keyId, key);
      const until = Math.min(era.endAt, key.silentFrom, this.#byKey.get(key.keyId)?.label.fromAt ?? Infinity);
      days += Math.max(0, until - Math.max(key.bornAt, this.#judgedFrom)) / DAY_MS;
    }
    this.cleanKeyDays = days;
  }

  /** A call of an attack. */
  attacked(label: Label, ts: number, usd: number): void {
    const outcome = this.#byLabel.get(label);
    if (outcome === undefined) return;
    if (outcome.firstAt === 0) outcome.firstAt = ts;
    outcome.usd += usd;
  }

  alerted(alert: Alert): void {
    const own = this.#outcomeOf(alert);
    if (own !== undefined && alert.at >= own.label.fromAt) credit(own, alert);
    else if (alert.at >= this.#judgedFrom && !this.#isOfMembers(alert)) this.#blame(alert);
  }

  #outcomeOf({ keyId, team }: Alert): Outcome | undefined {
    if (keyId !== undefined) return this.#byKey.get(keyId);
    return this.#byTeam.get(team ?? '')?.find(({ label }) => label.team === team);
  }

  /** A team that spends more because one of its keys is stolen: no false alarm, but that key's alert does not count for it. */
  #isOfMembers({ keyId, team, at }: Alert): boolean {
    if (keyId !== undefined) return false;
    const members = this.#byTeam.get(team ?? '') ?? [];
    return members.some(({ label }) => at >= label.fromAt && at <= label.endAt + DAY_MS);
  }

  #blame({ rule, at, keyId, story, evidence }: Alert): void {
    const name = `${rule}\n${story}`;
    if (this.#falseStories.has(name)) return;
    this.#falseStories.add(name);
    this.falseAlarms.push({ rule, story, at, key: this.#keys.get(keyId ?? ''), evidence });
  }

  #file(outcome: Outcome): void {
    this.#byLabel.set(outcome.label, outcome);
    for (const { keyId, team } of outcome.label.keys) {
      this.#byKey.set(keyId, outcome);
      this.#byTeam.set(team, [...(this.#byTeam.get(team) ?? []), outcome]);
    }
  }
}

function newOutcome(label: Label): Outcome {
  return {
    ...{ label, firstAt: 0, usd: 0, found: new Map<string, Found>(), foundLate: new Set<string>() },
    most: { bits: 0, evidence: 'no evidence' },
  };
}

function credit(outcome: Outcome, { rule, at, bits, evidence }: Alert): void {
  const { label, firstAt, found, foundLate, usd } = outcome;
  if (firstAt === 0 || at > label.endAt + GRACE_MS) return;
  if (bits > outcome.most.bits) outcome.most = { bits, evidence };
  if (at >= label.startAt) foundLate.add(rule);
  if (!found.has(rule)) found.set(rule, { at, usdBefore: usd });
}
