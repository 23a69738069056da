import { randomUUID } from 'node:crypto';
import { describe, it } from 'vitest';
import { startKafkaServer } from '../support/kafka/kafka-server.ts';
import { describeCrashes } from './crashes.ts';

const server = await startKafkaServer();

if (server === undefined) {
  describe('kill -9 at random moments: topics on Kafka', () => {
    it.skip('was not run: there is no Kafka');
  });
} else {
  describeCrashes('topics on Kafka', {
    // After each one the group waits until the killed member's session is over.
    kills: 6,
    surroundings: () =>
      Promise.resolve({
        env: {
          GATEWATCH_KAFKA_BROKERS: server.brokers.join(','),
          GATEWATCH_KAFKA_TOPIC_PREFIX: `gatewatch-${randomUUID()}.`,
          GATEWATCH_KAFKA_PARTITIONS: '3',
        },
        stop: () => server.stop(),
      }),
  });
}
