import { setTimeout as pause } from 'node:timers/promises';
import { hasRoom } from '../data-folder.ts';
import type { Enricher } from '../enrichment/enricher.ts';
import type { Store } from '../stores/store.ts';
import type { Transport } from '../transports/transport.ts';
import { VERSION } from '../version.ts';
import type { Elsewhere } from './elsewhere.ts';
import { gatewayStatus, notifyStatus } from './outside-status.ts';
import type { OutsideView } from './outside-status.ts';
import type { SystemStatus } from './schema.ts';

export interface SystemParts {
  config: Pick<SystemStatus, 'mode' | 'gateways'> & { dataDir: string };
  transport: Transport;
  store: Store;
  /** Undefined in a process that looks nothing up. */
  enricher?: Enricher | undefined;
  /** What other processes do; undefined where there are none. */
  elsewhere?: (() => Promise<Elsewhere>) | undefined;
  now: () => number;
}

/** The steps of this process; one that is wanted and not there yet is starting. */
export interface SystemSteps {
  wanted: readonly string[];
  detect?: StepView & { watermark(): number };
  respond?: StepView & OutsideView & { isFrozen(): boolean; isActive(): boolean };
}

interface StepView {
  lag(): Promise<number>;
  /** False while it does not read what is its own, or does not know what that is. */
  isReady(): boolean;
}

/** Without these gatewatch still takes events in and judges, and acts and tells as far as it can. A restart would not help
 *  them, so they are shown and do not make it unready. */
const DEGRADED: ReadonlySet<string> = new Set(['store', 'notify', 'gateway']);

/** How the parts are, and how far behind. */
export async function describeSystem(
  { config, transport, store, enricher, elsewhere, now }: SystemParts,
  { wanted, detect, respond }: SystemSteps,
): Promise<SystemStatus> {
  // What is away is told of below.
  const others = await inTime(() => elsewhere?.());
  const lag = {
    events: (wanted.includes('detect') ? await inTime(() => detect?.lag()) : others?.lag.events) ?? 0,
    respond: (wanted.includes('respond') ? await inTime(() => respond?.lag()) : others?.lag.respond) ?? 0,
  };
  const watermark = Math.max(detect?.watermark() ?? 0, others?.watermark ?? 0);
  const parts = [
    await check('log', () => transport.endOffset('events', 0)),
    await check('store', () => store.ping()),
    diskStatus(config.dataDir),
    stepStatus('detect', wanted, detect, lag.events),
    stepStatus('respond', wanted, respond, lag.respond),
    notifyStatus(respond),
    gatewayStatus(respond, { watermark, now: now() }),
  ].filter((part) => part !== undefined);
  return {
    version: VERSION,
    mode: config.mode,
    frozen: respond?.isActive() === true ? respond.isFrozen() : (others?.frozen ?? false),
    ready: parts.every(({ name, ready }) => ready || DEGRADED.has(name)),
    parts,
    lag,
    watermark: watermark === 0 ? null : new Date(watermark).toISOString(),
    gateways: config.gateways.map(({ name, type, url }) => ({ name, type, url })),
    sources: (enricher?.sources() ?? []).map(({ name, origin, builtAt }) => ({
      name,
      origin,
      built_at: builtAt === 0 ? null : new Date(builtAt).toISOString(),
    })),
  };
}

type PartStatus = SystemStatus['parts'][number];

const ANSWER_WITHIN_MS = 2_000;

/** Undefined when there is no answer in time, or none at all. */
async function inTime<Answer>(ask: () => Promise<Answer> | undefined): Promise<Answer | undefined> {
  const silence = new AbortController();
  const late = pause(ANSWER_WITHIN_MS, undefined, { signal: silence.signal }).catch(() => undefined);
  try {
    return await Promise.race([ask(), late]);
  } catch {
    return undefined;
  } finally {
    silence.abort();
  }
}

/** The reason is for anybody who asks, without a token: it must not say where things lie. */
async function check(name: string, ask: () => Promise<unknown>): Promise<PartStatus> {
  const ready = (await inTime(() => ask().then(() => true))) ?? false;
  return { name, ready, reason: ready ? '' : 'It does not answer; see the log.' };
}

function diskStatus(dataDir: string): PartStatus {
  const ready = hasRoom(dataDir);
  return {
    name: 'disk',
    ready,
    reason: ready ? '' : 'It is full: nothing can be taken in, and nothing blocked.',
  };
}

/** A step that has more than this before it is not up to date. */
const CAUGHT_UP_RECORDS = 20_000;

function stepStatus(
  name: 'detect' | 'respond',
  wanted: readonly string[],
  step: (StepView & { isActive?(): boolean }) | undefined,
  lag: number,
): PartStatus {
  if (!wanted.includes(name)) return { name, ready: true, reason: 'It runs in another process.' };
  if (step === undefined) return { name, ready: false, reason: 'It is starting.' };
  if (!step.isReady())
    return {
      name,
      ready: false,
      reason: 'It restores its state, or hears nothing of the brokers; see the log.',
    };
  if (step.isActive?.() === false) return { name, ready: true, reason: 'It stands by for another process.' };
  const isBehind = lag > CAUGHT_UP_RECORDS;
  return { name, ready: !isBehind, reason: isBehind ? `${lag.toString()} records behind.` : '' };
}
