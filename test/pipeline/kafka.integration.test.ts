import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kafka, logLevel, Partitioners } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startFakeGateway } from '../../services/demo/fake-gateway.ts';
import type { FakeGateway } from '../../services/demo/fake-gateway.ts';
import { freePort } from '../support/free-ports.ts';
import { GatewatchProcess } from '../support/gatewatch-process.ts';
import { startKafkaServer } from '../support/kafka/kafka-server.ts';
import { theStolenKeyIsBlocked } from './stolen-key.ts';

const server = await startKafkaServer();
const WAIT = { timeout: 60_000, interval: 200 };

describe('a gateway that ships its log to Kafka itself', () => {
  if (server === undefined) {
    it.skip('was not tried: there is no Kafka');
    return;
  }
  const prefix = `gatewatch-${randomUUID()}.`;
  const kafka = new Kafka({ brokers: [...server.brokers], logLevel: logLevel.ERROR });
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
  let dir: string;
  let gateway: FakeGateway;
  let gatewatch: GatewatchProcess;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'gatewatch-kafka-pipeline-'));
    gateway = await startFakeGateway({ keyCacheMs: 0 });
    gatewatch = new GatewatchProcess({
      dataDir: join(dir, 'data'),
      port: await freePort(),
      adminToken: 'kafka-test-admin-token-0123456789-0123',
      ingestToken: 'kafka-test-ingest-token-0123456789-012',
      env: {
        GATEWATCH_KAFKA_BROKERS: server.brokers.join(','),
        GATEWATCH_KAFKA_TOPIC_PREFIX: prefix,
        GATEWATCH_KAFKA_PARTITIONS: '4',
        GATEWATCH_LITELLM_URL: gateway.url,
        GATEWATCH_LITELLM_KEY: gateway.masterKey,
      },
    });
    gatewatch.start();
    await gatewatch.ready();
    await producer.connect();
  });

  afterAll(async () => {
    await producer.disconnect();
    await gatewatch.end('SIGKILL');
    await gateway.close();
    await rm(dir, { recursive: true, force: true });
    await server.stop();
  });

  let shipped = 0;
  async function ship(): Promise<void> {
    const records = gateway.records.slice(shipped);
    shipped += records.length;
    const messages = records.map((record) => ({ value: JSON.stringify(record) }));
    if (messages.length > 0) await producer.send({ topic: `${prefix}raw.litellm`, messages });
  }

  it('has a stolen key blocked like one that sends it by HTTP', async () => {
    await theStolenKeyIsBlocked({ gateway, gatewatch, ship });
  });

  it('has each call in the store once, and what cannot be read in rejected', async () => {
    await producer.send({ topic: `${prefix}raw.litellm`, messages: [{ value: 'poison' }, { value: null }] });
    await vi.waitFor(async () => {
      const [row] = await gatewatch.sql('SELECT count(), uniqExact(event_id) FROM events');
      expect(row?.map(Number)).toEqual([gateway.records.length, gateway.records.length]);
      expect(await gatewatch.sql('SELECT code FROM rejected')).toEqual([['not_an_object']]);
    }, WAIT);
  });
});
