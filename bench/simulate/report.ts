import { gatesOf, percent } from './gates.ts';
import { NAIVE_RULES } from './naive-rules.ts';
import { grouped, measure, SCENARIOS } from './tally.ts';
import type { Measured, Results } from './tally.ts';

const OURS = {
  identity: ['identity, 6 bits', 'identity', 'identity, high', 'three families', 'any message'],
  spend: ['spend', 'any message'],
} as const;
const GROUPS_SHOWN = 15;
const EXAMPLES = 2;

/** Everything that was measured, as Markdown. */
export function reportOf(results: Results): string {
  const { calls, cleanKeyDays, seconds } = results;
  const size = `${calls.toLocaleString('en')} calls, ${Math.round(cleanKeyDays).toLocaleString('en')} clean key-days, ${seconds.toFixed(0)} s.`;
  return [
    size,
    ...['', '### Gates', '', ...gateTable(results)],
    ...['', '### Thefts, beside naive rules', '', ...ruleTable(results, 'identity')],
    ...['', '### Thefts by scenario', '', ...scenarioTable(results, 'identity')],
    ...['', '### Spend by the owner’s own programs, beside naive rules', '', ...ruleTable(results, 'spend')],
    ...['', '### Spend by scenario', '', ...scenarioTable(results, 'spend')],
    ...['', '### Thieves who warm up', '', ...poisonTable(results)],
    ...['', '### Why: false alarms', '', ...falseAlarmTable(results)],
    ...['', '### Why: misses', '', ...missTable(results)],
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
  'any message': 'gatewatch: any message',
};

function nameOf(rule: string): string {
  return NAMES[rule] ?? `naive: ${rule}`;
}

function scenarioTable(results: Results, family: 'identity' | 'spend'): string[] {
  const first = family;
  const rows = SCENARIOS[family].map((scenario) => {
    const outcomes = results.of(family, scenario);
    const found = measure(outcomes, first);
    const any = measure(outcomes, 'any message');
    return [
      ...[scenario, outcomes.length.toString(), foundText(found), foundText(any)],
      ...[foundText(measure(outcomes, 'three families')), timeText(any.medianMinutes)],
      ...[timeText(any.p90Minutes), percent(any.usdShareBefore)],
    ];
  });
  return table(
    [
      'scenario',
      'number',
      `by ${family}`,
      'by any message',
      'would block',
      'median',
      'p90',
      'dollars before',
    ],
    rows,
  );
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

/** Evidence by name alone, so that like is grouped with like. */
const namesIn = (evidence: string) => evidence.replaceAll(/ -?\d+/g, '');

function falseAlarmTable({ falseAlarms }: Results): string[] {
  const told = falseAlarms.filter(({ rule }) => ['identity', 'spend', 'three families'].includes(rule));
  const groups = grouped(told, ({ rule, key, at }) =>
    [rule, key?.archetype ?? 'team', key?.life.happenings.around(at) ?? ''].join(' | '),
  );
  const rows = groups.slice(0, 3 * GROUPS_SHOWN).map(([name, items]) => {
    return [
      ...name.split(' | '),
      items.length.toString(),
      mostOften(items.map((one) => namesIn(one.evidence))),
    ];
  });
  return table(['rule', 'archetype', 'what happened', 'number', 'evidence, most often'], rows);
}

function missTable(results: Results): string[] {
  const missed = results.outcomes.filter(({ label, found }) => !found.has(label.family));
  const groups = grouped(missed, ({ label }) => {
    const archetype = label.keys.length > 1 ? 'team' : (label.keys[0]?.archetype ?? '');
    return [label.scenario, archetype, label.manner].join(' | ');
  });
  const rows = groups.slice(0, 3 * GROUPS_SHOWN).map(([name, items]) => {
    return [...name.split(' | '), items.length.toString(), mostOften(items.map(({ most }) => most.evidence))];
  });
  return table(['scenario', 'archetype', 'manner', 'missed', 'all the evidence there was, examples'], rows);
}

function mostOften(texts: readonly string[]): string {
  return grouped(texts, (text) => text)
    .slice(0, EXAMPLES)
    .map(([text, same]) => `${text} (${same.length.toString()})`)
    .join('; ');
}
