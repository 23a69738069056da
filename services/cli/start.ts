import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { STEPS } from '../config-schema.ts';
import type { Step } from '../config-schema.ts';
import type { Config } from '../config.ts';
import { createLog } from '../log.ts';
import { startGatewatch } from '../main.ts';
import type { Gatewatch } from '../main.ts';
import { readConfig, withConfig } from './options.ts';
import type { ConfigOption } from './options.ts';
import { removeRunning, writeRunning } from './running.ts';
import { webRoot } from './web-root.ts';

/** A process that cannot end by itself within this time is ended. */
const STOP_WITHIN_MS = 10_000;
/** What still keeps the process after everything was closed gets this long. */
const LINGER_MS = 500;

interface StartOptions extends ConfigOption {
  only?: readonly Step[];
}

function parseSteps(text: string): readonly Step[] {
  const names = text.split(',').map((name) => name.trim());
  const unknown = names.filter((name) => !STEPS.some((step) => step === name));
  if (unknown.length > 0) {
    throw new InvalidArgumentError(`Choose from ${STEPS.join(', ')}.`);
  }
  return STEPS.filter((step) => names.includes(step));
}

export function registerStart(program: Command): void {
  const command = program
    .command('start')
    .description('run gatewatch: ingest, detection, response, API and page')
    .option('--only <steps>', `some of ${STEPS.join(', ')}, separated by commas`, parseSteps)
    .action(async (options: StartOptions) => {
      const config = readConfig(options);
      const log = createLog(config.logLevel);
      const gatewatch = await startGatewatch({
        config,
        ...(options.only === undefined ? {} : { steps: options.only }),
        log,
        webRoot: webRoot(),
      });
      const { url, localToken: token, socketPath } = gatewatch;
      writeRunning(config.dataDir, { url, token, socketPath, pid: process.pid });
      process.stdout.write(welcome(config, gatewatch));
      await untilStopped();
      process.stdout.write('Stopping: finishing what is in hand.\n');
      setTimeout(() => process.exit(1), STOP_WITHIN_MS).unref();
      removeRunning(config.dataDir);
      await gatewatch.close();
      // The client of Kafka leaves connections open that it lost sight of while a broker was away.
      setTimeout(() => process.exit(), LINGER_MS).unref();
    });
  withConfig(command);
}

/** Resolves at the first SIGINT or SIGTERM. */
export function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM'] as const)
      process.once(name, () => {
        resolve();
      });
  });
}

function welcome(config: Config, { url, firstTokens }: Gatewatch): string {
  const gateways = config.gateways.map(({ name, url: address }) => `${name} at ${address}`);
  const lines = [
    `gatewatch is ready at ${url}`,
    `  mode      ${config.mode}${config.mode === 'observe' ? ' (never acts)' : ''}`,
    `  gateways  ${gateways.length === 0 ? 'none: set GATEWATCH_LITELLM_URL and GATEWATCH_LITELLM_KEY to block keys' : gateways.join(', ')}`,
    `  logs to   ${url}/v1/logs/litellm`,
    `  data      ${config.dataDir}`,
  ];
  const { admin, ingest } = firstTokens;
  if (admin !== undefined || ingest !== undefined) {
    lines.push('', 'Made at this first start and shown this once; only hashes are kept:');
    if (ingest !== undefined) lines.push(`  for LiteLLM (scope ingest)   ${ingest}`);
    if (admin !== undefined) lines.push(`  to sign in (scope admin)     ${admin}`);
  }
  return `${lines.join('\n')}\n`;
}
