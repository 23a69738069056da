import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { ClickHouseOverHttp } from '../support/clickhouse/http-server.ts';
import { GatewatchCluster } from '../support/gatewatch-cluster.ts';
import type { ClusterSettings, ProcessName } from '../support/gatewatch-cluster.ts';
import { KafkaCluster } from '../support/kafka/kafka-cluster.ts';
import { canRunJars } from '../support/kafka/kafka-jars.ts';

export const PARTITIONS = 12;
/** Longer than a group waits for a member that does not answer. */
const PAST_SESSION_MS = 9_000;

/** Whether there can be three brokers here; on a machine of CI there must be. */
export async function mayRunCluster(): Promise<boolean> {
  const mayRun = await canRunJars();
  if (!mayRun && process.env['CI'] === 'true')
    throw new Error('NOT RUN: faults on three brokers. Install Java 17 and Maven.');
  return mayRun;
}

export interface FaultClusterSettings extends Pick<ClusterSettings, 'gateway' | 'respondEnv'> {
  /** Text of gatewatch.yaml. */
  config: string;
}

/** Three brokers, twelve partitions, every step in processes of its own, and what can go wrong with them. */
export class FaultCluster {
  /** Injected so far. */
  faults = 0;
  readonly topicPrefix: string;
  readonly kafka: KafkaCluster;
  readonly clickhouse: ClickHouseOverHttp;
  readonly gatewatch: GatewatchCluster;
  readonly #dir: string;

  private constructor(
    dir: string,
    parts: {
      topicPrefix: string;
      kafka: KafkaCluster;
      clickhouse: ClickHouseOverHttp;
      gatewatch: GatewatchCluster;
    },
  ) {
    this.#dir = dir;
    this.topicPrefix = parts.topicPrefix;
    this.kafka = parts.kafka;
    this.clickhouse = parts.clickhouse;
    this.gatewatch = parts.gatewatch;
  }

  static async start({ config, gateway, respondEnv }: FaultClusterSettings): Promise<FaultCluster> {
    const topicPrefix = `gatewatch-${randomUUID()}.`;
    const dir = await mkdtemp(join(tmpdir(), 'gatewatch-faults-'));
    const kafka = await KafkaCluster.start({ nodes: 3 });
    const clickhouse = await ClickHouseOverHttp.start();
    const file = join(dir, 'gatewatch.yaml');
    await writeFile(file, config);
    const gatewatch = await GatewatchCluster.create({
      ...{ dir, brokers: kafka.brokers, topicPrefix, clickhouseUrl: clickhouse.url().reveal() },
      ...{ gateway, respondEnv },
      env: { GATEWATCH_CONFIG: file, GATEWATCH_KAFKA_PARTITIONS: PARTITIONS.toString() },
    });
    const cluster = new FaultCluster(dir, { topicPrefix, kafka, clickhouse, gatewatch });
    try {
      await gatewatch.start();
      return cluster;
    } catch (error) {
      // Processes left behind would take the machine from the tests that follow.
      await cluster.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    console.info(`${this.faults.toString()} faults injected`);
    await this.gatewatch.end('SIGKILL');
    await this.clickhouse.stop();
    await this.kafka.stop();
    await rm(this.#dir, { recursive: true, force: true });
  }

  async killAndRestart(name: ProcessName): Promise<void> {
    this.faults += 1;
    await this.gatewatch.process(name).end('SIGKILL');
    await pause(500);
    this.gatewatch.process(name).start();
    await this.gatewatch.process(name).ready();
  }

  /** It comes back once what is done `meanwhile` is done. */
  async loseBroker(node: number, meanwhile: () => Promise<unknown> = () => pause(4_000)): Promise<void> {
    this.faults += 1;
    await this.kafka.stopNode(node, 'SIGKILL');
    try {
      await meanwhile();
    } finally {
      await this.kafka.startNode(node);
    }
  }

  /** It stands still for longer than its group waits for it. */
  async holdUp(name: ProcessName): Promise<void> {
    this.faults += 1;
    this.gatewatch.process(name).signal('SIGSTOP');
    await pause(PAST_SESSION_MS);
    this.gatewatch.process(name).signal('SIGCONT');
    await this.gatewatch.process(name).ready();
  }

  async loseStore(awayMs: number): Promise<void> {
    this.faults += 1;
    await this.clickhouse.kill();
    await pause(awayMs);
    await this.clickhouse.restart();
  }
}
