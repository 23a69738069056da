import { DAY_MS } from '../call.ts';
import type { SimulatedKey } from '../fleet.ts';
import type { Organisation } from '../organisation.ts';
import { Random } from '../random.ts';
import type { Era } from '../workload.ts';
import { IDENTITY_SCENARIOS, SPEND_SCENARIOS } from './attack.ts';
import type { Attack, IdentityScenario, SpendScenario } from './attack.ts';
import { createOveruse } from './overuse.ts';
import { createTheft } from './theft.ts';

export interface PlanOptions {
  seed: number;
  organisation: Organisation;
  keys: readonly SimulatedKey[];
  era: Era;
  poisons: boolean;
}

const IDENTITY_SHARE = 0.14;
const SPEND_SHARE = 0.1;
/** Room before it for two weeks without attacks and ten days of warm-up, behind it for the attack. */
const FIRST_DAY = 24;
const LAST_DAYS = 4;

/** Chooses the victims: each scenario gets its share, each key at most one attack. */
export function planAttacks(options: PlanOptions): Attack[] {
  const random = new Random(options.seed, 2);
  const free = new Set(options.keys.filter(({ bornAt }) => bornAt === options.era.startAt));
  return [
    ...planReleases(options, random, free),
    ...planThefts(options, random, free),
    ...planOveruses(options, random, free),
  ];
}

function startIn({ startAt, endAt }: Era, random: Random): number {
  return random.between(startAt + FIRST_DAY * DAY_MS, endAt - LAST_DAYS * DAY_MS);
}

function planThefts(options: PlanOptions, random: Random, free: Set<SimulatedKey>): Attack[] {
  const { keys, era, seed, organisation, poisons } = options;
  const each = Math.max(1, Math.round((IDENTITY_SHARE * keys.length) / IDENTITY_SCENARIOS.length));
  const attacks: Attack[] = [];
  for (const [at, scenario] of IDENTITY_SCENARIOS.entries()) {
    let dumped: { startAt: number; source: Random; left: number } | undefined;
    for (let count = 0; count < each; count += 1) {
      const victim = take(random, free, (key) => isEligible(key, scenario));
      if (victim === undefined) break;
      let startAt = startIn(era, random);
      const id = attacks.length;
      let source = new Random(seed, 5, at, count);
      if (scenario === 'dumped set of keys') {
        if (dumped === undefined || dumped.left === 0)
          dumped = { startAt, source: new Random(seed, 6, count), left: 4 + random.int(5) };
        dumped.left -= 1;
        startAt = dumped.startAt + random.between(0, 40) * 60_000;
        source = new Random(seed, 6, dumped.startAt % 2 ** 31);
      }
      if (scenario === 'dormant key') victim.silentFrom = startAt - random.between(8, 12) * DAY_MS;
      const own = new Random(seed, 7, at, count);
      attacks.push(
        createTheft({ id, scenario, victim, startAt, source, random: own, organisation, era, poisons }),
      );
    }
  }
  return attacks;
}

/** Only what is in a cloud can be attacked from the same one. */
function isEligible({ archetype }: SimulatedKey, scenario: IdentityScenario): boolean {
  if (scenario !== 'same cloud') return true;
  return archetype === 'server' || archetype === 'pipeline' || archetype === 'batch';
}

function planOveruses(options: PlanOptions, random: Random, free: Set<SimulatedKey>): Attack[] {
  const { keys, era, seed } = options;
  const scenarios = SPEND_SCENARIOS.filter((one) => one !== 'release of a whole team');
  const each = Math.max(1, Math.round((SPEND_SHARE * keys.length) / scenarios.length));
  const attacks: Attack[] = [];
  for (const [at, scenario] of scenarios.entries()) {
    for (let count = 0; count < each; count += 1) {
      const victim = take(random, free, ({ life }) => life.workload.usdPerHour > 0);
      if (victim === undefined) break;
      const own = new Random(seed, 8, at, count);
      const id = 100_000 + at * 1_000 + count;
      const startAt = startIn(era, random);
      attacks.push(createOveruse({ id, scenario, keys: [victim], startAt, random: own, era }));
    }
  }
  return attacks;
}

function planReleases(options: PlanOptions, random: Random, free: Set<SimulatedKey>): Attack[] {
  const { keys, era, seed } = options;
  const scenario: SpendScenario = 'release of a whole team';
  const count = Math.max(1, Math.round(keys.length / 400));
  return Array.from({ length: count }, (_, at) => {
    const { team } = random.pick([...free]);
    const members = keys.filter((key) => key.team === team);
    for (const key of members) free.delete(key);
    const own = new Random(seed, 9, at);
    const startAt = startIn(era, random);
    return createOveruse({ id: 200_000 + at, scenario, keys: members, startAt, random: own, era });
  });
}

function take(
  random: Random,
  free: Set<SimulatedKey>,
  isWanted: (key: SimulatedKey) => boolean,
): SimulatedKey | undefined {
  const wanted = [...free].filter(isWanted);
  if (wanted.length === 0) return undefined;
  const key = random.pick(wanted);
  free.delete(key);
  return key;
}
