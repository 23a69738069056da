import { DAY_MS, HOUR_MS } from './call.ts';
import type { Call } from './call.ts';
import { OWN_MODELS, someModel } from './catalog.ts';
import type { Model } from './catalog.ts';
import type { Happenings } from './happenings.ts';
import type { Random } from './random.ts';

export type Caller = Pick<Call, 'ip' | 'client'>;

export interface Era {
  /** Epoch milliseconds, whole days. */
  startAt: number;
  endAt: number;
}

/** Everything here hits many keys at once. */
export interface Weather extends Era {
  outage: { from: number; to: number };
  /** The organisation moves from one model to another, team by team within three days. */
  migration: { from: string; to: Model; at: number };
}

interface Change {
  from: number;
  to: number;
  factor: number;
}

export interface WorkloadOptions {
  random: Random;
  weather: Weather;
  happenings: Happenings;
  /** Hours of use in a day, to share out the dollars. */
  hoursPerDay: number;
}

const OWN_SHARE = 0.05;
const MEDIAN_DAY_USD = 2;
const SPREAD = 1.5;
const MOST_DEARER = 8;
/** One call seldom costs more: who spends more makes more calls, up to one in each 5 minutes. */
const CALL_USD = 0.4;
const MOST_CALLS = 12;

/** How much a key is used and what it pays: growth, launches, bursts, changes of models, days that are like no other. */
export class Workload {
  readonly usdPerHour: number;
  /** What a key's owner spends in an hour of the mean day. */
  readonly meanHourUsd: number;
  readonly #options: WorkloadOptions;
  readonly #models: { model: Model; weight: number }[];
  readonly #changes: Change[] = [];
  readonly #growthPerWeek: number;
  readonly #moves: { at: number; from: string; to: Model }[] = [];
  readonly #basePrice: number;
  #mood = 0;

  constructor(options: WorkloadOptions) {
    const { random, weather, hoursPerDay } = options;
    this.#options = options;
    const isOwn = random.chance(OWN_SHARE);
    const count = 1 + random.int(3);
    this.#models = Array.from({ length: count }, (_, at) => ({
      model: isOwn ? random.pick(OWN_MODELS) : someModel(random),
      weight: at === 0 ? 8 : random.between(0.3, 3),
    }));
    this.#basePrice = this.#models[0]?.model.usdPerMillion ?? 0;
    const dayUsd = random.logNormal(MEDIAN_DAY_USD, SPREAD);
    this.usdPerHour = isOwn ? 0 : dayUsd / hoursPerDay;
    this.meanHourUsd = isOwn ? 0 : dayUsd / 24;
    this.#growthPerWeek = random.between(-0.02, 0.05);
    this.#planLaunch();
    this.#planBursts();
    this.#planMoves(weather);
  }

  /** Times the usual. */
  level(ts: number): number {
    const weeks = (ts - this.#options.weather.startAt) / (7 * DAY_MS);
    let level = (1 + this.#growthPerWeek) ** weeks;
    for (const { from, to, factor } of this.#changes) if (ts >= from && ts < to) level *= factor;
    return level;
  }

  /** Once for each hour of use: today's load is like yesterday's, not the same. */
  mood(): number {
    this.#mood = 0.85 * this.#mood + 0.2 * this.#options.random.normal();
    return Math.exp(this.#mood);
  }

  someModel(ts: number): Model {
    const { random } = this.#options;
    let { model } = random.weighted(this.#models.map((one) => [one, one.weight] as const));
    for (const { at, from, to } of this.#moves) if (ts >= at && model.name === from) model = to;
    return model;
  }

  /** Calls of one hour, at least so many. `share`: of a usual hour's dollars. */
  calls(hour: number, least: number, share: number, callerAt: (ts: number) => Caller): Call[] {
    const { random, weather } = this.#options;
    const hourUsd = this.usdPerHour * share * this.level(hour * HOUR_MS) * this.mood();
    const count = Math.max(least, Math.min(MOST_CALLS, Math.ceil(hourUsd / CALL_USD)));
    const calls: Call[] = [];
    for (let index = 0; index < count; index += 1) {
      const ts = hour * HOUR_MS + random.int(HOUR_MS);
      const { ip, client } = callerAt(ts);
      const { model, usd, tokens } = this.price(ts, hourUsd / count);
      const call = { ts, ip, client, model, usd, tokens };
      const isDown = ts >= weather.outage.from && ts < weather.outage.to;
      if (isDown) calls.push(...this.#retries(call));
      else calls.push(random.chance(0.01) ? failed(call, 'rate_limited') : { ...call, outcome: 'ok' });
    }
    return calls;
  }

  /** The dollars are those of the model the key began with; a dearer one makes the same tokens dearer. */
  price(ts: number, usd: number): { model: Model; usd: number; tokens: number } {
    const { random } = this.#options;
    const model = this.someModel(ts);
    const noise = random.logNormal(1, 0.6);
    const tokens =
      this.#basePrice === 0 ? random.logNormal(4_000, 1) : ((usd * noise) / this.#basePrice) * 1_000_000;
    return { model, tokens: Math.ceil(tokens), usd: (tokens * model.usdPerMillion) / 1_000_000 };
  }

  #retries(call: Omit<Call, 'outcome'>): Call[] {
    return [0, 20_000, 60_000].map((after) => failed({ ...call, ts: call.ts + after }, 'upstream_error'));
  }

  #planLaunch(): void {
    const { random, weather, happenings } = this.#options;
    if (!random.chance(0.15)) return;
    const at = random.between(weather.startAt, weather.endAt);
    this.#changes.push({ from: at, to: Infinity, factor: random.between(1.5, 3.5) });
    happenings.add('launch', at, at + 3 * DAY_MS);
  }

  /** About every twelve days, for some hours. */
  #planBursts(): void {
    const { random, weather, happenings } = this.#options;
    for (let at = weather.startAt; at < weather.endAt;) {
      at += -12 * DAY_MS * Math.log(1 - random.next());
      const to = at + random.between(0.5, 5.5) * HOUR_MS;
      this.#changes.push({ from: at, to, factor: random.between(1.5, 4) });
      happenings.add('burst', at, to);
    }
  }

  #planMoves({ startAt, endAt, migration }: Weather): void {
    const { random, happenings } = this.#options;
    const first = this.#models[0]?.model;
    if (first === undefined || first.usdPerMillion === 0) return;
    if (this.#models.some(({ model }) => model.name === migration.from)) {
      const at = migration.at + random.between(0, 3 * DAY_MS);
      this.#moves.push({ ...migration, at });
      happenings.add('model migration of all', at, at + 2 * DAY_MS);
    }
    if (!random.chance(0.12)) return;
    const at = random.between(startAt, endAt);
    const to = someModel(random);
    // Nobody moves all their calls to something a hundred times as dear.
    if (to.usdPerMillion > MOST_DEARER * first.usdPerMillion) return;
    this.#moves.push({ at, from: first.name, to });
    happenings.add('model migration', at, at + 2 * DAY_MS);
  }
}

function failed(call: Omit<Call, 'outcome'>, outcome: Call['outcome']): Call {
  return { ...call, outcome, usd: 0, tokens: 0 };
}
