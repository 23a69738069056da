const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

export interface Caps {
  per10min: number;
  perHour: number;
  perDay: number;
  fleetPercent: number;
  teamPercent: number;
}

/** How many keys there are to protect; unknown numbers count as zero, and every share allows one key. */
export interface Fleet {
  activeKeys: number;
  keysByTeam: ReadonlyMap<string, number>;
}

/** An automatic block that was decided. */
interface Block {
  actionId: string;
  at: number;
  team: string;
}

export type CapName = 'caps-10-minutes' | 'caps-hour' | 'caps-day' | 'caps-fleet' | 'caps-team';

/** Counts automatic blocks: a bug, or a change that makes many keys look stolen, must not take out a fleet. */
export class CapCounter {
  readonly #caps: Caps;
  #blocks: Block[] = [];
  #fleet: Fleet = { activeKeys: 0, keysByTeam: new Map() };

  constructor(caps: Caps) {
    this.#caps = caps;
  }

  setFleet(fleet: Fleet): void {
    this.#fleet = fleet;
  }

  /** The cap that one more block of this team's key would exceed. A share of the fleet counts over an hour, a share of a
   *  team over a day. */
  reached(team: string, now: number): CapName | undefined {
    const within = (windowMs: number) => this.#blocks.filter(({ at }) => at > now - windowMs);
    const ofTeam = within(DAY_MS).filter((block) => block.team === team).length;
    if (within(10 * MINUTE_MS).length >= this.#caps.per10min) return 'caps-10-minutes';
    if (within(HOUR_MS).length >= this.#caps.perHour) return 'caps-hour';
    if (within(DAY_MS).length >= this.#caps.perDay) return 'caps-day';
    if (within(HOUR_MS).length >= share(this.#fleet.activeKeys, this.#caps.fleetPercent)) return 'caps-fleet';
    if (team !== '' && ofTeam >= share(this.#fleet.keysByTeam.get(team) ?? 0, this.#caps.teamPercent))
      return 'caps-team';
    return undefined;
  }

  note(block: Block): void {
    this.#blocks = [...this.#blocks.filter(({ at }) => at > block.at - DAY_MS), block];
  }

  /** Nothing was done after all: a forged log must not use up the caps. */
  release(actionId: string): void {
    this.#blocks = this.#blocks.filter((block) => block.actionId !== actionId);
  }

  save(): Block[] {
    return this.#blocks;
  }

  restore(blocks: Block[]): void {
    this.#blocks = blocks;
  }
}

/** The whole is no limit, also while the count is not known. */
function share(count: number, percent: number): number {
  if (percent >= 100) return Infinity;
  return percent === 0 ? 0 : Math.max(1, Math.floor((count * percent) / 100));
}
