import { hasDocker } from '../docker.ts';
import { KafkaCluster } from './kafka-cluster.ts';
import { startKafkaContainer } from './kafka-container.ts';
import { canRunJars } from './kafka-jars.ts';

export interface KafkaServer {
  brokers: readonly string[];
  stop(): Promise<void>;
}

/** A Kafka for tests: that of TEST_KAFKA_BROKERS, else one in a container, else one started from jars. Undefined where there is neither, which is
 *  said loudly and is a failure when CI=true. */
export async function startKafkaServer(): Promise<KafkaServer | undefined> {
  const given = process.env['TEST_KAFKA_BROKERS'];
  if (given !== undefined) return { brokers: given.split(','), stop: () => Promise.resolve() };
  if (await hasDocker()) return startKafkaContainer();
  if (await canRunJars()) return KafkaCluster.start();
  const message =
    'NOT RUN: tests on Kafka. Set TEST_KAFKA_BROKERS, start Docker, or install Java 17 and Maven.';
  if (process.env['CI'] === 'true') throw new Error(message);
  process.stderr.write(`\n${message}\n\n`);
  return undefined;
}
