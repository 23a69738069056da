import { setTimeout as pause } from 'node:timers/promises';
import { median } from 'simple-statistics';
import { makeBodies } from './bodies.ts';
import type { BodyOptions, RecordSize } from './bodies.ts';
import type { Usage } from './child.ts';
import { Child, TOKEN } from './children.ts';
import { sendLoad } from './load.ts';
import { untilJudged, untilStored } from './query.ts';

export interface ThroughputOptions {
  size: RecordSize;
  keys: number;
  records: number;
  rounds: number;
}

export type Memory = Pick<Usage, 'peakRssMb' | 'peakOwnMb'>;

/** Medians over the rounds; CPU seconds for a million events, all threads. */
export interface Throughput {
  parseCpu: number;
  gatewatchCpu: number;
  plainCpu: number;
  gatewatchPerSecond: number;
  plainPerSecond: number;
  gatewatchMemory: Memory;
  plainMemory: Memory;
  longestPauseMs: number;
  pauseP999Ms: number;
}

const CONNECTIONS = 4;
const PER_BODY = 100;
/** After the last event is judged, so that storing and merging its row counts too. */
const REST_MS = 2_000;

/** The same bytes through `JSON.parse` alone, gatewatch and the plain pipeline, in turn, round by round. */
export async function measureThroughput(options: ThroughputOptions): Promise<Throughput> {
  const [parse, gatewatch, plain] = await Promise.all(
    (['parse', 'gatewatch', 'plain'] as const).map((kind) => Child.start({ kind, token: TOKEN })),
  );
  if (parse === undefined || gatewatch === undefined || plain === undefined)
    throw new Error('Nothing started.');
  const rounds: Round[] = [];
  const api = { url: gatewatch.url, token: `${TOKEN}-admin` };
  let sent = 0;
  // The first round warms up, and shows every key once.
  for (let round = 0; round <= options.rounds; round += 1) {
    const records = round === 0 ? Math.max(options.keys, options.records) : options.records;
    const made: BodyOptions = {
      ...options,
      records,
      perBody: PER_BODY,
      endMs: Date.now(),
      everyKey: round === 0,
    };
    const parseMs = await parse.parse(made);
    const bodies = makeBodies(made);
    sent += records;
    const ours = await measure(gatewatch, bodies, () => untilJudged(api, sent));
    await untilStored(api, sent);
    const theirs = await measure(plain, bodies, () => plain.settle());
    if (round > 0) rounds.push({ records, parseMs, ours, theirs });
  }
  const [ourUsage, theirUsage] = [await gatewatch.usage(), await plain.usage()];
  await Promise.all([parse, gatewatch, plain].map((child) => child.close()));
  return {
    parseCpu: median(rounds.map(({ parseMs, records }) => (parseMs * 1000) / records)),
    gatewatchCpu: median(rounds.map(({ ours, records }) => (ours.cpuMs * 1000) / records)),
    plainCpu: median(rounds.map(({ theirs, records }) => (theirs.cpuMs * 1000) / records)),
    gatewatchPerSecond: median(rounds.map(({ ours, records }) => records / ours.seconds)),
    plainPerSecond: median(rounds.map(({ theirs, records }) => records / theirs.seconds)),
    gatewatchMemory: ourUsage,
    plainMemory: theirUsage,
    longestPauseMs: Math.max(...rounds.map(({ ours }) => ours.longestPauseMs)),
    pauseP999Ms: median(rounds.map(({ ours }) => ours.pauseP999Ms)),
  };
}

interface Measured {
  cpuMs: number;
  /** From the first body sent to the last event judged. */
  seconds: number;
  longestPauseMs: number;
  pauseP999Ms: number;
}

interface Round {
  records: number;
  parseMs: number;
  ours: Measured;
  theirs: Measured;
}

async function measure(
  child: Child,
  bodies: readonly Buffer[],
  settle: () => Promise<void>,
): Promise<Measured> {
  const before = await child.usage();
  const startedAt = performance.now();
  await sendLoad({ url: `${child.url}/v1/logs/litellm`, token: TOKEN, bodies, connections: CONNECTIONS });
  await settle();
  const seconds = (performance.now() - startedAt) / 1000;
  await pause(REST_MS);
  const { cpuMs, longestPauseMs, pauseP999Ms } = await child.usage();
  return { cpuMs: cpuMs - before.cpuMs, seconds, longestPauseMs, pauseP999Ms };
}
