import type { FalseAlarm, Outcome } from './scoreboard.ts';
import { grouped } from './tally.ts';
import type { Results } from './tally.ts';

const GROUPS_SHOWN = 40;
const EXAMPLES = 2;
const EXPLAINED = ['identity', 'spend', 'three families'];
/** What bears on money, and what on money alone. */
const OF_MONEY = new Set([
  ...['burst', 'launch', 'model migration', 'model migration of all', 'tries a model', 'back from leave'],
  ...['run again by day', 'app opens in a country'],
]);
const OF_MONEY_ALONE = new Set(['burst', 'launch', 'run again by day']);

/** What happened around a false alarm that can have to do with it. */
export function whatHappened({ rule, key, at }: FalseAlarm): string {
  if (key === undefined) return '';
  const bears = (name: string) => (rule === 'spend' ? OF_MONEY.has(name) : !OF_MONEY_ALONE.has(name));
  return key.life.happenings.around(at, bears);
}

/** Archetype, what happened and evidence of the false alarms, the most frequent first. */
export function falseAlarmRows({ falseAlarms }: Results): string[][] {
  const told = falseAlarms.filter(({ rule }) => EXPLAINED.includes(rule));
  const groups = grouped(told, (one) =>
    [one.rule, one.key?.archetype ?? 'team', whatHappened(one)].join(' | '),
  );
  return groups.slice(0, GROUPS_SHOWN).map(([name, items]) => {
    const evidence = mostOften(items.map((one) => namesIn(one.evidence)));
    return [...name.split(' | '), items.length.toString(), evidence];
  });
}

/** Which attacks were missed, and what little was known. Whose spend is the owner's own is told by its size. */
export function missRows({ outcomes }: Results): string[][] {
  const missed = outcomes.filter(({ label, found }) => !found.has(label.family));
  return grouped(missed, nameOf)
    .slice(0, GROUPS_SHOWN)
    .map(([name, items]) => [
      ...[...name.split(' | '), items.length.toString()],
      mostOften(items.map(({ most }) => most.evidence)),
    ]);
}

function nameOf({ label }: Outcome): string {
  const archetype = label.keys.length > 1 ? 'team' : (label.keys[0]?.archetype ?? '');
  return [label.scenario, label.family === 'spend' ? 'all' : archetype, label.manner].join(' | ');
}

/** Evidence by name alone, so that like is grouped with like. */
function namesIn(evidence: string): string {
  return evidence.replaceAll(/ -?\d+/g, '');
}

function mostOften(texts: readonly string[]): string {
  return grouped(texts, (text) => text)
    .slice(0, EXAMPLES)
    .map(([text, same]) => `${text} (${same.length.toString()})`)
    .join('; ');
}
