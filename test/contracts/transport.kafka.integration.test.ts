import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { afterAll, describe, it } from 'vitest';
import { openKafkaTransport } from '../../services/transports/kafka.ts';
import { startKafkaServer } from '../support/kafka/kafka-server.ts';
import { describeTransport } from './transport.contract.ts';

const DUPLICATE_WINDOW_MS = 7 * 86_400_000;
const server = await startKafkaServer();

if (server === undefined) {
  describe('transport contract: kafka', () => {
    it.skip('was not run: there is no Kafka');
  });
} else {
  afterAll(() => server.stop());
  describeTransport(
    'kafka',
    () => {
      const prefix = `gatewatch-test-${randomUUID()}.`;
      return Promise.resolve({
        open: ({ partitions = 1, now }: { partitions?: number; now?: () => number } = {}) =>
          openKafkaTransport({
            brokers: server.brokers,
            prefix: `${prefix}${partitions.toString()}.`,
            topics: { events: partitions, findings: 1, rejected: 1 },
            duplicateWindowMs: DUPLICATE_WINDOW_MS,
            log: pino({ level: process.env['TEST_LOG'] ?? 'silent' }),
            ...(now === undefined ? {} : { now }),
          }),
        dispose: () => Promise.resolve(),
      });
    },
    { duplicateWindowMs: DUPLICATE_WINDOW_MS },
  );
}
