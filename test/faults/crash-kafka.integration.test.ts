import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, it } from 'vitest';
import { KafkaCluster } from '../support/kafka/kafka-cluster.ts';
import { canRunJars } from '../support/kafka/kafka-jars.ts';
import { startKafkaServer } from '../support/kafka/kafka-server.ts';
import { describeFaults, killAgainAndAgain } from './crashes.ts';
import type { Surroundings } from './crashes.ts';

function on(brokers: readonly string[], stop: () => Promise<void>): Surroundings {
  return {
    env: {
      GATEWATCH_KAFKA_BROKERS: brokers.join(','),
      GATEWATCH_KAFKA_TOPIC_PREFIX: `gatewatch-${randomUUID()}.`,
      GATEWATCH_KAFKA_PARTITIONS: '3',
    },
    stop,
  };
}

const server = await startKafkaServer();

if (server === undefined) {
  describe('faults with topics on Kafka', () => {
    it.skip('were not tried: there is no Kafka');
  });
} else {
  describeFaults('kill -9 at random moments: topics on Kafka', {
    surroundings: () => Promise.resolve(on(server.brokers, () => server.stop())),
    // After each one the group waits until the killed member's session is over.
    disturb: killAgainAndAgain(6),
  });
}

describe.runIf(await canRunJars())('three brokers', () => {
  let cluster: KafkaCluster;
  describeFaults('kill -9 of one broker after the other', {
    surroundings: async () => {
      cluster = await KafkaCluster.start({ nodes: 3 });
      return on(cluster.brokers, () => cluster.stop());
    },
    disturb: async (gatewatch, random) => {
      gatewatch.start();
      await gatewatch.ready();
      for (const node of [1, 2, 3]) {
        await pause(1_000 + random() * 2_000);
        await cluster.stopNode(node, 'SIGKILL');
        await pause(2_000 + random() * 4_000);
        await cluster.startNode(node);
      }
      return 3;
    },
  });
});
