import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KeyId } from '../detectors/event.ts';
import { openKafkaCheckpoints } from '../services/checkpoints/kafka-checkpoints.ts';
import { openLmdbCheckpoints } from '../services/checkpoints/lmdb-checkpoints.ts';
import { Announcer } from '../services/detect/announcer.ts';
import type { DetectDeps } from '../services/detect/deps.ts';
import { startDetect } from '../services/detect/detect.ts';
import type { Detect } from '../services/detect/detect.ts';
import { HeldPartition } from '../services/detect/held-partition.ts';
import { createEnricher } from '../services/enrichment/ip-enricher.ts';
import { tuneGarbageCollection } from '../services/garbage-collection.ts';
import { createLog } from '../services/log.ts';
import { newCore } from '../services/main.ts';
import { loadConfig } from '../services/config.ts';
import { createMetrics } from '../services/metrics.ts';
import { openEmbeddedStore } from '../services/stores/embedded.ts';
import { encodeEvent } from '../services/topics.ts';
import { openTransport } from '../services/transports/open-transport.ts';
import { anEvent } from '../test/support/events.ts';
import { seededRandom } from '../test/support/seeded-random.ts';

/** One detect process of the growth bench, with a ClickHouse of its own in it. */
export interface GrowthSettings {
  /** Undefined: the embedded log. */
  kafka: { brokers: string[]; prefix: string; partitions: number } | undefined;
  maxKeys: number;
}

export type GrowthOrder =
  | { order: 'fill'; events: number; keys: number; seed: number }
  | { order: 'start' }
  /** One partition alone, as after another process was killed; seconds. */
  | { order: 'restore' }
  | { order: 'usage' }
  /** Rows in the store: asked often, so that it costs little. */
  | { order: 'stored' }
  | { order: 'stop' };

export interface GrowthUsage {
  cpuMs: number;
  heapMb: number;
  ownMb: number;
  restoreSeconds: number;
  partitions: number;
}

const APPEND = 2_000;
const settings = JSON.parse(process.argv[2] ?? '{}') as GrowthSettings;
const dir = mkdtempSync(join(tmpdir(), 'gatewatch-growth-'));
tuneGarbageCollection();
const log = createLog('error');
const metrics = createMetrics();
const environment: Record<string, string> = { GATEWATCH_MAX_KEYS: settings.maxKeys.toString() };
if (settings.kafka !== undefined) {
  environment['GATEWATCH_KAFKA_BROKERS'] = settings.kafka.brokers.join(',');
  environment['GATEWATCH_KAFKA_TOPIC_PREFIX'] = settings.kafka.prefix;
  environment['GATEWATCH_KAFKA_PARTITIONS'] = settings.kafka.partitions.toString();
}
const config = loadConfig(environment);
const now = Date.now;
const transport = await openTransport({
  ...{ kafka: config.kafka, rawTopics: [], dir: join(dir, 'transport'), log, metrics, now },
});
const store = await openEmbeddedStore({ dir: join(dir, 'store'), retentionDays: 90, log });
const enricher = await createEnricher({ dataDir: dir, log, metrics, now });
const checkpoints =
  config.kafka === undefined
    ? await openLmdbCheckpoints({ dir: join(dir, 'state') })
    : await openKafkaCheckpoints({
        ...{ brokers: config.kafka.brokers, topic: `${config.kafka.topicPrefix}state`, log },
        partitions: config.kafka.partitions,
      });
const deps: DetectDeps = {
  ...{ transport, checkpoints, store, enricher, log, metrics, now },
  createCore: (partition, count) => newCore(config, partition, count),
};
let detect: Detect | undefined;
/** Keys that were shown. */
let known = 0;

/** Events of keys that make few calls and of some that make many, as in real fleets; the first `keys` ones show every key. */
async function fill(events: number, keys: number, seed: number): Promise<void> {
  const random = seededRandom(seed);
  known = Math.max(known, keys);
  const endMs = Date.now();
  for (let at = 0; at < events; at += APPEND) {
    const records = Array.from({ length: Math.min(APPEND, events - at) }, (_, index) => {
      const key = at + index < keys ? at + index : Math.min(known - 1, Math.floor(known ** random()) - 1);
      const keyId = (key + 1).toString(16).padStart(8, '0').repeat(8) as KeyId;
      const ts = endMs - 60_000 + Math.floor(((at + index) / events) * 60_000);
      const event = anEvent({
        ...{ eventId: `call-${seed.toString()}-${(at + index).toString()}`, keyId, ts, receivedAt: ts },
        keyAlias: `key-${key.toString()}`,
        team: `team-${(key % 500).toString()}`,
        ip: `81.2.${(key % 200).toString()}.${(1 + (key % 7)).toString()}`,
        costUsd: Math.floor(random() * 100) / 10_000,
      });
      return { key: keyId, id: event.eventId, value: encodeEvent(event) };
    });
    await transport.append('events', records);
  }
}

async function stored(): Promise<number> {
  const [row] = await store.query<{ count: string }>('SELECT count() AS count FROM events');
  return Number(row?.count ?? 0);
}

async function restoreOne(): Promise<number> {
  const partitions = await transport.partitions('events');
  const announcer = new Announcer({ transport, partitions, held: () => [], log });
  const signal = new AbortController().signal;
  const startedAt = performance.now();
  const lag = () => Promise.resolve(0);
  const holding = { number: 0, partitions, announcer, closing: signal, onLost: () => undefined, lag };
  const partition = new HeldPartition(deps, holding);
  await partition.open(signal);
  const seconds = (performance.now() - startedAt) / 1000;
  announcer.close();
  await partition.drop();
  return seconds;
}

async function usage(): Promise<GrowthUsage> {
  const { userCPUTime, systemCPUTime } = process.resourceUsage();
  const { value } = (await metrics.checkpointRestore.get()).values[0] ?? { value: 0 };
  const partitions = (await metrics.partitionsAssigned.get()).values[0]?.value ?? 1;
  global.gc?.();
  const memory = process.memoryUsage();
  return {
    cpuMs: (userCPUTime + systemCPUTime) / 1000,
    heapMb: (memory.heapUsed + memory.external) / 2 ** 20,
    ownMb: memory.rss / 2 ** 20,
    restoreSeconds: value,
    partitions,
  };
}

async function answer(message: GrowthOrder): Promise<unknown> {
  switch (message.order) {
    case 'fill':
      return fill(message.events, message.keys, message.seed);
    case 'start':
      detect = await startDetect(deps);
      return undefined;
    case 'restore':
      return restoreOne();
    case 'stored':
      return stored();
    case 'usage':
      return usage();
    case 'stop': {
      const startedAt = performance.now();
      await detect?.close();
      const seconds = (performance.now() - startedAt) / 1000;
      for (const part of [enricher, store, checkpoints, transport]) await part.close();
      rmSync(dir, { recursive: true, force: true });
      setTimeout(() => process.exit(), 300).unref();
      setImmediate(() => process.disconnect());
      return seconds;
    }
  }
}

process.on('message', (message: GrowthOrder) => {
  answer(message).then(
    (value) => process.send?.({ value }),
    (error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
      process.exit(1);
    },
  );
});
process.send?.({ value: 'ready' });
