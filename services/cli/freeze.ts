import { Argument } from 'commander';
import type { Command } from 'commander';
import { readConfig, withConfig } from './options.ts';
import type { ConfigOption } from './options.ts';
import { requireServer } from './running.ts';

export function registerFreeze(program: Command): void {
  const command = program
    .command('freeze')
    .description('stop (on) or resume (off) all automatic actions at once')
    .addArgument(new Argument('<state>').choices(['on', 'off']))
    .action(async (state: 'on' | 'off', options: ConfigOption) => {
      await requireServer(readConfig(options), process.env).post('/v1/settings/freeze', {
        on: state === 'on',
      });
      const text = state === 'on' ? 'Automatic actions are frozen.' : 'Automatic actions are resumed.';
      process.stdout.write(`${text}\n`);
    });
  withConfig(command);
}
