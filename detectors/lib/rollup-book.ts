import type { Rollup } from '../detector.ts';
import type { Event, KeyId } from '../event.ts';

const MINUTE_MS = 60_000;
/** A minute is closed when event time is this far past its end; what comes later is booked on the oldest open one. */
const LATENESS_MS = 2 * MINUTE_MS;
const MAX_KEYS = 8;

interface OpenMinute {
  team: string;
  minute: number;
  calls: number;
  totalTokens: number;
  costUsd: number;
  keys: Map<KeyId, { keyAlias: string; costUsd: number }>;
}

/** Spend per team and minute, until the minute is over. Each is given out once, and no call is left out. */
export class RollupBook {
  readonly #partition: number;
  /** By team, then minute. */
  readonly #open = new Map<string, Map<number, OpenMinute>>();
  /** Minutes before this one are closed. */
  #openFrom = 0;
  #watermark = 0;
  #isChanged = false;
  #last: OpenMinute | undefined;

  constructor(partition: number) {
    this.#partition = partition;
  }

  add(event: Event): void {
    if (event.ts > this.#watermark) this.#watermark = event.ts;
    if (event.team === '') return;
    this.#isChanged = true;
    const minute = Math.max(this.#openFrom, Math.floor(event.ts / MINUTE_MS) * MINUTE_MS);
    const open = this.#minuteOf(event.team, minute);
    open.calls += 1;
    open.totalTokens += event.totalTokens;
    open.costUsd += event.costUsd;
    const key = open.keys.get(event.keyId);
    if (key === undefined) open.keys.set(event.keyId, { keyAlias: event.keyAlias, costUsd: event.costUsd });
    else key.costUsd += event.costUsd;
  }

  moveTo(watermark: number): void {
    if (watermark > this.#watermark) this.#watermark = watermark;
  }

  drain(): Rollup[] {
    const openFrom = Math.floor((this.#watermark - LATENESS_MS) / MINUTE_MS) * MINUTE_MS;
    if (openFrom <= this.#openFrom) return [];
    this.#openFrom = openFrom;
    this.#last = undefined;
    this.#isChanged = true;
    const rollups: Rollup[] = [];
    for (const [team, minutes] of this.#open) {
      for (const open of minutes.values()) {
        if (open.minute >= openFrom) continue;
        minutes.delete(open.minute);
        rollups.push(this.#toRollup(open));
      }
      if (minutes.size === 0) this.#open.delete(team);
    }
    return rollups.sort((a, b) => a.minute - b.minute || (a.team < b.team ? -1 : 1));
  }

  /** True once after each change. */
  takeChanged(): boolean {
    const isChanged = this.#isChanged;
    this.#isChanged = false;
    return isChanged;
  }

  save(): string {
    const open = [...this.#open.values()]
      .flatMap((minutes) => [...minutes.values()])
      .map((one) => ({ ...one, keys: [...one.keys] }));
    return JSON.stringify({ openFrom: this.#openFrom, watermark: this.#watermark, open });
  }

  restore(text: string): void {
    const saved = JSON.parse(text) as {
      openFrom: number;
      watermark: number;
      open: (Omit<OpenMinute, 'keys'> & { keys: [KeyId, { keyAlias: string; costUsd: number }][] })[];
    };
    this.#openFrom = saved.openFrom;
    this.#watermark = saved.watermark;
    for (const one of saved.open)
      this.#minutesOf(one.team).set(one.minute, { ...one, keys: new Map(one.keys) });
  }

  #minuteOf(team: string, minute: number): OpenMinute {
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

  #minutesOf(team: string): Map<number, OpenMinute> {
    let minutes = this.#open.get(team);
    if (minutes === undefined) {
      minutes = new Map();
      this.#open.set(team, minutes);
    }
    return minutes;
  }

  #toRollup({ team, minute, calls, totalTokens, costUsd, keys }: OpenMinute): Rollup {
    const largest = [...keys].sort((a, b) => b[1].costUsd - a[1].costUsd).slice(0, MAX_KEYS);
    return {
      team,
      minute,
      partition: this.#partition,
      calls,
      totalTokens,
      costUsd,
      keys: largest.map(([keyId, { keyAlias, costUsd: usd }]) => ({ keyId, keyAlias, costUsd: usd })),
    };
  }
}
