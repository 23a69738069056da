import { GenericContainer, getContainerRuntimeClient, Wait } from 'testcontainers';
import { freePort } from '../free-ports.ts';

const IMAGE = 'apache/kafka:4.3.1';

/** One broker in a container. It tells its clients where it is, so its port has to be known before it starts. */
export async function startKafkaContainer(): Promise<{ brokers: string[]; stop(): Promise<void> }> {
  const port = await freePort();
  const { host } = (await getContainerRuntimeClient()).info.containerRuntime;
  const broker = `${host}:${port.toString()}`;
  const container = await new GenericContainer(process.env['TEST_KAFKA_IMAGE'] ?? IMAGE)
    .withExposedPorts({ container: port, host: port })
    .withEnvironment({
      KAFKA_NODE_ID: '1',
      KAFKA_PROCESS_ROLES: 'broker,controller',
      KAFKA_CONTROLLER_QUORUM_VOTERS: '1@localhost:9093',
      KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
      KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'CLIENT:PLAINTEXT,INNER:PLAINTEXT,CONTROLLER:PLAINTEXT',
      KAFKA_INTER_BROKER_LISTENER_NAME: 'INNER',
      KAFKA_LISTENERS: `CLIENT://0.0.0.0:${port.toString()},INNER://localhost:9092,CONTROLLER://localhost:9093`,
      KAFKA_ADVERTISED_LISTENERS: `CLIENT://${broker},INNER://localhost:9092`,
      KAFKA_AUTO_CREATE_TOPICS_ENABLE: 'false',
      KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: '1',
      KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR: '1',
      KAFKA_TRANSACTION_STATE_LOG_MIN_ISR: '1',
      KAFKA_SHARE_COORDINATOR_STATE_TOPIC_REPLICATION_FACTOR: '1',
      KAFKA_SHARE_COORDINATOR_STATE_TOPIC_MIN_ISR: '1',
      KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: '0',
      KAFKA_GROUP_MIN_SESSION_TIMEOUT_MS: '1000',
    })
    .withWaitStrategy(Wait.forLogMessage(/Kafka Server started/))
    .start();
  return {
    brokers: [broker],
    stop: async () => {
      await container.stop();
    },
  };
}
