import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { percent, readLedger } from '../api/ledger.ts';
import type { LedgerRow } from '../api/schema.ts';
import type { Config } from '../config.ts';
import { dollars } from '../incidents/sentences.ts';
import { readConfig, withConfig } from './options.ts';
import type { ConfigOption } from './options.ts';
import { toTable } from './print.ts';
import { findServer } from './running.ts';
import { withStore } from './sql.ts';

interface LedgerOptions extends ConfigOption {
  days: number;
  json?: boolean;
}

const MAX_DAYS = 400;

const ABOUT = `A "tell" line counts every incident a detector spoke in. A "block" line counts those in which its evidence would have been
enough to block the key by itself, in whatever mode gatewatch is, and why: certain evidence, or three families of evidence.
  right       share of attack in the verdicts attack, ours and planned; behind it, how many these are
  lost        dollars of the suspicious calls, where nobody called them ours or planned
  would save  of these, spent after it would have blocked, where nothing was blocked
  saved       an estimate: dollars an hour at the block, until people closed the incident, a day at most
  own calls   calls of the key in the hour after it would have blocked that are none of the story: what a block breaks.
              Where the evidence names no network, as for spend, all calls count
  minutes     from the first event until it would have blocked (median)
  fit         whether it was right often enough to block by itself (settings response.promotion)`;

export function registerLedger(program: Command): void {
  const command = program
    .command('ledger')
    .description('what each detector would have done, how often it was right, and what that saves and breaks')
    .option('--days <n>', 'incidents opened in the last days', parseDays, 28)
    .option('--json', 'one JSON line for each line of the table')
    .addHelpText('after', `\n${ABOUT}`)
    .action(async ({ days, json, ...options }: LedgerOptions) => {
      const rows = await ask(readConfig(options), days);
      process.stdout.write(`${json === true ? toJson(rows) : toText(rows, days)}\n`);
    });
  withConfig(command);
}

function parseDays(text: string): number {
  const days = Number(text);
  if (Number.isInteger(days) && days >= 1 && days <= MAX_DAYS) return days;
  throw new InvalidArgumentError(`It is a number of days, 1 to ${MAX_DAYS}.`);
}

async function ask(config: Config, days: number): Promise<readonly LedgerRow[]> {
  const server = findServer(config, process.env);
  if (server !== undefined) {
    const answer = (await server.get(`/v1/ledger?days=${days.toString()}`)) as { ledger: LedgerRow[] };
    return answer.ledger;
  }
  const { promotion } = config.response;
  return withStore(config, (store) => readLedger(store, { days, now: Date.now(), promotion }));
}

function toJson(rows: readonly LedgerRow[]): string {
  return rows.map((row) => JSON.stringify(row)).join('\n');
}

const HEAD = [
  ...['detector', 'action', 'rule', 'incidents', 'would block', 'blocked'],
  ...['attack', 'ours', 'planned', 'unclear', 'open', 'right'],
  ...['lost', 'would save', 'saved', 'own calls', 'minutes', 'fit'],
];

function toText(rows: readonly LedgerRow[], days: number): string {
  return rows.length === 0
    ? `No incidents in the last ${days.toString()} days.`
    : toTable(HEAD, rows.map(cellsOf));
}

function cellsOf(row: LedgerRow): string[] {
  const counts = [row.attack, row.ours, row.planned, row.unclear, row.no_verdict];
  return [
    ...[row.detector, row.action, row.rule === '' ? '-' : row.rule.replace('-', ' ')],
    ...[row.incidents, row.would_block, row.blocked, ...counts].map(String),
    row.precision === null ? '-' : `${percent(row.precision)} of ${row.verdicts}`,
    ...[row.usd_lost, row.usd_would_save, row.usd_saved].map(dollars),
    row.own_calls.toString(),
    row.median_minutes === null ? '-' : row.median_minutes.toString(),
    fitness(row),
  ];
}

function fitness({ promotable, why }: LedgerRow): string {
  if (promotable === null) return '-';
  return `${promotable ? 'yes' : 'no'}: ${why}`;
}
