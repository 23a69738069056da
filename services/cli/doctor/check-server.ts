import { createServer } from 'node:net';
import type { Config } from '../../config.ts';
import { messageOf } from '../../errors.ts';
import { parseListen } from '../../listen-address.ts';
import type { ApiClient } from '../api-client.ts';
import { ok, problem, warning } from './advice.ts';
import type { Advice } from './advice.ts';

/** What `GET /v1/status` says, as far as it is looked at here. */
export interface Status {
  mode: string;
  gateways: readonly { name: string }[];
  frozen: boolean;
  parts: readonly { name: string; ready: boolean; reason: string }[];
  lag: Readonly<Record<string, number>>;
  sources: readonly { name: string; origin: string; built_at: string | null }[];
}

const MUCH_LAG_RECORDS = 20_000;

export async function askStatus(
  server: ApiClient,
): Promise<{ status: Status | undefined; advice: Advice[] }> {
  try {
    const status = (await server.get('/v1/status')) as Status;
    return { status, advice: readStatus(status) };
  } catch (error) {
    return {
      status: undefined,
      advice: [problem(`gatewatch runs, but its API does not answer: ${messageOf(error)}`)],
    };
  }
}

function readStatus({ parts, frozen, mode, lag }: Status): Advice[] {
  const found: Advice[] = [ok(`gatewatch runs in mode ${mode}.`)];
  for (const { name, reason } of parts.filter(({ ready }) => !ready))
    found.push(problem(`Its part "${name}" is not ready. ${reason}`));
  if (frozen)
    found.push(
      warning('Automatic actions are frozen: nothing is blocked by itself. "gatewatch freeze off" resumes.'),
    );
  for (const [step, records] of Object.entries(lag)) {
    if (records > MUCH_LAG_RECORDS)
      found.push(warning(`${step} is ${records} records behind: findings come late.`));
  }
  return found;
}

/** What is said of settings elsewhere is about those of this command; a server keeps those it was started with. */
export function checkSameSettings(status: Status, config: Config): Advice[] {
  const namesOf = (gateways: readonly { name: string }[]) =>
    gateways.map(({ name }) => name).join(', ') || 'none';
  const there = `mode ${status.mode}, gateways: ${namesOf(status.gateways)}`;
  const here = `mode ${config.mode}, gateways: ${namesOf(config.gateways)}`;
  if (there === here) return [];
  return [
    warning(
      `The server was started with other settings (${there}) than those read here (${here}). Run doctor with its environment and --config, or restart it.`,
    ),
  ];
}

/** Nothing of ours runs, so the address must be free. */
export async function checkPort({ listen }: Config): Promise<Advice[]> {
  const code = await tryListen(parseListen(listen));
  switch (code) {
    case undefined:
      return [ok(`${listen} is free to listen on.`)];
    case 'EADDRINUSE':
      return [problem(`Another program listens on ${listen}. Stop it, or set GATEWATCH_LISTEN.`)];
    case 'EACCES':
      return [problem(`This user may not listen on ${listen}. Take a port above 1023.`)];
    default:
      return [
        problem(
          `Cannot listen on ${listen} (${code}). Is it an address of this machine? Set GATEWATCH_LISTEN.`,
        ),
      ];
  }
}

function tryListen({ host, port }: { host: string; port: number }): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'unknown'));
    server.listen(port, host, () => server.close(() => resolve(undefined)));
  });
}
