import { randomUUID } from 'node:crypto';
import type { ConfigResourceTypes } from 'kafkajs';
import { pino } from 'pino';
import { afterAll, describe, expect, it } from 'vitest';
import { openKafkaCheckpoints } from '../../services/checkpoints/kafka-checkpoints.ts';
import { createKafka } from '../../services/kafka/client.ts';
import { startKafkaServer } from '../support/kafka/kafka-server.ts';
import { describeCheckpoints } from './checkpoints.contract.ts';

// eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment -- modules cannot import the client's name for it
const TOPIC = 2 as ConfigResourceTypes.TOPIC;
const server = await startKafkaServer();
const log = pino({ level: process.env['TEST_LOG'] ?? 'silent' });

if (server === undefined) {
  describe('checkpoint contract: kafka', () => {
    it.skip('was not run: there is no Kafka');
  });
} else {
  afterAll(() => server.stop());
  const { brokers } = server;
  const open = (topic: string) => openKafkaCheckpoints({ brokers, topic, partitions: 3, log });
  const update = (entries: Record<string, string>, offset: number) => ({
    offsets: { 'events/0': offset },
    changed: new Map(Object.entries(entries)),
  });

  describeCheckpoints('kafka', () => {
    const topic = `state-${randomUUID()}`;
    return Promise.resolve({ open: () => open(topic), dispose: () => Promise.resolve() });
  });

  describe('checkpoints on kafka', () => {
    it('belong to whoever opened them last, in whichever process', async () => {
      const topic = `state-${randomUUID()}`;
      const [here, there, elsewhere] = [await open(topic), await open(topic), await open(topic)];
      const { checkpoint: paused } = await here.open('detect/0');
      await paused.save(update({ a: 'one' }, 1));
      const { checkpoint: next, found: first } = await there.open('detect/0');
      expect([...(first?.entries ?? [])]).toEqual([['a', 'one']]);
      await next.save(update({ a: 'two' }, 2));
      await expect(paused.save(update({ a: 'old' }, 1))).rejects.toThrow();
      // Not even when it tries again, and looks who has it; and its trying does not take it away from the new owner.
      for (const _again of [1, 2])
        await expect(paused.save(update({ a: 'old' }, 1))).rejects.toMatchObject({
          code: 'E_CHECKPOINT_LOST',
        });
      await expect(next.save(update({ b: 'lost' }, 2))).rejects.toThrow();
      await next.save(update({ b: 'again' }, 2));
      const { found } = await elsewhere.open('detect/0');
      expect(found?.offsets).toEqual({ 'events/0': 2 });
      expect(Object.fromEntries(found?.entries ?? [])).toEqual({ a: 'two', b: 'again' });
      await Promise.all([here.close(), there.close(), elsewhere.close()]);
    });

    it('are saved however large they are, also where the topic takes no more than a megabyte at once', async () => {
      const topic = `state-${randomUUID()}`;
      const store = await open(topic);
      const admin = createKafka({ brokers }, log).admin();
      await admin.connect();
      const configEntries = [{ name: 'max.message.bytes', value: '1048588' }];
      await admin.alterConfigs({
        validateOnly: false,
        resources: [{ type: TOPIC, name: topic, configEntries }],
      });
      await admin.disconnect();
      const { checkpoint } = await store.open('detect/0');
      const names = Array.from(
        { length: 30_000 },
        (_, index) => `key:${index.toString(16).padStart(64, '0')}`,
      );
      await checkpoint.save({ offsets: {}, changed: new Map(names.map((name) => [name, 'x'.repeat(60)])) });
      await checkpoint.save({ offsets: {}, changed: new Map(names.map((name) => [name, undefined])) });
      const { found } = await store.open('detect/0');
      expect([...(found?.entries ?? [])]).toEqual([]);
      await store.close();
    });

    it('fall back on the one before when a record is damaged', async () => {
      const topic = `state-${randomUUID()}`;
      const store = await open(topic);
      await (await store.open('detect/0')).checkpoint.save(update({ a: 'one', b: 'one' }, 1));
      await store.close();
      const kafka = createKafka({ brokers }, log);
      const producer = kafka.producer();
      await producer.connect();
      for (let partition = 0; partition < 3; partition += 1) {
        const messages = [{ key: JSON.stringify(['detect/0', 'a']), value: 'flipped bits', partition }];
        await producer.send({ topic, messages });
      }
      await producer.disconnect();
      const again = await open(topic);
      const { found, checkpoint } = await again.open('detect/0');
      expect(found?.offsets).toEqual({ 'events/0': 1 });
      expect(Object.fromEntries(found?.entries ?? [])).toEqual({ a: 'one', b: 'one' });
      // And what is saved after that counts.
      await checkpoint.save(update({ b: 'two' }, 2));
      const later = await open(topic);
      const { found: newest } = await later.open('detect/0');
      expect(newest?.offsets).toEqual({ 'events/0': 2 });
      expect(Object.fromEntries(newest?.entries ?? [])).toEqual({ a: 'one', b: 'two' });
      await Promise.all([again.close(), later.close()]);
    });
  });
}
