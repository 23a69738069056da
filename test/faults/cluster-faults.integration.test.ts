import { setTimeout as pause } from 'node:timers/promises';
import { Kafka, logLevel, Partitioners } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { verifyAudit } from '../../services/audit/verify.ts';
import { togetherAssigner } from '../../services/kafka/together-assigner.ts';
import { PROCESSES } from '../support/gatewatch-cluster.ts';
import type { GatewatchCluster } from '../support/gatewatch-cluster.ts';
import { PATIENT } from '../support/patience.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { NO_CAPS } from './crashes.ts';
import { FaultCluster, mayRunCluster, PARTITIONS } from './fault-cluster.ts';
import { FaultWorld } from './fault-world.ts';

const SEED = Number(process.env['CRASH_SEED'] ?? Date.now() % 1_000_000);
const STORE_AWAY_MS = Number(process.env['STORE_AWAY_MS'] ?? 60_000);
/** Longer than a group can do without its coordinator. */
const BROKER_AWAY_MS = 20_000;
const REBALANCING_MS = 60_000;
const REBALANCE_EVERY_MS = 5_000;

const mayRun = await mayRunCluster();

describe.runIf(mayRun)('three brokers, twelve partitions, every step in processes of its own', () => {
  let world: FaultWorld;
  let on: FaultCluster;
  let cluster: GatewatchCluster;

  beforeAll(async () => {
    console.info(`faults: seed ${SEED.toString()}`);
    world = await FaultWorld.start(seededRandom(SEED));
    on = await FaultCluster.start({
      config: NO_CAPS,
      gateway: { url: world.gateway.url, key: world.gateway.masterKey },
      respondEnv: {
        GATEWATCH_WEBHOOK_URL: world.hookUrl,
        GATEWATCH_WEBHOOK_SECRET: 'a-webhook-secret-of-many-characters',
      },
    });
    cluster = on.gatewatch;
  });

  afterAll(async () => {
    await on.stop();
    await world.stop();
  });

  /** Traffic before, during and after the fault, and a theft that begins with it. */
  async function survives(fault: () => Promise<void>): Promise<void> {
    await world.whileTrafficFlows(cluster, async () => {
      await Promise.all([fault(), world.theft(cluster)]);
    });
    await world.hasEachEventOnce(cluster);
    await world.hasEachTheftBlocked(cluster);
    expect(world.blockedTwice()).toEqual([]);
    await hasCaughtUp();
  }

  async function hasCaughtUp(): Promise<void> {
    await vi.waitFor(async () => {
      const { lag } = await cluster.api<{ lag: Record<string, number> }>('/v1/status');
      expect(lag).toEqual({ events: 0, respond: 0 });
    }, PATIENT);
  }

  it('blocks a stolen key when nothing goes wrong', async () => {
    await survives(() => pause(500));
    const held = await Promise.all(
      (['detect-1', 'detect-2'] as const).map((name) =>
        cluster.process(name).metric('gatewatch_partitions_assigned'),
      ),
    );
    expect(held).toEqual([PARTITIONS / 2, PARTITIONS / 2]);
  });

  it.each(['ingest', 'detect-1', 'detect-2', 'api'] as const)('survives kill -9 of %s', async (name) => {
    await survives(() => on.killAndRestart(name));
  });

  it('goes on with the partitions of a killed detect process at the other one', async () => {
    await survives(async () => {
      on.faults += 1;
      const killedAt = performance.now();
      await cluster.process('detect-1').end('SIGKILL');
      await vi.waitFor(
        async () => {
          const other = cluster.process('detect-2');
          expect(await other.metric('gatewatch_partitions_assigned')).toBe(PARTITIONS);
        },
        { ...PATIENT, interval: 50 },
      );
      const tookMs = performance.now() - killedAt;
      console.info(`partitions of a killed detect process: taken over after ${seconds(tookMs)}`);
      cluster.process('detect-1').start();
      await cluster.process('detect-1').ready();
    });
  });

  it('goes on at the standby when the active responder is killed', async () => {
    await survives(async () => {
      on.faults += 1;
      const active = await cluster.active();
      const killedAt = performance.now();
      await cluster.process(active).end('SIGKILL');
      const next = await cluster.active();
      console.info(`work of a killed responder: taken over after ${seconds(performance.now() - killedAt)}`);
      expect(next).not.toBe(active);
      cluster.process(active).start();
      await cluster.process(active).ready();
    });
  });

  it('survives kill -9 of the standby', async () => {
    const active = await cluster.active();
    await survives(() => on.killAndRestart(active === 'respond-1' ? 'respond-2' : 'respond-1'));
  });

  it.each([1, 2, 3])('survives the loss of broker %i, and goes on before it is back', async (node) => {
    await survives(() =>
      on.loseBroker(node, async () => {
        await pause(1_000);
        const startedAt = performance.now();
        await world.theft(cluster);
        const tookMs = performance.now() - startedAt;
        console.info(`without broker ${node.toString()}: a stolen key blocked after ${seconds(tookMs)}`);
        await pause(BROKER_AWAY_MS - tookMs);
      }),
    );
  });

  it('survives the loss of two brokers in turn', async () => {
    await survives(async () => {
      await on.loseBroker(2);
      await on.loseBroker(3);
    });
  });

  it('survives a detect process that stands still past its session and wakes up', async () => {
    await survives(() => on.holdUp('detect-1'));
  });

  it('survives an active responder that stands still past its session and wakes up', async () => {
    const active = await cluster.active();
    await survives(() => on.holdUp(active));
    await vi.waitFor(async () => {
      expect(await cluster.process(active).metric('gatewatch_responder_active')).toBe(0);
    }, PATIENT);
  });

  it('blocks while ClickHouse is away, and stores everything when it is back', async () => {
    await survives(() => on.loseStore(STORE_AWAY_MS));
  });

  it('survives a share-out every few seconds', async () => {
    const client = new Kafka({ brokers: on.kafka.brokers, logLevel: logLevel.NOTHING });
    const topics = ['events', 'facts', 'rollups'].map((topic) => `${on.topicPrefix}${topic}`);
    await survives(async () => {
      const until = Date.now() + REBALANCING_MS;
      while (Date.now() < until) {
        on.faults += 1;
        const guest = client.consumer({
          groupId: `${on.topicPrefix}detect`,
          partitionAssigners: [togetherAssigner({ share: 'spread', has: () => [] })],
        });
        await guest.connect();
        await guest.subscribe({ topics });
        await guest.run({
          autoCommit: false,
          eachBatchAutoResolve: false,
          eachBatch: () => Promise.resolve(),
        });
        await pause(REBALANCE_EVERY_MS / 2);
        await guest.disconnect();
        await pause(REBALANCE_EVERY_MS / 2);
      }
    });
  });

  it('leaves out what nobody can read, and counts it', async () => {
    const client = new Kafka({ brokers: on.kafka.brokers, logLevel: logLevel.NOTHING });
    const producer = client.producer({ createPartitioner: Partitioners.DefaultPartitioner });
    await producer.connect();
    await survives(async () => {
      for (const topic of ['events', 'facts', 'rollups', 'findings', 'commands', 'raw.litellm']) {
        on.faults += 1;
        const messages = [{ value: 'poison', partition: 0 }];
        await producer.send({ topic: `${on.topicPrefix}${topic}`, messages });
      }
    });
    await producer.disconnect();
    await vi.waitFor(async () => {
      const rows = await cluster.sql('SELECT format, code FROM rejected ORDER BY format');
      expect(rows).toEqual([
        ['events', 'damaged_record'],
        ['facts', 'damaged_record'],
        ['litellm', 'not_an_object'],
        ['rollups', 'damaged_record'],
      ]);
    }, PATIENT);
  });

  it('goes back to the checkpoint before when bits of one were flipped', async () => {
    await survives(async () => {
      on.faults += 1;
      await flipBitsOfEveryCheckpoint(on.kafka.brokers, `${on.topicPrefix}state`);
      await on.killAndRestart('detect-1');
      await on.killAndRestart('detect-2');
    });
  });

  it('told people about each step of an incident once', async () => {
    await world.toldPeopleOnce();
  });

  it('left one audit chain that is whole at both responders, and its copy in the store', async () => {
    // Each takes in what the other has written when it becomes the active one.
    const active = await cluster.active();
    await cluster.process(active).end('SIGTERM');
    await cluster.active();
    const found = await Promise.all(cluster.auditDirs().map((folder) => verifyAudit(folder, [])));
    expect(found.flatMap(({ problems }) => problems)).toEqual([]);
    const records = Math.max(...found.map((one) => one.records));
    await vi.waitFor(async () => {
      const [row] = await cluster.sql('SELECT count(), uniqExact(seq) FROM audit');
      expect(row?.map(Number)).toEqual([records, records]);
    }, PATIENT);
  });

  it('ends by itself within 10 seconds when asked to', async () => {
    const startedAt = performance.now();
    const codes = await cluster.end('SIGTERM');
    console.info(`all processes ended ${seconds(performance.now() - startedAt)} after they were asked to`);
    // One that needs more than 10 s ends itself, and says so.
    expect(codes).toEqual(PROCESSES.map(() => 0));
  });
});

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

/** The newest entry of each state of detection, written again with flipped bits. */
async function flipBitsOfEveryCheckpoint(brokers: readonly string[], topic: string): Promise<void> {
  const client = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING });
  const producer = client.producer({ createPartitioner: Partitioners.DefaultPartitioner });
  await producer.connect();
  for (let partition = 0; partition < PARTITIONS; partition += 1) {
    const key = JSON.stringify([`detect/${partition.toString()}`, 'containment-watch']);
    await producer.send({ topic, messages: [{ key, value: 'flipped bits', partition }] });
  }
  await producer.disconnect();
}
