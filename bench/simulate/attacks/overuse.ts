import { HOUR_MS } from '../call.ts';
import type { Call } from '../call.ts';
import { OWN_MODELS } from '../catalog.ts';
import type { SimulatedKey } from '../fleet.ts';
import type { Random } from '../random.ts';
import type { Era } from '../workload.ts';
import type { Attack, Label, SpendScenario } from './attack.ts';

export interface OveruseOptions {
  id: number;
  scenario: SpendScenario;
  keys: readonly SimulatedKey[];
  startAt: number;
  random: Random;
  era: Era;
}

interface Shape {
  hours: number;
  /** Dollars an hour on top of what is usual: in the mean hour of a day, and in an hour of use. `part` runs from 0 to 1
   *  over the time. */
  extraUsd(usualUsd: number, part: number, busyUsd: number): number;
  /** Calls that fail for each one that succeeds. */
  failures?: number;
  /** Tokens an hour for nothing. */
  freeTokens?: number;
}

const SHAPES: Readonly<Record<SpendScenario, Shape>> = {
  '$50 an hour for 6 h': { hours: 6, extraUsd: () => 50 },
  '10 times for 12 h': { hours: 12, extraUsd: (usual) => 9 * usual },
  '4 times for 24 h': { hours: 24, extraUsd: (usual) => 3 * usual },
  '$1 an hour for 5 days': { hours: 120, extraUsd: () => 1 },
  '2 times for 6 h': { hours: 6, extraUsd: (usual) => usual },
  'ramp to 20 times in 24 h': { hours: 24, extraUsd: (usual, part) => 19 * usual * part },
  'tokens that cost nothing': { hours: 12, extraUsd: () => 0, freeTokens: 20_000_000 },
  'retry storm': { hours: 3, extraUsd: (_usual, _part, busy) => 5 * busy, failures: 4 },
  'release of a whole team': { hours: 8, extraUsd: (usual) => 6 * usual },
};
const BUCKET_MS = 300_000;

/** The owner's own networks and programs: nothing but the amount is unusual. */
export function createOveruse(options: OveruseOptions): Attack {
  const { id, scenario, keys, startAt, era, random } = options;
  const shape = SHAPES[scenario];
  const endAt = Math.min(era.endAt, startAt + shape.hours * HOUR_MS);
  const label: Label = {
    ...{ id, family: 'spend', scenario, keys, fromAt: startAt, startAt, endAt },
    team: keys.length > 1 ? keys[0]?.team : undefined,
    manner: usualWords(keys),
  };
  const times = (hour: number) => {
    const first = Math.max(startAt, hour * HOUR_MS);
    const buckets = Math.ceil((Math.min(endAt, (hour + 1) * HOUR_MS) - first) / BUCKET_MS);
    return Array.from({ length: Math.max(0, buckets) }, (_, at) => first + (at + random.next()) * BUCKET_MS);
  };
  return {
    label,
    callsIn: (hour) =>
      keys.flatMap((key) =>
        times(hour)
          .filter((ts) => ts < endAt)
          .flatMap((ts) => callsAt(key, Math.floor(ts), shape, options).map((call) => ({ key, call }))),
      ),
  };
}

function callsAt(key: SimulatedKey, ts: number, shape: Shape, { startAt, random }: OveruseOptions): Call[] {
  const { life } = key;
  const caller = life.callerAt(ts);
  if (shape.freeTokens !== undefined) {
    const tokens = Math.ceil(shape.freeTokens / 12);
    return [{ ts, ...caller, model: random.pick(OWN_MODELS), usd: 0, tokens, outcome: 'ok' }];
  }
  const part = (ts - startAt) / (shape.hours * HOUR_MS);
  const { workload } = life;
  const level = workload.level(startAt);
  const usd =
    (shape.extraUsd(workload.meanHourUsd * level, part, workload.usdPerHour * level) / 12) *
    random.logNormal(1, 0.2);
  const model = workload.someModel(startAt);
  const price = model.usdPerMillion === 0 ? 1 : model.usdPerMillion;
  const call: Call = {
    ts,
    ...caller,
    model,
    usd,
    tokens: Math.ceil((usd / price) * 1_000_000),
    outcome: 'ok',
  };
  const failures = Array.from({ length: shape.failures ?? 0 }, (_, at): Call => {
    return { ...call, ts: ts + at * 2_000, usd: 0, tokens: 0, outcome: 'upstream_error' };
  });
  return [call, ...failures];
}

function usualWords(keys: readonly SimulatedKey[]): string {
  const dayUsd = keys.reduce((sum, { life }) => sum + life.workload.meanHourUsd * 24, 0);
  if (dayUsd < 1) return 'usually under $1 a day';
  if (dayUsd < 10) return 'usually $1 to $10 a day';
  return dayUsd < 50 ? 'usually $10 to $50 a day' : 'usually over $50 a day';
}
