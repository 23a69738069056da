import { sureDistanceKm } from '../../detectors/lib/distance.ts';
import type { Context } from '../../detectors/detector.ts';
import type { Event, KeyId } from '../../detectors/event.ts';
import { DAY_MS, HOUR_MS } from './call.ts';

export const NAIVE_RULES = [
  'new country',
  'new ASN',
  'impossible travel',
  'hour > mean + 3 sigma',
  '24 h > 3 x 14-day mean + $1',
] as const;
export type NaiveRule = (typeof NAIVE_RULES)[number];

const WEEK_HOURS = 168;
const LONG_HOURS = 336;
const MIN_TRAVEL_KM = 500;
const MAX_SPEED_KMH = 900;

interface Memory {
  countries: Set<string>;
  asns: Set<number>;
  place: { latitude: number; longitude: number; ts: number } | undefined;
  /** Dollars by hour, the last two weeks; `hour` is the one that runs. */
  hours: Float64Array;
  hour: number;
  since: number;
  sum: number;
  squares: number;
  longSum: number;
  daySum: number;
  saidAt: Partial<Record<NaiveRule, number>>;
}

/** What is often used instead: each rule speaks once a day for a key. A rule that has just spoken stays quiet for 24 h. */
export class NaiveRules {
  readonly #keys = new Map<KeyId, Memory>();

  take({ keyId, ts, costUsd }: Event, { place, network }: Context): NaiveRule[] {
    let memory = this.#keys.get(keyId);
    if (memory === undefined) {
      memory = newMemory(ts);
      this.#keys.set(keyId, memory);
    }
    const said: NaiveRule[] = [];
    if (place !== undefined && isNew(memory.countries, place.country)) said.push('new country');
    if (network !== undefined && network.asn !== 0 && isNew(memory.asns, network.asn)) said.push('new ASN');
    if (place !== undefined && travels(memory, place, ts)) said.push('impossible travel');
    if (place !== undefined) memory.place = { ...place, ts };
    said.push(...spends(memory, ts, costUsd));
    return said.filter((rule) => speaks(memory, rule, ts));
  }
}

function newMemory(ts: number): Memory {
  return {
    ...{ countries: new Set<string>(), asns: new Set<number>(), place: undefined },
    ...{ hours: new Float64Array(LONG_HOURS), hour: Math.floor(ts / HOUR_MS), since: ts },
    ...{ sum: 0, squares: 0, longSum: 0, daySum: 0, saidAt: {} },
  };
}

function speaks({ saidAt }: Memory, rule: NaiveRule, ts: number): boolean {
  const last = saidAt[rule];
  if (last !== undefined && ts - last < DAY_MS) return false;
  saidAt[rule] = ts;
  return true;
}

function isNew<Item>(seen: Set<Item>, item: Item): boolean {
  if (seen.has(item)) return false;
  seen.add(item);
  return true;
}

function travels(
  { place: last }: Memory,
  place: { latitude: number; longitude: number },
  ts: number,
): boolean {
  if (last === undefined) return false;
  // The naive rule takes the coordinates for what they say.
  const km = sureDistanceKm({ ...last, radiusKm: 0 }, { ...place, radiusKm: 0 });
  const hours = Math.max(1 / 3_600, (ts - last.ts) / HOUR_MS);
  return km > MIN_TRAVEL_KM && km / hours > MAX_SPEED_KMH;
}

function spends(memory: Memory, ts: number, usd: number): NaiveRule[] {
  const hour = Math.floor(ts / HOUR_MS);
  while (memory.hour < hour) nextHour(memory);
  const at = memory.hour % LONG_HOURS;
  memory.hours[at] = (memory.hours[at] ?? 0) + usd;
  const age = memory.hour - Math.floor(memory.since / HOUR_MS);
  if (usd === 0 || age < 24) return [];
  const said: NaiveRule[] = [];
  const hourUsd = memory.hours[at] ?? 0;
  const count = Math.min(WEEK_HOURS, age);
  const mean = memory.sum / count;
  const sigma = Math.sqrt(Math.max(0, memory.squares / count - mean * mean));
  if (hourUsd > mean + 3 * sigma && hourUsd > mean + 0.01) said.push('hour > mean + 3 sigma');
  const meanDay = (memory.longSum / Math.min(LONG_HOURS, age)) * 24;
  if (memory.daySum + hourUsd > 3 * meanDay + 1) said.push('24 h > 3 x 14-day mean + $1');
  return said;
}

/** Closes the running hour: it joins the sums of a week, two weeks and a day, and the oldest of each leaves. */
function nextHour(memory: Memory): void {
  const { hours, hour } = memory;
  const closed = hours[hour % LONG_HOURS] ?? 0;
  const ofWeek = hours[(hour + LONG_HOURS - WEEK_HOURS) % LONG_HOURS] ?? 0;
  const ofDay = hours[(hour + LONG_HOURS - 23) % LONG_HOURS] ?? 0;
  const oldest = hours[(hour + 1) % LONG_HOURS] ?? 0;
  memory.sum += closed - ofWeek;
  memory.squares += closed * closed - ofWeek * ofWeek;
  memory.daySum += closed - ofDay;
  memory.longSum += closed - oldest;
  memory.hour = hour + 1;
  hours[memory.hour % LONG_HOURS] = 0;
}
