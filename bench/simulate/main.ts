import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { tuneGarbageCollection } from '../../services/garbage-collection.ts';
import { whatHappened } from './causes.ts';
import { gatesOf } from './gates.ts';
import { NAIVE_RULES } from './naive-rules.ts';
import { openAddresses } from './real-addresses.ts';
import { reportOf } from './report.ts';
import { runSeed } from './run.ts';
import type { RunResult } from './run.ts';
import { measure, Results, SCENARIOS } from './tally.ts';

/** `npm run bench:simulate`, `-- --seeds 5 --keys 1620 --days 35`, `-- --quick`, `-- --json results.json`: how many thefts and
 *  how much waste is found in simulated organisations, how fast, and how often nothing was wrong. */
const { values } = parseArgs({
  options: {
    seeds: { type: 'string' },
    keys: { type: 'string' },
    days: { type: 'string', default: '35' },
    quick: { type: 'boolean', default: false },
    json: { type: 'string' },
  },
});
const seeds = Number(values.seeds ?? (values.quick ? 1 : 5));
const keys = Number(values.keys ?? (values.quick ? 150 : 1_620));
const days = Number(values.days);
const LEAST_DAYS = 30;
if (!(seeds >= 1 && keys >= 50 && days >= LEAST_DAYS))
  throw new Error('At least 1 seed, 50 keys and 30 days: attacks begin on day 24.');

tuneGarbageCollection();
const { book, enricher } = await openAddresses('data');
const runs: RunResult[] = [];
const poisoned: RunResult[] = [];
for (let seed = 1; seed <= seeds; seed += 1) {
  const options = { seed, keys, days, book, enricher };
  runs.push(runSeed({ ...options, poisons: false }));
  poisoned.push(runSeed({ ...options, poisons: true }));
  const seconds = [runs.at(-1), poisoned.at(-1)].map((run) => run?.seconds.toFixed(0) ?? '').join(' + ');
  process.stderr.write(`Seed ${seed.toString()}: ${seconds} s\n`);
  // After each seed: whoever stops early has what was measured so far.
  if (values.json !== undefined) writeJson(values.json, new Results(runs, poisoned));
}
await enricher.close();

const results = new Results(runs, poisoned);
const size = `${seeds.toString()} organisations of ${keys.toString()} keys, ${days.toString()} days`;
process.stdout.write(`${size}: ${reportOf(results)}\n`);

function writeJson(file: string, all: Results): void {
  writeFileSync(file, `${JSON.stringify(asJson(all), null, 2)}\n`);
}

function asJson(all: Results) {
  const rules = ['identity, 6 bits', 'identity', 'identity, high', 'three families', 'spend', 'any message'];
  return {
    ...{
      seeds: runs.length,
      keys,
      days,
      calls: all.calls,
      cleanKeyDays: all.cleanKeyDays,
      gates: gatesOf(all),
    },
    poisoning: all.poisoning(),
    rules: [...rules, ...NAIVE_RULES].map((rule) => ({
      ...{ rule, falseAlarms: all.falseCount(rule), falsePer1000KeyDays: all.falsePer1000(rule) },
      ...{ thefts: measure(all.of('identity'), rule), spend: measure(all.of('spend'), rule) },
    })),
    scenarios: (['identity', 'spend'] as const).flatMap((family) =>
      SCENARIOS[family].map((scenario) => {
        const outcomes = all.of(family, scenario);
        const byRule = rules.map((rule) => [rule, measure(outcomes, rule)] as const);
        return { family, scenario, rules: Object.fromEntries(byRule) };
      }),
    ),
    falseAlarms: all.falseAlarms
      .filter(({ rule }) => rules.includes(rule))
      .map((one) => ({
        ...{ rule: one.rule, at: one.at, archetype: one.key?.archetype ?? 'team', evidence: one.evidence },
        ...{ alias: one.key?.alias ?? '', happened: whatHappened(one) },
      })),
    misses: all.outcomes
      .filter(({ label, found }) => !found.has(label.family))
      .map(({ label, most, usd }) => ({
        ...{ scenario: label.scenario, archetype: label.keys[0]?.archetype ?? '', manner: label.manner },
        ...{ bits: most.bits, evidence: most.evidence, usd },
      })),
  };
}
