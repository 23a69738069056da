import { setTimeout as pause } from 'node:timers/promises';
import { quantileSorted } from 'simple-statistics';
import { startFakeGateway } from '../services/demo/fake-gateway.ts';
import type { FakeGateway } from '../services/demo/fake-gateway.ts';
import { aLitellmRecord } from '../test/support/litellm-records.ts';
import { pythonJson } from '../test/support/python-json.ts';
import { makeBodies } from './bodies.ts';
import { Child, TOKEN } from './children.ts';
import { sendLoad } from './load.ts';
import { postJson } from './query.ts';
import type { Memory } from './throughput.ts';

export interface LatencyOptions {
  eventsPerSecond: number;
  seconds: number;
  keys: number;
  /** Keys reported as leaked, each used once within the flow. */
  leaked: number;
}

export interface Latency {
  blocks: number;
  /** From the arrival of the event to the gateway being asked to block. */
  p50Ms: number;
  p99Ms: number;
  answerP50Ms: number;
  answerP99Ms: number;
  longestPauseMs: number;
  pauseP999Ms: number;
  memory: Memory;
}

const PER_BODY = 50;
const now = () => performance.timeOrigin + performance.now();

/** A steady flow with thefts in it: how long until the gateway is asked to block. */
export async function measureLatency(options: LatencyOptions): Promise<Latency> {
  const gateway = await startFakeGateway({ now });
  const child = await Child.start({
    kind: 'gatewatch',
    token: TOKEN,
    gateway: { url: gateway.url, key: gateway.masterKey },
  });
  const api = { url: child.url, token: `${TOKEN}-admin` };
  const load = { url: `${child.url}/v1/logs/litellm`, token: TOKEN, connections: 4 };
  const flow = { size: '3.5 kB', keys: options.keys, perBody: PER_BODY } as const;
  await sendLoad({
    ...load,
    bodies: makeBodies({ ...flow, records: options.keys, endMs: Date.now(), everyKey: true }),
  });
  const thefts = makeThefts(gateway, options.leaked);
  await postJson(api, '/v1/leaks', { source: 'bench', keys: thefts.map(({ keyId }) => ({ sha256: keyId })) });
  await pause(2_000);
  await child.usage();
  const bodies = makeBodies({
    ...flow,
    records: options.eventsPerSecond * options.seconds,
    endMs: Date.now(),
    everyKey: false,
  });
  const every = Math.floor(bodies.length / thefts.length);
  const { answerMs } = await sendLoad({
    ...load,
    bodies,
    perSecond: options.eventsPerSecond / PER_BODY,
    beforeSend: (body, index) => {
      const theft = index % every === every >> 1 ? thefts[Math.floor(index / every)] : undefined;
      if (theft === undefined) return body;
      theft.sentAt = now();
      return withRecord(body, theft);
    },
  });
  await pause(3_000);
  const usage = await child.usage();
  const delays = delaysOf(gateway, thefts);
  await child.close();
  await gateway.close();
  return {
    blocks: delays.length,
    p50Ms: quantileSorted(delays, 0.5),
    p99Ms: quantileSorted(delays, 0.99),
    answerP50Ms: quantileSorted(answerMs, 0.5),
    answerP99Ms: quantileSorted(answerMs, 0.99),
    longestPauseMs: usage.longestPauseMs,
    pauseP999Ms: usage.pauseP999Ms,
    memory: usage,
  };
}

interface Theft {
  keyId: string;
  alias: string;
  team: string;
  ip: string;
  sentAt: number;
}

function makeThefts(gateway: FakeGateway, count: number): Theft[] {
  return Array.from({ length: count }, (_, index): Theft => {
    const [alias, team] = [`leaked-${index.toString()}`, (index % 50).toString()];
    const { keyId } = gateway.createKey({ alias, team, user: 'dana' });
    // The gateway is asked whether the log is right about the key: alias and team must agree. Each theft comes from a
    // network of its own, or it would look like one network with many keys.
    const ip = `203.${(index >> 8).toString()}.${(index & 255).toString()}.9`;
    return { keyId, alias, team: `team-${team}`, ip, sentAt: 0 };
  });
}

/** From each theft to the call that asked to block its key, milliseconds, sorted. */
function delaysOf({ adminCalls }: FakeGateway, thefts: readonly Theft[]): number[] {
  const blocks = adminCalls.filter(({ path }) => path === '/key/block');
  const askedAt = new Map(blocks.map(({ body, at }) => [(body as { key: string }).key, at]));
  const delays = thefts.flatMap(({ keyId, sentAt }) => {
    const at = askedAt.get(keyId);
    return at === undefined ? [] : [at - sentAt];
  });
  if (delays.length === 0) throw new Error('No leaked key was blocked.');
  return delays.sort((a, b) => a - b);
}

function withRecord(body: Buffer, { keyId, alias, team, ip }: Theft): Buffer {
  const call = { callId: `theft-${keyId}`, keyHash: keyId, keyAlias: alias, team, ip, endTime: now() / 1000 };
  return Buffer.concat([body.subarray(0, -1), Buffer.from(`, ${pythonJson(aLitellmRecord(call))}]`)]);
}
