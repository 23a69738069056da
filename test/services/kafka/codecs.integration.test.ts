import { randomUUID } from 'node:crypto';
import { Kafka, logLevel, Partitioners } from 'kafkajs';
import { pino } from 'pino';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { openKafkaTransport } from '../../../services/transports/kafka.ts';
import { startKafkaServer } from '../../support/kafka/kafka-server.ts';

const WAIT = { timeout: 30_000, interval: 50 };
const server = await startKafkaServer();

describe('what the broker has packed', () => {
  if (server === undefined) {
    it.skip('was not read: there is no Kafka');
    return;
  }
  const { brokers } = server;
  afterAll(() => server.stop());

  it.each(['gzip', 'snappy', 'lz4', 'zstd'])('with %s is read', async (packing) => {
    const prefix = `packed-${randomUUID()}.`;
    const topic = `${prefix}raw.litellm`;
    const kafka = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING });
    const admin = kafka.admin();
    await admin.connect();
    // Whatever the sender did, the broker keeps it packed like this.
    const configEntries = [{ name: 'compression.type', value: packing }];
    await admin.createTopics({ topics: [{ topic, configEntries }] });
    const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
    await producer.connect();
    const values = Array.from(
      { length: 300 },
      (_, at) => `${at.toString()} ${'many times the same, '.repeat(at)}`,
    );
    for (const some of [values.slice(0, 1), values.slice(1)])
      await producer.send({ topic, messages: some.map((value) => ({ value })) });
    await Promise.all([producer.disconnect(), admin.disconnect()]);
    const log = pino({ level: 'silent' });
    const transport = await openKafkaTransport({ brokers, prefix, topics: { 'raw.litellm': 1 }, log });
    const found: string[] = [];
    await transport.subscribe(['raw.litellm'], 'ingest', {
      handle: ({ records }) => {
        found.push(...records.map(({ value }) => value));
        return Promise.resolve();
      },
    });
    await vi.waitFor(() => expect(found).toHaveLength(values.length), WAIT);
    expect(found).toEqual(values);
    await transport.close();
  });
});
