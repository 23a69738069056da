import { fork } from 'node:child_process';
import { cpus, totalmem } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { YOUNG_GENERATION } from '../services/garbage-collection.ts';
import { KafkaCluster } from '../test/support/kafka/kafka-cluster.ts';
import type { GrowthOrder, GrowthSettings, GrowthUsage } from './growth-child.ts';

/** `npm run bench:growth`, `-- --quick`, `-- --only=processes,keys,rebalance`: what more partitions, more processes and more
 *  keys cost. Needs Java 17 and Maven for a Kafka of its own; the CPU of brokers is not counted. */
const FILE = fileURLToPath(new URL('./growth-child.ts', import.meta.url));
const isQuick = process.argv.includes('--quick');
const only = process.argv
  .find((one) => one.startsWith('--only='))
  ?.slice('--only='.length)
  .split(',');
const wants = (part: string) => only?.includes(part) ?? true;
const EVENTS = isQuick ? 60_000 : 1_000_000;
const KEYS = 10_000;
const KEY_COUNTS = isQuick ? [1_000, 20_000] : [1_000, 10_000, 100_000, 1_000_000];
const SETTLE_MS = isQuick ? 35_000 : 70_000;
const JOIN_MS = 5_000;
/** Beyond the first call of each key. */
const MORE_EVENTS = isQuick ? 20_000 : 200_000;

const print = (text: string) => process.stdout.write(`${text}\n`);
const row = (...cells: (string | number)[]) => {
  print(`| ${cells.map((cell) => (typeof cell === 'number' ? rounded(cell) : cell)).join(' | ')} |`);
};
const rounded = (value: number) => value.toFixed(value < 10 ? 2 : 0);

class Child {
  readonly #process;

  private constructor(settings: GrowthSettings) {
    this.#process = fork(FILE, [JSON.stringify(settings)], {
      execArgv: [...process.execArgv, YOUNG_GENERATION, '--expose-gc'],
    });
  }

  static async start(settings: GrowthSettings): Promise<Child> {
    const child = new Child(settings);
    await child.#answer();
    return child;
  }

  ask<Answer>(order: GrowthOrder): Promise<Answer> {
    this.#process.send(order);
    return this.#answer() as Promise<Answer>;
  }

  usage(): Promise<GrowthUsage> {
    return this.ask({ order: 'usage' });
  }

  #answer(): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const onExit = () => reject(new Error('A process of the bench ended.'));
      this.#process.once('exit', onExit);
      this.#process.once('message', ({ value }: { value?: unknown }) => {
        this.#process.off('exit', onExit);
        resolve(value);
      });
    });
  }
}

let topics = 0;
function kafkaOf(cluster: KafkaCluster, partitions: number): NonNullable<GrowthSettings['kafka']> {
  topics += 1;
  return { brokers: cluster.brokers, prefix: `growth-${topics.toString()}.`, partitions };
}

interface Judged {
  perSecond: number;
  cpuUs: number;
}

/** All events lie in the topic before the first process starts to judge. */
async function judgeAll(kafka: GrowthSettings['kafka'], processes: number): Promise<Judged> {
  const settings = { kafka, maxKeys: 200_000 };
  const children = await Promise.all(Array.from({ length: processes }, () => Child.start(settings)));
  await children[0]?.ask({ order: 'fill', events: EVENTS, keys: KEYS, seed: 1 });
  const before = await Promise.all(children.map((child) => child.usage()));
  const startedAt = performance.now();
  await Promise.all(children.map((child) => child.ask({ order: 'start' })));
  const seconds = await untilStored(children, EVENTS, startedAt);
  await pause(2_000);
  const after = await Promise.all(children.map((child) => child.usage()));
  for (const child of children) await child.ask({ order: 'stop' });
  const cpuMs = after.reduce((sum, one, index) => sum + one.cpuMs - (before[index]?.cpuMs ?? 0), 0);
  return { perSecond: EVENTS / seconds, cpuUs: (cpuMs * 1_000) / EVENTS };
}

async function untilStored(children: readonly Child[], events: number, startedAt: number): Promise<number> {
  for (;;) {
    const stored = await Promise.all(children.map((child) => child.ask<number>({ order: 'stored' })));
    if (stored.reduce((sum, rows) => sum + rows, 0) >= events) return (performance.now() - startedAt) / 1_000;
    await pause(100);
  }
}

