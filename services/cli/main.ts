import { Command, CommanderError } from 'commander';
import { AppError, messageOf } from '../errors.ts';
import { registerAudit } from './audit.ts';
import { registerCanary } from './canary.ts';
import { registerDemo } from './demo.ts';
import { registerDoctor } from './doctor.ts';
import { registerExplain } from './explain.ts';
import { registerFreeze } from './freeze.ts';
import { registerLeak } from './leak.ts';
import { registerLedger } from './ledger.ts';
import { registerMigrate } from './migrate.ts';
import { registerReplay } from './replay.ts';
import { registerSql } from './sql.ts';
import { registerStart } from './start.ts';
import { registerToken } from './token.ts';
import { registerVerdicts } from './verdicts.ts';
import { VERSION } from '../version.ts';

/** Wrong usage: commander's own codes for help and version are no failure. */
function exitCodeOf(error: CommanderError): number {
  return error.exitCode === 0 ? 0 : 2;
}

function usageLine(text: string): string {
  const what = text
    .replace(/^error: /, '')
    .trim()
    .replace(/\s*\n\s*/g, ' ');
  return `gatewatch: ${what}${/[.)]$/.test(what) ? '' : '.'} Add --help to see how.\n`;
}

function reportFailure(error: unknown): void {
  const known = error instanceof AppError;
  const hint = known ? ` (${error.code})` : '';
  process.stderr.write(`gatewatch: ${messageOf(error)}${hint}\n`);
  if (!known && error instanceof Error && process.env['GATEWATCH_LOG_LEVEL'] === 'debug') {
    process.stderr.write(`${error.stack ?? ''}\n`);
  }
}

export async function main(argv: readonly string[]): Promise<number> {
  const program = new Command('gatewatch')
    .description(
      'Security monitoring for AI gateways: finds stolen keys in use, blocks them, tells the people on call.',
    )
    .version(VERSION)
    .configureOutput({ outputError: (text, write) => write(usageLine(text)) })
    .exitOverride();
  const registrations = [
    registerStart,
    registerDemo,
    registerReplay,
    registerExplain,
    registerSql,
    registerLedger,
    registerDoctor,
    registerMigrate,
    registerLeak,
    registerCanary,
    registerToken,
    registerAudit,
    registerVerdicts,
    registerFreeze,
  ];
  for (const register of registrations) register(program);
  inheritExits(program);
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return typeof process.exitCode === 'number' ? process.exitCode : 0;
  } catch (error) {
    if (error instanceof CommanderError) return exitCodeOf(error);
    reportFailure(error);
    return 1;
  }
}

/** Subcommands throw instead of ending the process, so that every exit code is decided here. */
function inheritExits(command: Command): void {
  for (const child of command.commands) {
    child.exitOverride();
    inheritExits(child);
  }
}
