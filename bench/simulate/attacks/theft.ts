import { DAY_MS, HOUR_MS } from '../call.ts';
import type { Call } from '../call.ts';
import { dearModel, MODELS, thiefsClient } from '../catalog.ts';
import type { Model } from '../catalog.ts';
import type { SimulatedKey } from '../fleet.ts';
import type { Organisation } from '../organisation.ts';
import { Random } from '../random.ts';
import type { Era } from '../workload.ts';
import type { Attack, IdentityScenario, Label } from './attack.ts';
import { createSource } from './source.ts';
import type { Source } from './source.ts';

export interface TheftOptions {
  id: number;
  scenario: IdentityScenario;
  victim: SimulatedKey;
  startAt: number;
  /** Same for all keys that are used from the same place. */
  source: Random;
  random: Random;
  organisation: Organisation;
  era: Era;
  poisons: boolean;
}

/** Some hours of use. */
interface Phase {
  from: number;
  to: number;
  /** Chance that an hour of it is used. */
  chance: number;
  calls: readonly [least: number, most: number];
  usdPerHour: number;
  isProbe?: boolean;
  isWarmUp?: boolean;
}

const WARM_UP_DAYS = 10;
/** The thief saw the program the key lay in, and asks for the same model. */
const KNOWS_MODEL = 0.4;

/** Somebody else uses the key, besides its owner. */
export function createTheft(options: TheftOptions): Attack {
  const { random, victim, startAt, era, scenario, id } = options;
  const client = scenario === 'relay' ? relayClient(random) : thiefsClient(random);
  const ownersModel = victim.life.workload.someModel(startAt);
  const models = random.chance(KNOWS_MODEL)
    ? [ownersModel]
    : Array.from({ length: scenario === 'relay' ? 5 : 1 + random.int(3) }, () => dearModel(random));
  const source = createSource(scenario, options);
  const { phases, manner } = plan(options);
  const endAt = Math.min(era.endAt, Math.max(...phases.map(({ to }) => to)));
  const fromAt = Math.min(...phases.map(({ from }) => from));
  const named = `${manner}, ${client === victim.life.callerAt(startAt).client ? 'same program' : 'other program'}`;
  const label: Label = {
    ...{ id, family: 'identity', scenario, keys: [victim], team: undefined },
    ...{ fromAt, startAt, endAt, manner: named },
  };
  // Chance of its own for the warm-up, so that what follows is the same with and without it.
  const quiet = new Random(id, startAt % 2 ** 31);
  const make = (phase: Phase, hour: number) =>
    callsOf(phase, hour, { random: phase.isWarmUp === true ? quiet : random, client, models, source });
  return {
    label,
    callsIn: (hour) =>
      phases
        .filter(({ from, to }) => (hour + 1) * HOUR_MS > from && hour * HOUR_MS < to)
        .flatMap((phase) => make(phase, hour))
        .map((call) => ({ key: victim, call })),
  };
}

/** How much is wanted, and how fast. */
function plan(options: TheftOptions): { phases: Phase[]; manner: string } {
  const { scenario, random, startAt } = options;
  const isDrain = random.chance(0.55);
  const usdPerHour = random.logNormal(isDrain ? 4 : 0.2, 1);
  const drain = (from: number): Phase => {
    const to = from + random.between(2, 12) * HOUR_MS;
    const most = random.pick([12, 25, 50]);
    return { from, to, chance: 1, calls: [most / 2, most], usdPerHour };
  };
  const phases = [drain(startAt)];
  let manner = 'drain';
  if (scenario === 'relay') {
    const to = startAt + random.between(3, 7) * DAY_MS;
    phases[0] = { from: startAt, to, chance: 0.7, calls: [4, 15], usdPerHour: random.logNormal(1, 1) };
    manner = 'all day';
  } else if (scenario === 'probe, then burst') {
    const probe: Phase = {
      ...{ from: startAt, to: startAt + HOUR_MS, chance: 1, calls: [5, 15], usdPerHour: 0.02, isProbe: true },
    };
    phases.splice(0, 1, probe, drain(startAt + random.between(6, 44) * HOUR_MS));
    manner = 'probe, drain';
  } else if (scenario !== 'ten days of warm-up, then burst' && !isDrain) {
    const to = startAt + random.between(1, 4) * DAY_MS;
    phases[0] = { from: startAt, to, chance: 0.25, calls: [1, 4], usdPerHour };
    manner = 'quiet';
  }
  if (options.poisons || scenario === 'ten days of warm-up, then burst') phases.push(...warmUp(options));
  return { phases, manner };
}

/** One quiet session a day. */
function warmUp({ startAt, victim }: TheftOptions): Phase[] {
  return Array.from({ length: WARM_UP_DAYS }, (_, at) => {
    const hour = Math.floor(startAt / HOUR_MS) - (WARM_UP_DAYS - at) * 24 + ((at * 7 + victim.index) % 5);
    const from = hour * HOUR_MS;
    return { from, to: from + HOUR_MS, chance: 1, calls: [1, 3], usdPerHour: 0.01, isWarmUp: true };
  });
}

interface Hands {
  random: Random;
  client: string;
  models: readonly Model[];
  source: Source;
}

function callsOf(phase: Phase, hour: number, { random, client, models, source }: Hands): Call[] {
  if (!random.chance(phase.chance)) return [];
  const [least, most] = phase.calls;
  const count = Math.round(random.between(least, most));
  const from = Math.max(phase.from, hour * HOUR_MS);
  const to = Math.min(phase.to, (hour + 1) * HOUR_MS);
  return Array.from({ length: count }, () => {
    const ts = Math.floor(random.between(from, to));
    const model = phase.isProbe === true ? random.pick(MODELS) : random.pick(models);
    const isRefused = phase.isProbe === true && random.chance(0.4);
    const usd = isRefused ? 0 : (phase.usdPerHour / count) * random.logNormal(1, 0.5);
    const tokens = Math.ceil(model.usdPerMillion === 0 ? 2_000 : (usd / model.usdPerMillion) * 1_000_000);
    const ip = source(ts);
    const outcome = isRefused ? 'model_denied' : 'ok';
    return { ts, ip, client, model, usd: model.usdPerMillion === 0 ? 0 : usd, tokens, outcome };
  });
}

function relayClient(random: Random): string {
  return random.weighted([
    ['node', 4],
    ['go', 4],
    ['openai-python', 3],
    ['litellm', 2],
    ['open-webui', 1],
  ]);
}