async function measureProcesses(cluster: KafkaCluster): Promise<void> {
  print('\n| detect processes | topics | events/s | CPU µs/event | × embedded |');
  row('---', '---', '---', '---', '---');
  // The first one pays for a cold machine.
  await judgeAll(undefined, 1);
  const embedded = await judgeAll(undefined, 1);
  row('1', 'embedded', embedded.perSecond, embedded.cpuUs, '1');
  for (const [processes, partitions] of [
    [1, 1],
    [1, 4],
    [1, 12],
    [2, 4],
    [2, 12],
  ] as const) {
    const found = await judgeAll(kafkaOf(cluster, partitions), processes);
    const name = `Kafka, ${partitions.toString()} partitions`;
    row(processes.toString(), name, found.perSecond, found.cpuUs, found.cpuUs / embedded.cpuUs);
  }
}

async function measureKeys(cluster: KafkaCluster): Promise<void> {
  print(
    '\n| keys | CPU µs/event | × 10,000 keys | heap MB | stop s | restore of 1 of 12 partitions s | of all s |',
  );
  row('---', '---', '---', '---', '---', '---', '---');
  let cpuOfFew = 0;
  for (const keys of KEY_COUNTS) {
    const kafka = kafkaOf(cluster, 12);
    const settings = { kafka, maxKeys: 1_200_000 };
    const [writer, child] = [await Child.start(settings), await Child.start(settings)];
    const events = keys + MORE_EVENTS;
    await writer.ask({ order: 'fill', events: keys, keys, seed: 1 });
    const idle = await child.usage();
    await child.ask({ order: 'start' });
    await untilStored([child], keys, performance.now());
    // All of them changed at once; a checkpoint later they are idle.
    await pause(SETTLE_MS);
    const before = await child.usage();
    await writer.ask({ order: 'fill', events: MORE_EVENTS, keys: 0, seed: 2 });
    await untilStored([child], events, performance.now());
    const after = await child.usage();
    await writer.ask({ order: 'stop' });
    const stopSeconds = await child.ask<number>({ order: 'stop' });
    const next = await Child.start(settings);
    // A process that runs already is a member of the group that it reads in.
    await pause(JOIN_MS);
    const restoreSeconds = await next.ask<number>({ order: 'restore' });
    await next.ask({ order: 'start' });
    const restored = await next.usage();
    await next.ask({ order: 'stop' });
    const cpuUs = ((after.cpuMs - before.cpuMs) * 1_000) / MORE_EVENTS;
    if (keys <= KEYS) cpuOfFew = cpuUs;
    row(
      ...[keys.toLocaleString('en'), cpuUs, cpuUs / cpuOfFew, before.heapMb - idle.heapMb],
      ...[stopSeconds, restoreSeconds, restored.restoreSeconds],
    );
  }
}

async function measureRebalance(cluster: KafkaCluster): Promise<void> {
  const settings = { kafka: kafkaOf(cluster, 12), maxKeys: 200_000 };
  const first = await Child.start(settings);
  await first.ask({ order: 'fill', events: EVENTS, keys: KEYS, seed: 1 });
  await first.ask({ order: 'start' });
  await untilStored([first], EVENTS, performance.now());
  const second = await Child.start(settings);
  const startedAt = performance.now();
  await second.ask({ order: 'start' });
  let seconds = 0;
  for (let held = 0; held !== 6;) {
    held = (await second.usage()).partitions;
    seconds = (performance.now() - startedAt) / 1_000;
  }
  const { restoreSeconds } = await second.usage();
  print(
    `\nA second process comes to 12 partitions of ${KEYS.toLocaleString('en')} keys: it has its 6 after ${rounded(seconds)} s, the last one restored in ${rounded(restoreSeconds)} s.`,
  );
  await first.ask({ order: 'stop' });
  await second.ask({ order: 'stop' });
}

print(
  `${cpus().length.toString()} × ${cpus()[0]?.model.trim() ?? '?'}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, Node ${process.version}`,
);
const cluster = await KafkaCluster.start();
if (wants('processes')) await measureProcesses(cluster);
if (wants('keys')) await measureKeys(cluster);
if (wants('rebalance')) await measureRebalance(cluster);
await cluster.stop();
process.exit();
