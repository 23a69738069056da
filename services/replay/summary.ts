import { quantileSorted } from 'simple-statistics';
import { KINDS } from '../../detectors/detector.ts';
import { count, duration } from '../../detectors/lib/words.ts';
import { SEVERITIES } from '../incidents/incident.ts';
import type { IncidentSnapshot } from '../incidents/incident.ts';
import { dollars } from '../incidents/sentences.ts';
import type { Block, Tally } from './tally.ts';

const MAX_BLOCKS_SHOWN = 30;
/** Rates of a shorter stream say nothing. */
const MIN_DAYS = 1;

/** What people read after a replay. */
export function summary(tally: Tally, mode: string): string {
  const blocks = tally.blocks();
  return [
    ...whatWasRead(tally),
    '',
    `Incidents: ${tally.incidents.length}, people are told of ${tally.toldAfterMs.size}`,
    ...(tally.incidents.length === 0 ? [] : table(incidentRows(tally.incidents))),
    ...promptness(tally),
    '',
    `Would have blocked in mode ${mode}: ${count(new Set(blocks.map(({ incident }) => incident.keyId)).size, 'key')}`,
    ...table(blocks.slice(0, MAX_BLOCKS_SHOWN).map(blockRow)),
    ...(blocks.length > MAX_BLOCKS_SHOWN ? [`  … and ${blocks.length - MAX_BLOCKS_SHOWN} more`] : []),
    ...pauses(tally),
    '',
    ...money(tally, blocks),
    '',
    ...noise(tally),
  ].join('\n');
}

function whatWasRead(tally: Tally): string[] {
  const { events, keys, rejections, repeats, teaching } = tally;
  const rejected = [...rejections].sort(([, a], [, b]) => b - a);
  const total = rejected.reduce((sum, [, records]) => sum + records, 0);
  const codes = total === 0 ? '' : ` (${rejected.map(([code, records]) => `${code} ${records}`).join(', ')})`;
  const span =
    tally.lastAt === 0
      ? ''
      : `, ${day(tally.firstAt)} to ${day(tally.lastAt)} (${tally.days().toFixed(1)} days)`;
  return [
    `${events} calls, ${keys.size} keys${span}, ${dollars(tally.usd)}`,
    `  rejected ${total}${codes}, repeated ${repeats}, before --since ${teaching}`,
  ];
}

function incidentRows(incidents: readonly IncidentSnapshot[]): string[][] {
  const severities = [...SEVERITIES].reverse();
  const number = (kind: string, severity: string) =>
    incidents.filter((one) => one.kind === kind && one.severity === severity).length;
  return [
    ['', ...severities],
    ...KINDS.map((kind) => [kind, ...severities.map((severity) => number(kind, severity).toString())]),
  ];
}

/** How long a theft goes on before somebody hears of it. */
function promptness({ toldAfterMs }: Tally): string[] {
  const sorted = [...toldAfterMs.values()].sort((a, b) => a - b);
  if (sorted.length === 0) return [];
  const [half, most] = [quantileSorted(sorted, 0.5), quantileSorted(sorted, 0.9)];
  return [
    `From the first suspicious call to the first message: ${duration(half)} (median), ${duration(most)} (90th percentile)`,
  ];
}

function blockRow({ at, incident, usdBefore, usdAfter }: Block): string[] {
  const key = incident.keyAlias === '' ? incident.keyId.slice(0, 16) : incident.keyAlias;
  return [minute(at), key, `${dollars(usdBefore)} before`, `${dollars(usdAfter)} after`, incident.title];
}

/** In life a person looks and resumes; here nobody does, so a tripped breaker holds to the end. */
function pauses({ pauses: counts }: Tally): string[] {
  return [...counts].map(
    ([what, times]) => `  ${what}: ${count(times, 'time')}; keys that had to wait are not among them`,
  );
}

/** Suspicious calls only: what a block would also have stopped of the owner's own calls is not counted as saved. */
function money({ incidents }: Tally, blocks: readonly Block[]): string[] {
  const sum = (values: readonly number[]) => dollars(values.reduce((total, value) => total + value, 0));
  const blocked = new Set(blocks.map(({ incident }) => incident.incidentId));
  const waiting = incidents.filter(({ incidentId }) => !blocked.has(incidentId));
  return [
    'Dollars of suspicious calls, as the detectors counted them:',
    ...table([
      ['lost before the blocks', sum(blocks.map(({ usdBefore }) => usdBefore))],
      ['saved: after the blocks', sum(blocks.map(({ usdAfter }) => usdAfter))],
      ['in incidents that wait for a person', sum(waiting.map(({ usdLost }) => usdLost))],
    ]),
  ];
}

function noise(tally: Tally): string[] {
  const keyDays = tally.keys.size * tally.days();
  const rate = (times: number) =>
    tally.days() < MIN_DAYS || keyDays === 0 ? '-' : ((times * 1000) / keyDays).toFixed(2);
  const rows = [...tally.detectors].sort(([, a], [, b]) => b.incidents.size - a.incidents.size);
  return [
    `Notifications: ${tally.notifications}, ${rate(tally.notifications)} per 1,000 keys and day`,
    ...table(
      rows.length === 0
        ? []
        : [
            ['detector', 'findings', 'in incidents', 'incidents per 1,000 keys and day', 'false alarms'],
            ...rows.map(([id, { findings, incidents }]) => [
              id,
              findings.size.toString(),
              incidents.size.toString(),
              rate(incidents.size),
              'not judged',
            ]),
          ],
    ),
    'A recorded log carries no verdicts, so false alarms are not judged here; the rate of incidents bounds them from above.',
  ];
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows.reduce<number[]>(
    (all, row) => row.map((cell, index) => Math.max(cell.length, all[index] ?? 0)),
    [],
  );
  return rows.map((row) =>
    `  ${row.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join('  ')}`.trimEnd(),
  );
}

function day(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}

function minute(at: number): string {
  return new Date(at).toISOString().slice(0, 16).replace('T', ' ');
}
