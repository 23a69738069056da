import type { KeyId } from '../event.ts';

/** What a team has spent in one minute, as far as it is added up. */
export interface TeamMinute {
  team: string;
  /** Epoch milliseconds of the minute's start. */
  minute: number;
  calls: number;
  totalTokens: number;
  costUsd: number;
  keys: Map<KeyId, { keyAlias: string; costUsd: number }>;
}

type SavedMinute = Omit<TeamMinute, 'keys'> & { keys: [KeyId, { keyAlias: string; costUsd: number }][] };

/** Minutes of teams that more may still be added to. */
export class MinuteBook {
  /** By team, then minute. */
  readonly #open = new Map<string, Map<number, TeamMinute>>();
  #last: TeamMinute | undefined;

  of(team: string, minute: number): TeamMinute {
    if (this.#last?.minute === minute && this.#last.team === team) return this.#last;
    const minutes = this.#minutesOf(team);
    let open = minutes.get(minute);
    if (open === undefined) {
      open = { team, minute, calls: 0, totalTokens: 0, costUsd: 0, keys: new Map() };
      minutes.set(minute, open);
    }
    this.#last = open;
    return open;
  }

  /** Removes the minutes before this one; in order of time, then team. */
  takeBefore(minute: number): TeamMinute[] {
    this.#last = undefined;
    const taken: TeamMinute[] = [];
    for (const [team, minutes] of this.#open) {
      for (const open of minutes.values()) {
        if (open.minute >= minute) continue;
        minutes.delete(open.minute);
        taken.push(open);
      }
      if (minutes.size === 0) this.#open.delete(team);
    }
    return taken.sort((a, b) => a.minute - b.minute || (a.team < b.team ? -1 : 1));
  }

  save(): SavedMinute[] {
    return [...this.#open.values()]
      .flatMap((minutes) => [...minutes.values()])
      .map((one) => ({ ...one, keys: [...one.keys] }));
  }

  restore(saved: readonly SavedMinute[]): void {
    for (const one of saved) this.#minutesOf(one.team).set(one.minute, { ...one, keys: new Map(one.keys) });
  }

  #minutesOf(team: string): Map<number, TeamMinute> {
    let minutes = this.#open.get(team);
    if (minutes === undefined) {
      minutes = new Map();
      this.#open.set(team, minutes);
    }
    return minutes;
  }
}

export function addSpend(
  { keys }: TeamMinute,
  { keyId, keyAlias, costUsd }: { keyId: KeyId; keyAlias: string; costUsd: number },
): void {
  const key = keys.get(keyId);
  if (key === undefined) keys.set(keyId, { keyAlias, costUsd });
  else key.costUsd += costUsd;
}

/** The keys that spent most, largest first. */
export function largestOf({ keys }: TeamMinute, max: number) {
  const largest = [...keys].sort(([a, one], [b, other]) => other.costUsd - one.costUsd || (a < b ? -1 : 1));
  return largest.slice(0, max).map(([keyId, { keyAlias, costUsd }]) => ({ keyId, keyAlias, costUsd }));
}
