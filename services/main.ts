import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { Closers } from './closers.ts';
import { createCore } from '../detectors/core.ts';
import { buildServer, registerApi } from './api/server.ts';
import { openAudit } from './audit/audit-file.ts';
import { openTokens } from './auth/tokens.ts';
import type { Tokens } from './auth/tokens.ts';
import { openLmdbCheckpoints } from './checkpoints/lmdb-checkpoints.ts';
import type { CheckpointStore } from './checkpoints/checkpoint-store.ts';
import { STEPS } from './config.ts';
import type { Config, Step } from './config.ts';
import { lockDataFolder } from './data-folder.ts';
import { startDetect } from './detect/detect.ts';
import type { Detect } from './detect/detect.ts';
import { createEnricher } from './enrichment/ip-enricher.ts';
import type { Enricher } from './enrichment/enricher.ts';
import { AppError, messageOf } from './errors.ts';
import { createAddressResolver } from './gateways/client-address.ts';
import { createFormats } from './gateways/registry.ts';
import { createIngest } from './ingest/ingest.ts';
import type { Ingest } from './ingest/ingest.ts';
import { registerIngest } from './ingest/routes.ts';
import { localSecret } from './local-secrets.ts';
import type { Log } from './log.ts';
import { createMetrics } from './metrics.ts';
import type { Metrics } from './metrics.ts';
import { createNotifiers } from './notifiers/registry.ts';
import { startRespond } from './respond/respond.ts';
import type { Respond } from './respond/respond.ts';
import { createRevokers } from './revokers/registry.ts';
import { Secret } from './secret.ts';
import { openEmbeddedStore } from './stores/embedded.ts';
import type { Store } from './stores/store.ts';
import { openEmbeddedTransport } from './transports/embedded.ts';
import type { Transport } from './transports/transport.ts';

const DAY_MS = 86_400_000;

/** Parts that need no gateway and no people; `sql` and `replay` use them one by one. */
export function openStore(config: Config, log: Log, now: () => number): Promise<Store> {
  return openEmbeddedStore({ dir: join(config.dataDir, 'store'), retentionDays: config.retentionDays, log, now });
}

export function openEnricher(config: Config, log: Log, metrics: Metrics, now: () => number): Promise<Enricher> {
  return createEnricher({
    dataDir: config.dataDir,
    ...(config.geo.city === undefined ? {} : { cityFile: config.geo.city }),
    ...(config.geo.asn === undefined ? {} : { asnFile: config.geo.asn }),
    ...(config.geo.networks === undefined ? {} : { networksFile: config.geo.networks }),
    log,
    metrics,
    now,
  });
}

export function openFormats(config: Config) {
  return createFormats({
    pepper: localSecret(config.dataDir, 'pepper'),
    resolveAddress: createAddressResolver(config.trustedProxies),
  });
}

export function newCore(config: Config, partition: number) {
  return createCore({ partition, learningMs: config.learningDays * DAY_MS });
}

export interface StartOptions {
  config: Config;
  steps?: readonly Step[];
  log: Log;
  now?: () => number;
  webRoot: string;
}

export interface Gatewatch {
  url: string;
  /** Set when this start made them; they are shown once. */
  firstTokens: { admin: string; ingest: string } | undefined;
  /** A token with every right, good until `close`, for the command line of this machine. */
  localToken: string;
  ingest: Ingest | undefined;
  close(): Promise<void>;
}

/** Puts the parts together and starts the steps; closes what was opened, in reverse, when one of them fails. */
export async function startGatewatch(options: StartOptions): Promise<Gatewatch> {
  const closers = new Closers();
  try {
    return await start(options, closers);
  } catch (error) {
    await closers.close().catch(() => undefined);
    throw error;
  }
}

interface Parts {
  config: Config;
  log: Log;
  metrics: Metrics;
  now: () => number;
  transport: Transport;
  checkpoints: CheckpointStore;
  store: Store;
  enricher: Enricher;
  tokens: Tokens;
}

async function start({ config, steps = STEPS, log, webRoot, now = Date.now }: StartOptions, closers: Closers) {
  closers.add(await lockDataFolder(config.dataDir));
  const metrics = createMetrics();
  const localToken = randomBytes(32).toString('base64url');
  const openedTokens = await openFirstTokens(config, localToken, now);
  const parts: Parts = {
    config,
    log,
    metrics,
    now,
    tokens: openedTokens.tokens,
    checkpoints: closers.use(await openLmdbCheckpoints({ dir: join(config.dataDir, 'state') })),
    transport: closers.use(await openTransport(config, log, now)),
    store: closers.use(await openStore(config, log, now)),
    enricher: closers.use(await openEnricher(config, log, metrics, now)),
  };
  const has = (step: Step) => steps.includes(step);
  const respond = has('respond') ? closers.use(await openRespond(parts, closers)) : undefined;
  const detect = has('detect') ? closers.use(await startDetect({ ...parts, createCore: (partition) => newCore(config, partition) })) : undefined;
  const app = buildServer({ log });
  closers.add(() => app.close());
  const ingest = has('ingest') ? addIngest(app, parts) : undefined;
  await addApi(app, parts, { detect, respond, webRoot, serveApi: has('api') });
  const url = await listen(app, config.listen);
  return { url, firstTokens: openedTokens.firstTokens, localToken, ingest, close: () => closers.close() };
}
