import type { Command } from 'commander';
import { readConfig, withConfig } from './options.ts';
import type { ConfigOption } from './options.ts';
import { requireResponder } from './running.ts';

interface CreateOptions extends ConfigOption {
  gateway: string;
  place: string;
}

export function registerCanary(program: Command): void {
  const create = program
    .command('canary')
    .description('keys that nobody may use, planted where a thief would look')
    .command('create')
    .description('mint a canary key at the gateway and record where it is planted')
    .requiredOption('--gateway <name>', 'gateway to mint it at', 'litellm')
    .requiredOption('--place <text>', 'where you will plant it; every notification about it says so')
    .action(async ({ gateway, place, ...options }: CreateOptions) => {
      const server = requireResponder(readConfig(options), process.env);
      const answer = (await server.post('/v1/canaries', { gateway, place })) as {
        key: string;
        key_id: string;
      };
      process.stdout.write(`${answer.key}\n`);
      process.stderr.write(
        `Plant it at: ${place}. Its first use is certain proof of a leak. It is not shown again.\n`,
      );
    });
  withConfig(create);
}
