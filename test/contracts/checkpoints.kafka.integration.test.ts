import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { afterAll, describe, expect, it } from 'vitest';
import { openKafkaCheckpoints } from '../../services/checkpoints/kafka-checkpoints.ts';
import { createKafka } from '../../services/kafka/client.ts';
import { startKafkaServer } from '../support/kafka/kafka-server.ts';
import { describeCheckpoints } from './checkpoints.contract.ts';

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
    it('belong to whoever loaded them last', async () => {
      const topic = `state-${randomUUID()}`;
      const [paused, next] = [await open(topic), await open(topic)];
      await paused.save('detect/0', update({ a: 'one' }, 1));
      expect([...((await next.load('detect/0'))?.entries ?? [])]).toEqual([['a', 'one']]);
      await next.save('detect/0', update({ a: 'two' }, 2));
      await expect(paused.save('detect/0', update({ a: 'old' }, 1))).rejects.toMatchObject({
        code: 'E_CHECKPOINT_UNAVAILABLE',
      });
      // Not even when it tries again; and its trying does not take it away from the new owner.
      await expect(paused.save('detect/0', update({ a: 'old' }, 1))).rejects.toMatchObject({
        message: expect.stringContaining('another process') as string,
      });
      await expect(next.save('detect/0', update({ b: 'lost' }, 2))).rejects.toThrow();
      await next.save('detect/0', update({ b: 'again' }, 2));
      const after = await open(topic);
      const found = await after.load('detect/0');
      expect(found?.offsets).toEqual({ 'events/0': 2 });
      expect([...(found?.entries ?? [])]).toEqual([
        ['a', 'two'],
        ['b', 'again'],
      ]);
      await Promise.all([paused.close(), next.close(), after.close()]);
    });

    it('fall back on the one before when a record is damaged', async () => {
      const topic = `state-${randomUUID()}`;
      const store = await open(topic);
      await store.save('detect/0', update({ a: 'one', b: 'one' }, 1));
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
      const found = await again.load('detect/0');
      expect(found?.offsets).toEqual({ 'events/0': 1 });
      expect(Object.fromEntries(found?.entries ?? [])).toEqual({ a: 'one', b: 'one' });
      // And what is saved after that counts.
      await again.save('detect/0', update({ b: 'two' }, 2));
      const later = await open(topic);
      const newest = await later.load('detect/0');
      expect(newest?.offsets).toEqual({ 'events/0': 2 });
      expect(Object.fromEntries(newest?.entries ?? [])).toEqual({ a: 'one', b: 'two' });
      await Promise.all([again.close(), later.close()]);
    });
  });
}
