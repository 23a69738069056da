import { ARCHETYPES } from './fleet.ts';
import type { FalseAlarm } from './scoreboard.ts';
import { falseAlarmRows, missRows } from './causes.ts';
import { gatesOf, percent, shareInTime } from './gates.ts';
import { NAIVE_RULES } from './naive-rules.ts';
import { grouped, measure, SCENARIOS } from './tally.ts';
import type { Measured, Results } from './tally.ts';

const OURS = {
  identity: [
    ...['identity, 6 bits', 'identity', 'identity, high', 'three families', 'held by the breaker'],
    'any message',
  ],
  spend: ['spend', 'any message'],
} as const;
/** Less is hardly worth a message. */
const LARGE_USD = 5;

/** Everything that was measured, as Markdown. */
export function reportOf(results: Results): string {
  const { calls, cleanKeyDays, seconds, breakerTrips } = results;
  const [ofCalls, ofDays] = [calls, Math.round(cleanKeyDays)].map((count) => count.toLocaleString('en'));
  const size = `${ofCalls ?? ''} calls, ${ofDays ?? ''} clean key-days, the breaker tripped ${breakerTrips} times, ${seconds.toFixed(0)} s.`;
  return [
    size,
    ...['', '### Gates', '', ...gateTable(results)],
    ...['', '### Thefts, beside naive rules', '', ...ruleTable(results, 'identity')],
    ...['', '### Thefts by scenario', '', ...scenarioTable(results, 'identity')],
    ...['', '### Thefts by kind of key', '', ...archetypeTable(results)],
    ...['', '### Spend by the owner’s own programs, beside naive rules', '', ...ruleTable(results, 'spend')],
    ...['', '### Spend by scenario', '', ...scenarioTable(results, 'spend')],
    ...['', '### $50 an hour, by what the key usually spends', '', ...burstTable(results)],
    ...['', '### Thieves who warm up', '', ...poisonTable(results)],
    ...['', '### Why: false alarms', '', ...table(FALSE_HEAD, falseAlarmRows(results))],
    ...['', '### Why: misses', '', ...table(MISS_HEAD, missRows(results))],
  ].join('\n');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)];
}

function gateTable(results: Results): string[] {
  return table(
    ['gate', 'wanted', 'measured', ''],
    gatesOf(results).map(({ name, wanted, measured, isReached }) => [
      ...[name, wanted, measured, isReached ? 'reached' : '**not reached**'],
    ]),
  );
}

function foundText({ found, attacks }: Measured): string {
  return attacks === 0 ? '-' : percent(found / attacks);
}

function timeText(minutes: number | undefined): string {
  if (minutes === undefined) return '-';
  if (minutes < 90) return `${minutes.toFixed(0)} min`;
  return minutes < 48 * 60 ? `${(minutes / 60).toFixed(1)} h` : `${(minutes / 1_440).toFixed(1)} d`;
}

function ruleTable(results: Results, family: 'identity' | 'spend'): string[] {
  const outcomes = results.of(family);
  const rows = [...OURS[family], ...NAIVE_RULES].map((rule) => {
    const found = measure(outcomes, rule);
    const times = [timeText(found.medianMinutes), timeText(found.p90Minutes)];
    const rate = results.falsePer1000(rule);
    return [
      ...[nameOf(rule), foundText(found), `${rate.toFixed(rate < 1 ? 3 : 2)} (${results.falseCount(rule)})`],
      ...[...times, percent(found.usdShareBefore)],
    ];
  });
  return table(
    ['rule', 'found', 'false in 1,000 key-days (number)', 'median', 'p90', 'dollars before the alert'],
    rows,
  );
}

const NAMES: Readonly<Record<string, string>> = {
  'identity, 6 bits': 'gatewatch: identity, from 6 bits on (not told)',
  identity: '**gatewatch: identity, told**',
  'identity, high': 'gatewatch: identity, severity high',
  'three families': '**gatewatch: three families, would block**',
  spend: '**gatewatch: spend, told**',
  'held by the breaker': 'gatewatch: of these, held by the breaker',
  'any message': 'gatewatch: any message',
};

function nameOf(rule: string): string {
  return NAMES[rule] ?? `naive: ${rule}`;
}

function scenarioTable(results: Results, family: 'identity' | 'spend'): string[] {
  const rows = SCENARIOS[family].map((scenario) => {
    const outcomes = results.of(family, scenario);
    const large = outcomes.filter(({ usd }) => usd >= LARGE_USD);
    const any = measure(outcomes, 'any message');
    return [
      ...[scenario, outcomes.length.toString(), foundText(measure(outcomes, family))],
      ...[foundText(measure(large, family)), foundText(any), foundText(measure(outcomes, 'three families'))],
      ...[timeText(any.medianMinutes), timeText(any.p90Minutes), percent(any.usdShareBefore)],
    ];
  });
  const head = ['scenario', 'number', `by ${family}`, 'of those over $5', 'by any message', 'would block'];
  return table([...head, 'median', 'p90', 'dollars before'], rows);
}

function archetypeTable(results: Results): string[] {
  const rows = ARCHETYPES.map((archetype) => {
    const outcomes = results.of('identity').filter(({ label }) => label.keys[0]?.archetype === archetype);
    const isOfKind = (one: FalseAlarm) => one.rule === 'identity' && one.key?.archetype === archetype;
    return [
      ...[archetype, outcomes.length.toString(), foundText(measure(outcomes, 'identity'))],
      ...[foundText(measure(outcomes, 'any message')), foundText(measure(outcomes, 'three families'))],
      results.falseAlarms.filter(isOfKind).length.toString(),
    ];
  });
  const head = ['kind of key', 'thefts', 'by identity', 'by any message', 'would block', 'false by identity'];
  return table(head, rows);
}

function burstTable(results: Results): string[] {
  const outcomes = results.of('spend', '$50 an hour for 6 h');
  const rows = grouped(outcomes, ({ label }) => label.manner).map(([manner, same]) => {
    const found = measure(same, 'any message');
    const times = [timeText(found.medianMinutes), timeText(found.p90Minutes)];
    return [manner, same.length.toString(), percent(shareInTime(same)), foundText(found), ...times];
  });
  return table(['', 'number', 'within two buckets', 'at all', 'median', 'p90'], rows);
}

function poisonTable(results: Results): string[] {
  const found = results.poisoning();
  return table(
    ['', 'without warm-up', 'with ten days of it', 'of these, told at the burst'],
    [
      ['told by identity', percent(found.without), percent(found.with), percent(found.atBurst)],
      ['would block', percent(found.blockedWithout), percent(found.blockedWith), ''],
    ],
  );
}

const FALSE_HEAD = ['rule', 'archetype', 'what happened', 'number', 'evidence, most often'];
const MISS_HEAD = ['scenario', 'archetype', 'manner', 'missed', 'all the evidence there was, examples'];
