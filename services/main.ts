import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { Closers } from './closers.ts';
import { createCore } from '../detectors/core.ts';
import { DETECTORS } from '../detectors/registry.ts';
import { createAuthorize } from './api/authorize.ts';
import type { Authorize } from './api/authorize.ts';
import { createElsewhere } from './api/elsewhere.ts';
import { openLocalDoor } from './api/local-door.ts';
import { buildServer, registerApi, registerHealth } from './api/server.ts';
import { describeSystem } from './api/system-status.ts';
import { openAudit } from './audit/audit-file.ts';
import { openSharedAudit } from './audit/shared-audit.ts';
import { createSessions } from './auth/sessions.ts';
import type { Sessions } from './auth/sessions.ts';
import { openTokens } from './auth/tokens.ts';
import type { Scope, Tokens } from './auth/tokens.ts';
import { openKafkaCheckpoints } from './checkpoints/kafka-checkpoints.ts';
import { openLmdbCheckpoints } from './checkpoints/lmdb-checkpoints.ts';
import type { CheckpointStore } from './checkpoints/checkpoint-store.ts';
import type { Step } from './config-schema.ts';
import type { Config } from './config.ts';
import { lockDataFolder } from './data-folder.ts';
import { startDetect } from './detect/detect.ts';
import type { Detect } from './detect/detect.ts';
import { createEnricher } from './enrichment/ip-enricher.ts';
import type { Enricher } from './enrichment/enricher.ts';
import { AppError, isErrno, messageOf, whyOf } from './errors.ts';
import { tuneGarbageCollection } from './garbage-collection.ts';
import { createAddressResolver } from './gateways/client-address.ts';
import { createFormats, FORMAT_NAMES } from './gateways/registry.ts';
import { createIngest } from './ingest/ingest.ts';
import type { Ingest } from './ingest/ingest.ts';
import { rawTopics, readRawTopics } from './ingest/raw-topics.ts';
import type { RawTopic } from './ingest/raw-topics.ts';
import { copyRejected } from './ingest/rejected-table.ts';
import { registerIngest } from './ingest/routes.ts';
import { readKafkaOptions } from './kafka/options.ts';
import { parseListen } from './listen-address.ts';
import { localSecret } from './local-secrets.ts';
import type { Log } from './log.ts';
import { createMetrics } from './metrics.ts';
import type { Metrics } from './metrics.ts';
import { createNotifiers } from './notifiers/registry.ts';
import type { DeskSettings } from './respond/desk/desk.ts';
import { startRespond } from './respond/respond.ts';
import type { Respond } from './respond/respond.ts';
import { createRevokers } from './revokers/registry.ts';
import { roleOf } from './roles.ts';
import type { Role } from './roles.ts';
import { Secret } from './secret.ts';
import { openEmbeddedStore } from './stores/embedded.ts';
import { openServerStore } from './stores/server.ts';
import type { Store } from './stores/store.ts';
import { openTransport } from './transports/open-transport.ts';
import type { Transport } from './transports/transport.ts';
import { caseFolderOf } from './verdicts/case-folder.ts';
import { createCaseKeeper } from './verdicts/case-keeper.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** About 150 MB; measured in docs/performance.md. */
const MAX_READY_KEYS = 20_000;
/** The token of this machine's command line. */
const LOCAL_NAME = 'local';
/** A gateway whose token ends loses its logs without anybody noticing, so that one lasts. */
const FIRST_TOKEN_DAYS = { admin: 365, ingest: 3_650 } as const;

/** Parts that need no gateway and no people; `sql` and `replay` use them one by one. */
export function openStore({ clickhouse, dataDir, retentionDays }: Config, log: Log): Promise<Store> {
  if (clickhouse !== undefined) return openServerStore({ ...clickhouse, retentionDays, log });
  return openEmbeddedStore({ dir: join(dataDir, 'store'), retentionDays, log });
}

interface EnricherParts {
  config: Config;
  log: Log;
  metrics?: Metrics;
  now?: () => number;
}

export function openEnricher({
  config,
  log,
  metrics = createMetrics(),
  now = Date.now,
}: EnricherParts): Promise<Enricher> {
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
    pepper: config.pepper ?? localSecret(config.dataDir, 'pepper'),
    resolveAddress: createAddressResolver(config.trustedProxies, config.trustedProxiesAreSet),
  });
}

export function newCore(config: Config, partition = 0, partitions = 1) {
  return createCore({
    ...{ partition, partitions, learningMs: config.learningDays * DAY_MS },
    maxKeys: Math.ceil(config.maxKeys / partitions),
    maxReadyKeys: Math.ceil(MAX_READY_KEYS / partitions),
  });
}

/** Only others write them, so there are none in the embedded log. */
function rawTopicsOf({ kafka, gateways }: Config): RawTopic[] {
  return kafka === undefined ? [] : rawTopics([...FORMAT_NAMES], gateways);
}

