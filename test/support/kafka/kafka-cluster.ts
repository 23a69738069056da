import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePorts } from '../free-ports.ts';
import { kafkaClassPath } from './kafka-jars.ts';

const START_TIMEOUT_MS = 180_000;
/** Quick to start, small, and good enough for tests. */
const JAVA = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xms128m', '-Xmx384m'];

/** Clients come by TLS and say who they are; brokers among themselves do not. */
export interface Security {
  /** PEM file with the brokers' key and certificate. */
  keyStore: string;
  username: string;
  password: string;
}

interface ClusterOptions {
  nodes?: number;
  security?: Security;
}

interface Node {
  id: number;
  dir: string;
  broker: string;
  /** Where brokers talk to each other. */
  inner: string;
  controller: string;
  process: ChildProcess | undefined;
}

/** A real Kafka on loopback: brokers that are controllers too, each a process of its own that can be killed and started
 *  again. */
export class KafkaCluster {
  readonly #dir: string;
  readonly #classPath: string;
  readonly #nodes: Node[];

  private constructor(dir: string, classPath: string, nodes: Node[]) {
    this.#dir = dir;
    this.#classPath = classPath;
    this.#nodes = nodes;
  }

  static async start({ nodes: count = 1, security }: ClusterOptions = {}): Promise<KafkaCluster> {
    const classPath = await kafkaClassPath();
    const dir = await mkdtemp(join(tmpdir(), 'gatewatch-kafka-'));
    const ports = await freePorts(count * 3);
    const address = (index: number) => `127.0.0.1:${String(ports[index])}`;
    const nodes = Array.from({ length: count }, (_, index): Node => {
      const id = index + 1;
      const [broker, inner, controller] = [
        address(index * 3),
        address(index * 3 + 1),
        address(index * 3 + 2),
      ];
      return { id, dir: join(dir, `node-${id.toString()}`), broker, inner, controller, process: undefined };
    });
    const voters = nodes.map(({ id, controller }) => `${id.toString()}@${controller}`);
    const cluster = new KafkaCluster(dir, classPath, nodes);
    // One that begins with a dash would be taken for an option.
    const clusterId = randomBytes(16).toString('base64url').replaceAll('-', '0');
    try {
      await Promise.all(nodes.map((node) => cluster.#format(node, { voters, clusterId, security })));
      await Promise.all(nodes.map(({ id }) => cluster.startNode(id)));
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  get brokers(): string[] {
    return this.#nodes.map(({ broker }) => broker);
  }

  async startNode(id: number): Promise<void> {
    const node = this.#node(id);
    const log = createWriteStream(join(node.dir, 'log'));
    await once(log, 'open');
    const options = ['-Dorg.slf4j.simpleLogger.defaultLogLevel=info'];
    node.process = spawn(
      'java',
      [...JAVA, '-cp', this.#classPath, ...options, 'kafka.Kafka', propertiesOf(node)],
      { stdio: ['ignore', log, log] },
    );
    await untilStarted(node);
  }

  /** `SIGKILL` takes it away as a loss of power would; it keeps its data and can be started again. */
  async stopNode(id: number, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const node = this.#node(id);
    const running = node.process;
    node.process = undefined;
    if (running?.exitCode !== null) return;
    running.kill(signal);
    await once(running, 'exit');
  }

  async stop(): Promise<void> {
    await Promise.all(this.#nodes.map(({ id }) => this.stopNode(id, 'SIGKILL')));
    await rm(this.#dir, { recursive: true, force: true });
  }

  #node(id: number): Node {
    const node = this.#nodes.find((one) => one.id === id);
    if (node === undefined) throw new RangeError(`There is no node ${id.toString()}.`);
    return node;
  }

  async #format(node: Node, { voters, clusterId, security }: Formatting): Promise<void> {
    await mkdir(node.dir, { recursive: true });
    await writeFile(propertiesOf(node), properties(node, voters, security));
    const users =
      security === undefined
        ? []
        : ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => [
            '--add-scram',
            `${mechanism}=[name=${security.username},password=${security.password}]`,
          ]);
    const format = ['format', '--cluster-id', clusterId, '--config', propertiesOf(node), ...users];
    await promisify(execFile)('java', [
      ...JAVA,
      '-cp',
      this.#classPath,
      'kafka.tools.StorageTool',
      ...format,
    ]);
  }
}

interface Formatting {
  voters: readonly string[];
  clusterId: string;
  security: Security | undefined;
}

function propertiesOf({ dir }: Node): string {
  return join(dir, 'server.properties');
}

function properties(
  { id, dir, broker, inner, controller }: Node,
  voters: readonly string[],
  security: Security | undefined,
): string {
  const copies = Math.min(3, voters.length).toString();
  const all: Record<string, string> = {
    'node.id': id.toString(),
    'process.roles': 'broker,controller',
    'controller.quorum.voters': voters.join(','),
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'INNER',
    'listener.security.protocol.map': `CLIENT:${security === undefined ? 'PLAINTEXT' : 'SASL_SSL'},INNER:PLAINTEXT,CONTROLLER:PLAINTEXT`,
    listeners: `CLIENT://${broker},INNER://${inner},CONTROLLER://${controller}`,
    'advertised.listeners': `CLIENT://${broker},INNER://${inner}`,
    ...(security === undefined ? {} : clientSecurity(security)),
    'log.dirs': join(dir, 'data'),
    'auto.create.topics.enable': 'false',
    'default.replication.factor': copies,
    'offsets.topic.replication.factor': copies,
    'offsets.topic.num.partitions': '4',
    'transaction.state.log.replication.factor': copies,
    'share.coordinator.state.topic.replication.factor': copies,
    // A test must not wait for members that might still come, nor long for a broker that was killed.
    'group.initial.rebalance.delay.ms': '0',
    'group.min.session.timeout.ms': '1000',
    'broker.heartbeat.interval.ms': '500',
    'broker.session.timeout.ms': '3000',
    'log.cleaner.dedupe.buffer.size': '4194304',
  };
  return Object.entries(all)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

function clientSecurity({ keyStore, username, password }: Security): Record<string, string> {
  const login = 'org.apache.kafka.common.security';
  const scram = `${login}.scram.ScramLoginModule required;`;
  return {
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': keyStore,
    'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
    'listener.name.client.plain.sasl.jaas.config': `${login}.plain.PlainLoginModule required user_${username}="${password}";`,
    'listener.name.client.scram-sha-256.sasl.jaas.config': scram,
    'listener.name.client.scram-sha-512.sasl.jaas.config': scram,
  };
}

/** Kafka says so once it is registered and may serve. */
async function untilStarted({ id, dir, process: running }: Node): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    const log = await readFile(join(dir, 'log'), 'utf8').catch(() => '');
    if (log.includes('Kafka Server started')) return;
    const tail = () => log.split('\n').slice(-15).join('\n');
    if (running?.exitCode !== null) throw new Error(`Kafka node ${id.toString()} ended:\n${tail()}`);
    if (Date.now() > deadline) throw new Error(`Kafka node ${id.toString()} is not ready:\n${tail()}`);
    await pause(100);
  }
}
