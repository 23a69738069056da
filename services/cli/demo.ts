import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { Closers } from '../closers.ts';
import { loadConfig } from '../config.ts';
import { startFakeGateway } from '../demo/fake-gateway.ts';
import type { FakeGateway } from '../demo/fake-gateway.ts';
import { play } from '../demo/play.ts';
import type { Incident, Outcome, Stage } from '../demo/play.ts';
import { createLog } from '../log.ts';
import { startGatewatch } from '../main.ts';
import type { Gatewatch } from '../main.ts';
import { ApiClient } from './api-client.ts';
import { removeRunning, writeRunning } from './running.ts';
import { untilStopped } from './start.ts';
import { webRoot } from './web-root.ts';

const USUAL_PORT = 8787;
/** The real gateway sends every 5 s; a demo should not keep people waiting. */
const LOGS_EVERY_MS = 250;

export function registerDemo(program: Command): void {
  program
    .command('demo')
    .description(
      'a theft before your eyes: gatewatch on a temporary folder, with a fake gateway and invented traffic',
    )
    .option('--port <number>', 'port of the page; any free one if it is taken', readPort, USUAL_PORT)
    .action(async ({ port }: { port: number }) => {
      // From the start, so that the folder goes whenever it is stopped.
      const stopped = untilStopped();
      const demo = await startDemo({ port, say: (line) => process.stdout.write(`${line}\n`) });
      try {
        await Promise.race([tell(demo), stopped]);
        await stopped;
      } finally {
        await demo.close();
      }
    });
}

async function tell({ outcome, url, dataDir, say }: Demo): Promise<void> {
  const { incident } = await outcome;
  say('');
  if (incident !== undefined)
    say(`See why: ${url}/#/incidents/${incident.incident_id} — it can be undone there with "Restore".`);
  say(
    `Ask it:  GATEWATCH_DATA_DIR=${dataDir} npx gatewatch sql "SELECT ts, ip, as_org, model, outcome FROM events WHERE key_alias = 'dana-laptop' ORDER BY ts DESC LIMIT 10"`,
  );
  say('Usual traffic goes on. Ctrl-C ends the demo and removes its folder.');
}

function readPort(text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65_535)
    throw new InvalidArgumentError('It must be a number up to 65535; 0 takes any free one.');
  return port;
}

export interface Demo {
  url: string;
  dataDir: string;
  say: (line: string) => void;
  /** How the theft ended. */
  outcome: Promise<Outcome>;
  close(): Promise<void>;
}

/** Starts everything and the play; `close` ends both and removes the folder. */
export async function startDemo({ port, say }: { port: number; say: (line: string) => void }): Promise<Demo> {
  const closers = new Closers();
  try {
    return await start(port, say, closers);
  } catch (error) {
    await closers.close().catch(() => undefined);
    throw error;
  }
}

async function start(port: number, say: (line: string) => void, closers: Closers): Promise<Demo> {
  const dataDir = await mkdtemp(join(tmpdir(), 'gatewatch-demo-'));
  closers.add(() => rm(dataDir, { recursive: true, force: true }));
  const gateway = closers.use(await startFakeGateway());
  const tokens = { admin: newToken(), ingest: newToken() };
  const config = loadConfig(settingsOf({ dataDir, gateway, tokens, port: (await isFree(port)) ? port : 0 }));
  const gatewatch = closers.use(
    await startGatewatch({ config, log: createLog(config.logLevel), webRoot: webRoot() }),
  );
  gateway.sendLogsTo({
    url: `${gatewatch.url}/v1/logs/litellm`,
    token: tokens.ingest,
    flushMs: LOGS_EVERY_MS,
  });
  writeRunning(dataDir, { url: gatewatch.url, token: gatewatch.localToken, pid: process.pid });
  closers.add(() => removeRunning(dataDir));
  say(`Watch:   ${gatewatch.url}/#/sign-in?token=${tokens.admin}`);
  say('');
  const stopping = new AbortController();
  const outcome = play(stageOf({ gateway, gatewatch, say, signal: stopping.signal }));
  closers.add(async () => {
    stopping.abort();
    await outcome.catch(() => undefined);
  });
  return { url: gatewatch.url, dataDir, say, outcome, close: () => closers.close() };
}

const newToken = () => `demo-${randomBytes(24).toString('base64url')}`;

interface Parts {
  dataDir: string;
  gateway: FakeGateway;
  tokens: { admin: string; ingest: string };
  port: number;
}

/** Nothing of the operator's own settings plays a part, so none of it can be reached. */
function settingsOf({ dataDir, gateway, tokens, port }: Parts): NodeJS.ProcessEnv {
  const allowedRoutes = ['/key/block', '/key/unblock', '/key/info', '/key/generate'];
  return {
    GATEWATCH_DATA_DIR: dataDir,
    GATEWATCH_LISTEN: `127.0.0.1:${port.toString()}`,
    GATEWATCH_LOG_LEVEL: 'error',
    GATEWATCH_ADMIN_TOKEN: tokens.admin,
    GATEWATCH_INGEST_TOKEN: tokens.ingest,
    GATEWATCH_MODE: 'certain',
    GATEWATCH_LITELLM_URL: gateway.url,
    GATEWATCH_LITELLM_KEY: gateway.createKey({ alias: 'gatewatch', isAdmin: true, allowedRoutes }).key,
  };
}

interface StageParts {
  gateway: FakeGateway;
  gatewatch: Gatewatch;
  say: (line: string) => void;
  signal: AbortSignal;
}

function stageOf({ gateway, gatewatch, say, signal }: StageParts): Stage {
  const api = new ApiClient(gatewatch.url, gatewatch.localToken);
  return {
    gateway,
    say,
    now: Date.now,
    takeHistory: async (body) =>
      gatewatch.ingest?.take('litellm', body, { gateway: 'litellm', isImport: true }),
    async isCaughtUp() {
      const { lag } = (await api.get('/v1/status')) as { lag: Record<string, number> };
      return Object.values(lag).every((records) => records === 0);
    },
    reportLeak: (keyId, url) =>
      api.post('/v1/leaks', { source: 'demo scanner', url, keys: [{ sha256: keyId }] }),
    async newestIncident(keyId) {
      const { incidents } = (await api.get(`/v1/incidents?key_id=${keyId}&limit=1`)) as {
        incidents: Incident[];
      };
      return incidents[0];
    },
    pause: (ms) => pause(ms, undefined, { signal }),
    signal,
  };
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
