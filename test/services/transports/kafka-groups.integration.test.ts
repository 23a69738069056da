import { randomBytes, randomUUID } from 'node:crypto';
import { Kafka, logLevel, Partitioners } from 'kafkajs';
import type { ConfigResourceTypes } from 'kafkajs';
import { pino } from 'pino';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { openKafkaTransport } from '../../../services/transports/kafka.ts';
import type { Batch, Handler, Transport } from '../../../services/transports/transport.ts';
import { startKafkaServer } from '../../support/kafka/kafka-server.ts';

// eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment -- modules cannot import the client's name for it
const TOPIC = 2 as ConfigResourceTypes.TOPIC;
const WAIT = { timeout: 30_000, interval: 50 };
const log = pino({ level: 'silent' });
const server = await startKafkaServer();

describe('groups on Kafka', () => {
  if (server === undefined) {
    it.skip('were not tried: there is no Kafka');
    return;
  }
  const { brokers } = server;
  const kafka = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING });
  const opened: Transport[] = [];
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((transport) => transport.close()));
  });
  afterAll(() => server.stop());

  async function open(prefix: string): Promise<Transport> {
    const topics = { events: 6, facts: 6, findings: 1 };
    const transport = await openKafkaTransport({ brokers, prefix, topics, log });
    opened.push(transport);
    return transport;
  }

  /** Keeps what it was given and told. */
  function aMember(changes: Partial<Handler> = {}) {
    const held = new Set<number>();
    const batches: Batch[] = [];
    const handler: Handler = {
      assigned: (partition) => {
        held.add(partition);
        return Promise.resolve({});
      },
      handle: (batch) => {
        batches.push(batch);
        return Promise.resolve();
      },
      revoked: (partition) => {
        held.delete(partition);
        return Promise.resolve();
      },
      ...changes,
    };
    return {
      handler,
      held,
      batches,
      values: () => batches.flatMap(({ records }) => records.map(({ value }) => value)),
    };
  }

  const newPrefix = () => `gatewatch-groups-${randomUUID()}.`;
  const records = (count: number, name: string) =>
    Array.from({ length: count }, (_, index) => ({
      ...{
        key: `key-${index.toString()}`,
        id: `${name}-${index.toString()}`,
        value: `${name}-${index.toString()}`,
      },
    }));

  it('give a partition number of all topics to one member, and pass it on when that one leaves', async () => {
    const prefix = newPrefix();
    const [first, second] = [aMember(), aMember()];
    const leaving = await (await open(prefix)).subscribe(['events', 'facts'], 'group', first.handler);
    await (await open(prefix)).subscribe(['events', 'facts'], 'group', second.handler);
    await vi.waitFor(() => {
      expect([first.held.size, second.held.size]).toEqual([3, 3]);
    }, WAIT);
    const writer = await open(prefix);
    await writer.append('events', records(200, 'event'));
    await writer.append('facts', records(200, 'fact'));
    await vi.waitFor(() => {
      expect(first.values().length + second.values().length).toBe(400);
    }, WAIT);
    for (const { batches, held } of [first, second])
      expect(batches.every(({ partition }) => held.has(partition))).toBe(true);
    await leaving.close();
    expect(first.held.size).toBe(0);
    await vi.waitFor(() => {
      expect(second.held.size).toBe(6);
    }, WAIT);
  });

  it('know what a member has handled while it goes on reading', async () => {
    const prefix = newPrefix();
    const member = aMember();
    const transport = await open(prefix);
    await transport.subscribe(['events'], 'group', member.handler);
    await transport.append('events', records(200, 'event'));
    await vi.waitFor(() => expect(member.values()).toHaveLength(200), WAIT);
    const admin = kafka.admin();
    await admin.connect();
    try {
      await vi.waitFor(async () => {
        const [known] = await admin.fetchOffsets({ groupId: `${prefix}group`, topics: [`${prefix}events`] });
        const offsets = known?.partitions.map(({ offset }) => Math.max(0, Number(offset))) ?? [];
        expect(offsets.reduce((sum, offset) => sum + offset, 0)).toBe(200);
      }, WAIT);
    } finally {
      await admin.disconnect();
    }
  });

  it('give everything to one member while others stand by, if that is wanted', async () => {
    const prefix = newPrefix();
    const [active, standby] = [aMember(), aMember()];
    const topics = ['findings', 'facts'];
    const leaving = await (await open(prefix)).subscribe(topics, 'group', active.handler, 'one');
    const waiting = await (await open(prefix)).subscribe(topics, 'group', standby.handler, 'one');
    expect([active.held.size, standby.held.size]).toEqual([6, 0]);
    expect(waiting.isSure()).toBe(true);
    await leaving.close();
    await vi.waitFor(() => {
      expect(standby.held.size).toBe(6);
    }, WAIT);
  });

  it('take a partition away from a member that is still preparing for it', async () => {
    const prefix = newPrefix();
    let endedEarly = 0;
    const slow = aMember({
      assigned: (_partition, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            endedEarly += 1;
            reject(new Error('The partition has gone.'));
          });
        }),
    });
    const quick = aMember();
    // It never ends of itself, because nothing is ready.
    void (await open(prefix)).subscribe(['events'], 'group', slow.handler);
    await (await open(prefix)).subscribe(['events'], 'group', quick.handler);
    await vi.waitFor(() => {
      expect(quick.held.size).toBe(3);
    }, WAIT);
    expect(endedEarly).toBe(3);
  });

  it('read on behind the marks of transactions', async () => {
    const prefix = newPrefix();
    const reader = await open(prefix);
    const producer = kafka.producer({
      transactionalId: randomUUID(),
      maxInFlightRequests: 1,
      idempotent: true,
      createPartitioner: Partitioners.DefaultPartitioner,
    });
    await producer.connect();
    const member = aMember();
    await reader.subscribe(['findings'], 'group', member.handler);
    for (const value of ['a', 'b', 'c']) {
      const transaction = await producer.transaction();
      await transaction.send({ topic: `${prefix}findings`, messages: [{ value }] });
      await (value === 'b' ? transaction.abort() : transaction.commit());
    }
    await vi.waitFor(() => {
      expect(member.values()).toEqual(['a', 'c']);
    }, WAIT);
    await producer.disconnect();
  });

  it('write records that are too many for one message of the topic in several', async () => {
    const prefix = newPrefix();
    const transport = await open(prefix);
    const admin = kafka.admin();
    await admin.connect();
    const configEntries = [{ name: 'max.message.bytes', value: '20000' }];
    await admin.alterConfigs({
      validateOnly: false,
      resources: [{ type: TOPIC, name: `${prefix}findings`, configEntries }],
    });
    await admin.disconnect();
    const large = Array.from({ length: 40 }, (_, index) => ({
      ...{ key: 'key', id: `large-${index.toString()}`, value: randomBytes(2_000).toString('base64') },
    }));
    await transport.append('findings', large);
    expect(await transport.endOffset('findings', 0)).toBe(40);
    const huge = [{ key: 'key', id: 'huge', value: randomBytes(40_000).toString('base64') }];
    await expect(transport.append('findings', huge)).rejects.toThrow(/larger than .* takes/);
    await transport.append('findings', records(1, 'after'));
    expect(await transport.endOffset('findings', 0)).toBe(41);
  });
});
