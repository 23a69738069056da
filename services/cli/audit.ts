import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { isAnchor, verifyAudit } from '../audit/verify.ts';
import { readConfig, withConfig } from './options.ts';
import type { ConfigOption } from './options.ts';

interface VerifyOptions extends ConfigOption {
  anchor: string[];
}

/** One that was mistyped says nothing about the chain. */
function addAnchor(text: string, before: string[]): string[] {
  if (!isAnchor(text))
    throw new InvalidArgumentError('It is sequence:hash, as at the end of a notification.');
  return [...before, text];
}

export function registerAudit(program: Command): void {
  const verify = program
    .command('audit')
    .description('the chain of audit records')
    .command('verify')
    .description('check the chain and its signatures; exits 1 if a record was changed, dropped or cut')
    .option('--anchor <seq:hash...>', 'anchors from notifications, kept outside this machine', addAnchor, [])
    .action(async (options: VerifyOptions) => {
      const config = readConfig(options);
      const { ok, records, problems, notes } = await verifyAudit(config.dataDir, options.anchor);
      for (const problem of [...problems, ...notes]) process.stdout.write(`${problem}\n`);
      process.stdout.write(
        `${records.toString()} records: ${ok ? 'the chain is whole' : 'THE CHAIN IS BROKEN'}\n`,
      );
      if (!ok) process.exitCode = 1;
    });
  withConfig(verify);
}
