import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { loadConfig } from '../services/config.ts';
import { createLog } from '../services/log.ts';
import { startGatewatch } from '../services/main.ts';
import { makeBodies } from './bodies.ts';
import type { BodyOptions } from './bodies.ts';
import { startPlain } from './plain-server.ts';

/** What runs in a process of its own, so that its CPU time and memory are its own. */
export type Kind = 'gatewatch' | 'plain' | 'parse';

export interface ChildSettings {
  kind: Kind;
  /** Kept when given; else a temporary folder. */
  dataDir?: string;
  token: string;
  gateway?: { url: string; key: string };
}

export interface Usage {
  /** User and system time of all threads since the start. */
  cpuMs: number;
  peakRssMb: number;
  /** Without the pages of mapped files (the log), which the system takes back whenever it wants; NaN where it does not
   *  say. */
  peakOwnMb: number;
  /** Of the event loop, since the last time this was asked. */
  longestPauseMs: number;
  pauseP999Ms: number;
}

export type Order =
  { order: 'usage' } | { order: 'close' } | { order: 'settle' } | { order: 'parse'; bodies: BodyOptions };

const RESOLUTION_MS = 2;
const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });

const SAMPLE_MS = 200;
const STATUS_FILE = '/proc/self/status';
let peakOwnMb = existsSync(STATUS_FILE) ? 0 : NaN;

function sampleMemory(): void {
  const anonymous = /RssAnon:\s+(\d+) kB/.exec(readFileSync(STATUS_FILE, 'utf8'))?.[1];
  peakOwnMb = Math.max(peakOwnMb, Number(anonymous) / 1024);
}

function usage(): Usage {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  const pause = (delayNs: number) => Math.max(0, delayNs / 1e6 - RESOLUTION_MS);
  const longestPauseMs = pause(delays.max);
  const pauseP999Ms = pause(delays.percentile(99.9));
  delays.reset();
  return {
    cpuMs: (userCPUTime + systemCPUTime) / 1000,
    peakRssMb: maxRSS / 1024,
    peakOwnMb,
    longestPauseMs,
    pauseP999Ms,
  };
}

/** CPU time of `JSON.parse` alone on the bytes of a round. */
function parseAlone(options: BodyOptions): number {
  const bodies = makeBodies(options);
  const before = process.resourceUsage();
  for (const body of bodies) JSON.parse(body.toString());
  const after = process.resourceUsage();
  return (after.userCPUTime + after.systemCPUTime - before.userCPUTime - before.systemCPUTime) / 1000;
}

interface Server {
  url: string;
  settle(): Promise<void>;
  close(): Promise<void>;
}

const NOTHING: Server = { url: '', settle: () => Promise.resolve(), close: () => Promise.resolve() };

async function startServer(settings: ChildSettings, dir: string): Promise<Server> {
  if (settings.kind === 'parse') return NOTHING;
  if (settings.kind === 'plain') return startPlain(join(dir, 'plain'));
  const configFile = join(dir, 'bench.yaml');
  // Caps would stop the bench after three blocks.
  writeFileSync(
    configFile,
    'mode: certain\nresponse: {caps: {per10min: 100000, perHour: 100000, perDay: 100000, fleetPercent: 100, teamPercent: 100}}\n',
  );
  const environment = {
    GATEWATCH_DATA_DIR: join(dir, 'data'),
    GATEWATCH_LISTEN: '127.0.0.1:0',
    GATEWATCH_INGEST_TOKEN: settings.token,
    GATEWATCH_ADMIN_TOKEN: `${settings.token}-admin`,
    ...(settings.gateway === undefined
      ? {}
      : { GATEWATCH_LITELLM_URL: settings.gateway.url, GATEWATCH_LITELLM_KEY: settings.gateway.key }),
  };
  const config = loadConfig(environment, configFile);
  const gatewatch = await startGatewatch({ config, log: createLog('error'), webRoot: dir });
  return { ...NOTHING, url: gatewatch.url, close: () => gatewatch.close() };
}

const settings = JSON.parse(process.argv[2] ?? '{}') as ChildSettings;
const dir = settings.dataDir ?? mkdtempSync(join(tmpdir(), 'gatewatch-bench-'));
const server = await startServer(settings, dir);
delays.enable();
if (!Number.isNaN(peakOwnMb)) setInterval(sampleMemory, SAMPLE_MS).unref();
process.on('message', (message: Order) => {
  void answer(message).then((value) => process.send?.({ value }));
});
process.send?.({ value: server.url });

async function answer(message: Order): Promise<unknown> {
  switch (message.order) {
    case 'usage':
      return usage();
    case 'parse':
      return parseAlone(message.bodies);
    case 'settle':
      await server.settle();
      return undefined;
    case 'close':
      await server.close();
      if (settings.dataDir === undefined) rmSync(dir, { recursive: true, force: true });
      setImmediate(() => process.disconnect());
      return undefined;
  }
}