export function deskSettings(config: Config, url: string): DeskSettings {
  const { caps, protected: protectedKeys, graceHours } = config.response;
  return {
    mode: config.mode,
    caps,
    protectedKeys,
    graceMs: graceHours * HOUR_MS,
    publicUrl: config.publicUrl ?? url,
    simulate: false,
  };
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
  /** Those that this start made, because none was set or made before; they are shown once. */
  firstTokens: { admin?: string; ingest?: string };
  /** A token with every right, good until `close`, for the command line of this machine. */
  localToken: string;
  /** Where the command line reaches a responder that has no port for it. */
  socketPath: string | undefined;
  ingest: Ingest | undefined;
  close(): Promise<void>;
}

/** Puts the parts together and starts the steps; closes what was opened, in reverse, when one of them fails. */
export async function startGatewatch(options: StartOptions): Promise<Gatewatch> {
  const closers = new Closers();
  tuneGarbageCollection();
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
  /** What detection has learned, and what respond still has to do. */
  checkpoints: CheckpointStore;
  store: Store;
  enricher: Enricher;
  tokens: Tokens;
}

/** The steps of this process, filled in as they start: the server answers before them. */
interface Steps {
  wanted: readonly Step[];
  detect?: Detect;
  respond?: Respond;
}

async function start(options: StartOptions, closers: Closers): Promise<Gatewatch> {
  const role = roleOf(options.config, options.steps);
  for (const note of role.notes) options.log.warn(note);
  closers.add(await lockDataFolder(role.config.dataDir));
  const localToken = new Secret(randomBytes(32).toString('base64url'));
  const parts = await openParts({ ...options, config: role.config }, localToken, closers);
  const steps: Steps = { wanted: role.steps };
  const app = buildServer({ log: options.log });
  closers.add(() => app.close());
  const access = createAccess(parts);
  const ingest = await addRoutes(app, { parts, steps, role, webRoot: options.webRoot, access });
  const url = await listen(app, role.config.listen);
  await startSteps({ parts, steps, ingest, url }, closers);
  const socketPath = await openDoor({ parts, steps, access }, closers);
  // Closed again, and first: a process that stops takes nothing more.
  closers.add(() => app.close());
  // Last, because they are shown once: a start that fails would have made them for nobody.
  const firstTokens = await makeFirstTokens(parts, role.steps);
  return {
    url,
    firstTokens,
    localToken: localToken.reveal(),
    socketPath,
    ingest,
    close: () => closers.close(),
  };
}

async function startSteps(
  { parts, steps, ingest, url }: { parts: Parts; steps: Steps; ingest: Ingest | undefined; url: string },
  closers: Closers,
): Promise<void> {
  const { config } = parts;
  if (steps.wanted.includes('respond')) steps.respond = closers.use(await openRespond(parts, url, closers));
  if (steps.wanted.includes('detect')) {
    const createPartitionCore = (partition: number, count: number) => newCore(config, partition, count);
    steps.detect = closers.use(await startDetect({ ...parts, createCore: createPartitionCore }));
  }
  if (ingest !== undefined) {
    closers.use(await copyRejected(parts));
    closers.use(await readRawTopics({ ...parts, ingest, topics: rawTopicsOf(config) }));
  }
}

async function openParts(options: StartOptions, localToken: Secret, closers: Closers): Promise<Parts> {
  const { config, log, now = Date.now } = options;
  const metrics = createMetrics();
  const folder = (name: string) => join(config.dataDir, name);
  const topicNames = rawTopicsOf(config).map(({ topic }) => topic);
  return {
    config,
    log,
    metrics,
    now,
    tokens: await openTokens({ dir: config.dataDir, now, fixed: fixedTokens(config, localToken) }),
    checkpoints: closers.use(await openCheckpoints(config, folder('state'), log)),
    transport: closers.use(
      await openTransport({
        kafka: config.kafka,
        rawTopics: topicNames,
        dir: folder('transport'),
        log,
        metrics,
        now,
      }),
    ),
    store: closers.use(await openStore(config, log)),
    enricher: closers.use(await openEnricher({ config, log, metrics, now })),
  };
}

/** Where the events lie, there lies what was learned from them. */
function openCheckpoints({ kafka }: Config, dir: string, log: Log): Promise<CheckpointStore> {
  if (kafka === undefined) return openLmdbCheckpoints({ dir });
  const { topicPrefix, partitions } = kafka;
  return openKafkaCheckpoints({ ...readKafkaOptions(kafka), topic: `${topicPrefix}state`, partitions, log });
}

function fixedTokens({ adminToken, ingestToken, metricsToken }: Config, localToken: Secret) {
  const fixed: { text: Secret; scope: Scope; name: string }[] = [
    { text: localToken, scope: 'admin', name: LOCAL_NAME },
  ];
  if (adminToken !== undefined) fixed.push({ text: adminToken, scope: 'admin', name: 'settings' });
  if (ingestToken !== undefined) fixed.push({ text: ingestToken, scope: 'ingest', name: 'settings' });
  if (metricsToken !== undefined) fixed.push({ text: metricsToken, scope: 'metrics', name: 'settings' });
  return fixed;
}

