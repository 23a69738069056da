import { basename } from 'node:path';
import type { Command } from 'commander';
import { count } from '../../detectors/lib/words.ts';
import { AppError } from '../errors.ts';
import { caseFiles, caseFolderOf, loadCase } from '../verdicts/case-folder.ts';
import { checkCase } from '../verdicts/check-case.ts';
import type { CheckedCase } from '../verdicts/check-case.ts';
import type { VerdictCase } from '../verdicts/verdict-case.ts';
import { readConfig, withConfig } from './options.ts';
import type { ConfigOption } from './options.ts';
import { printable, toTable } from './print.ts';

const ABOUT = `When people resolve an incident of a key as attack, ours or planned, the calls of that key around it are saved as a case
in the data folder of the process that responds: no prompts, no answers, no keys. "check" judges them again with this
version. An attack must still be told. What was ours or planned happens once more some days later, and must not be told
again at the level it was. Exits 1 when a case fails, so run it after each upgrade.`;

export function registerVerdicts(program: Command): void {
  const group = program.command('verdicts').description('what people said about incidents, kept as cases');
  const list = group
    .command('list')
    .description('show the cases that are kept')
    .argument('[path...]', 'files or folders; the cases of the data folder when left out')
    .action(async (paths: string[], options: ConfigOption) => {
      const rows = (await casesOf(paths, options)).map(({ file, one }) => listed(file, one));
      print(rows.length === 0 ? 'No cases yet.' : toTable(LIST_HEAD, rows));
    });
  const check = group
    .command('check')
    .description('judge the cases again with this version; exits 1 if one came out differently')
    .argument('[path...]', 'files or folders; the cases of the data folder when left out')
    .option('--json', 'one JSON line for each case')
    .addHelpText('after', `\n${ABOUT}`)
    .action(async (paths: string[], { json, ...options }: ConfigOption & { json?: boolean }) => {
      await runCheck(await casesOf(paths, options), json === true);
    });
  withConfig(list);
  withConfig(check);
}

interface Loaded {
  file: string;
  one: VerdictCase;
}

async function casesOf(paths: readonly string[], options: ConfigOption): Promise<Loaded[]> {
  const roots = paths.length === 0 ? [caseFolderOf(readConfig(options).dataDir)] : paths;
  const files = (await Promise.all(roots.map((path) => caseFiles(path)))).flat();
  if (paths.length > 0 && files.length === 0)
    throw new AppError('E_NOT_FOUND', `There is no case in ${paths.join(', ')}.`);
  const cases: Loaded[] = [];
  for (const file of files) cases.push({ file: basename(file), one: await loadCase(file) });
  return cases;
}

const LIST_HEAD = ['incident', 'verdict', 'said', 'severity', 'events', 'title', 'file'];

function listed(file: string, { incidentId, verdict, at, severity, rows, title }: VerdictCase): string[] {
  const said = new Date(at).toISOString().slice(0, 16).replace('T', ' ');
  return [incidentId, verdict, said, severity, rows.length.toString(), title, file];
}

const STATES: Readonly<Record<CheckedCase['state'], string>> = {
  passed: 'ok',
  failed: 'FAILED',
  unshown: 'not comparable',
};

async function runCheck(cases: readonly Loaded[], isJson: boolean): Promise<void> {
  const counts = { passed: 0, failed: 0, unshown: 0 };
  for (const { file, one } of cases) {
    const checked = await checkCase(one);
    counts[checked.state] += 1;
    const { incidentId: id, verdict } = one;
    if (isJson) print(JSON.stringify({ file, incident_id: id, verdict, ...checked }));
    else
      print(
        `${STATES[checked.state]}: ${id} (${verdict}): expected: ${checked.expected}; now: ${checked.result}`,
      );
  }
  const { passed, failed, unshown } = counts;
  if (!isJson)
    print(
      `${count(cases.length, 'case')}: ${passed} as people said, ${failed} failed, ${unshown} not comparable`,
    );
  if (failed > 0) process.exitCode = 1;
}

function print(text: string): void {
  process.stdout.write(`${text.split('\n').map(printable).join('\n')}\n`);
}
