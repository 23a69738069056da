import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { openTokens, SCOPES } from '../auth/tokens.ts';
import type { Scope } from '../auth/tokens.ts';
import { readConfig, withConfig } from './options.ts';
import type { ConfigOption } from './options.ts';

const UNITS_MS = { h: 3_600_000, d: 86_400_000 } as const;

interface CreateOptions extends ConfigOption {
  scope: Scope;
  /** Milliseconds. */
  expires: number;
  name: string;
}

/** `90d` or `12h`, in milliseconds. */
function parseDuration(text: string): number {
  const match = /^(\d{1,5})([hd])$/.exec(text);
  const unit = match?.[2];
  if (match === null || Number(match[1]) === 0) {
    throw new InvalidArgumentError('Write hours or days, such as 12h or 90d.');
  }
  return Number(match[1]) * (unit === 'h' ? UNITS_MS.h : UNITS_MS.d);
}

export function registerToken(program: Command): void {
  const create = program
    .command('token')
    .description('tokens of the HTTP API')
    .command('create')
    .description('make a token; it is printed once, only its hash is kept')
    .addOption(new Option('--scope <scope>', 'what it may do').choices([...SCOPES]).makeOptionMandatory())
    .addOption(
      new Option('--expires <duration>', 'such as 12h or 90d')
        .argParser(parseDuration)
        .default(parseDuration('90d'), '90d'),
    )
    .option('--name <text>', 'who or what it is for', 'command line')
    .action(async (options: CreateOptions) => {
      const config = readConfig(options);
      const expiresAt = Date.now() + options.expires;
      const tokens = await openTokens({ dir: config.dataDir, now: Date.now });
      const { text } = await tokens.create({ scope: options.scope, expiresAt, name: options.name });
      process.stdout.write(`${text}\n`);
      process.stderr.write(
        `Scope ${options.scope}, until ${new Date(expiresAt).toISOString()}. It is not shown again.\n`,
      );
    });
  withConfig(create);
}