/** Whoever starts it for the first time gets a token to sign in with and one for the gateway. */
async function makeFirstTokens(
  { tokens, now }: Parts,
  wanted: readonly Step[],
): Promise<Gatewatch['firstTokens']> {
  const known = tokens.list().filter(({ name }) => name !== LOCAL_NAME);
  const made: Gatewatch['firstTokens'] = {};
  for (const [scope, step] of [
    ['admin', 'api'],
    ['ingest', 'ingest'],
  ] as const) {
    if (!wanted.includes(step) || known.some((token) => token.scope === scope)) continue;
    const expiresAt = now() + FIRST_TOKEN_DAYS[scope] * DAY_MS;
    made[scope] = (await tokens.create({ scope, name: 'first start', expiresAt })).text;
  }
  return made;
}

interface Routes {
  parts: Parts;
  steps: Steps;
  role: Role;
  webRoot: string;
  access: Access;
}

interface Access {
  sessions: Sessions;
  authorize: Authorize;
}

function createAccess({ config, tokens, now }: Parts): Access {
  const sessions = createSessions({ tokens, now });
  return { sessions, authorize: createAuthorize({ tokens, sessions, publicUrl: config.publicUrl, now }) };
}

async function addRoutes(
  app: FastifyInstance,
  { parts, steps, role, webRoot, access }: Routes,
): Promise<Ingest | undefined> {
  const { config } = parts;
  const { authorize } = access;
  const isFullView = steps.wanted.includes('api') && !role.isAlone;
  const elsewhere = isFullView ? createElsewhere(parts) : undefined;
  const status = () => describeSystem({ ...parts, elsewhere }, steps);
  await registerHealth(app, { ...parts, authorize, status, measure: () => measure(steps) });
  const ingest = steps.wanted.includes('ingest')
    ? createIngest({ ...parts, formats: openFormats(config), gateways: config.gateways })
    : undefined;
  if (ingest !== undefined) await registerIngest(app, { ...parts, ingest, authorize });
  if (!steps.wanted.includes('api')) return ingest;
  await registerApi(app, {
    ...parts,
    ...access,
    webRoot,
    publicUrl: config.publicUrl,
    githubKeysFile: config.github.publicKeysFile,
    gitguardianToken: config.gitguardian.token,
    detectors: DETECTORS,
    promotion: config.response.promotion,
    describeKey: (keyId) => steps.detect?.describeKey(keyId),
    status,
    createCanary: minterOf(config, steps),
  });
  return ingest;
}

async function measure({ detect, respond }: Steps): Promise<void> {
  await detect?.measure();
  await respond?.measure();
}

function minterOf({ gateways }: Config, steps: Steps): Respond['createCanary'] | undefined {
  if (!steps.wanted.includes('respond') || gateways.length === 0) return undefined;
  return (request) => {
    if (steps.respond !== undefined) return steps.respond.createCanary(request);
    throw new AppError('E_BUSY', 'gatewatch is still starting. Try again in a second.');
  };
}

/** A responder of its own has no port for anything but its health. */
async function openDoor(
  { parts, steps, access }: { parts: Parts; steps: Steps; access: Access },
  closers: Closers,
): Promise<string | undefined> {
  const createCanary = minterOf(parts.config, steps);
  if (steps.wanted.includes('api') || createCanary === undefined) return undefined;
  try {
    const door = await openLocalDoor(parts.config.dataDir, { ...parts, ...access, createCanary });
    return closers.use(door).path;
  } catch (error) {
    parts.log.warn(whyOf(error), '"gatewatch canary create" does not work here. All else does.');
    return undefined;
  }
}

async function openRespond(parts: Parts, url: string, closers: Closers): Promise<Respond> {
  const { config, log, metrics, now } = parts;
  const isShared = config.kafka !== undefined;
  const file = await openAudit({ dir: config.dataDir, log, metrics, now, isShared });
  const audit = closers.use(isShared ? openSharedAudit({ ...parts, file, dir: config.dataDir }) : file);
  const notifiers = createNotifiers(config.notify, { log, now });
  for (const notifier of notifiers) closers.use(notifier);
  const revokers = createRevokers(config.gateways, { log });
  return startRespond({
    ...parts,
    audit,
    notifiers,
    revokers,
    settings: deskSettings(config, url),
    keepCase: createCaseKeeper({
      store: parts.store,
      dir: caseFolderOf(config.dataDir),
      learningDays: config.learningDays,
      log,
    }),
  });
}

async function listen(app: FastifyInstance, address: string): Promise<string> {
  try {
    return await app.listen(parseListen(address));
  } catch (cause) {
    if (!isErrno(cause)) throw cause;
    const reason = cause.code === 'EADDRINUSE' ? 'another program listens there' : messageOf(cause);
    throw new AppError(
      'E_PORT_IN_USE',
      `Cannot listen on ${address}: ${reason}. Stop that program, or set GATEWATCH_LISTEN.`,
      { cause },
    );
  }
}
