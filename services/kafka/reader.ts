import { randomUUID } from 'node:crypto';
import type { Admin, Kafka, KafkaMessage } from 'kafkajs';

export interface Reading {
  /** Full name. */
  topic: string;
  partition: number;
  from: number;
  /** The message after which there is nothing more to read. */
  isLast: (message: KafkaMessage) => boolean;
}

const MAX_WAIT_MS = 200;

/** Reads one partition outside any group of ours, in the pieces in which the broker gives it, committed records only. The
 *  client reads in groups only, so a group is made for it and removed again. */
export async function* readPartition(
  kafka: Kafka,
  admin: Admin,
  { topic, partition, from, isLast }: Reading,
): AsyncGenerator<KafkaMessage[]> {
  const groupId = `${topic}.read-${randomUUID()}`;
  const consumer = kafka.consumer({
    groupId,
    maxWaitTimeInMs: MAX_WAIT_MS,
    allowAutoTopicCreation: false,
  });
  const pieces = new Handover<KafkaMessage[]>();
  consumer.on(consumer.events.CRASH, ({ payload }) => {
    if (!payload.restart) pieces.fail(payload.error);
  });
  try {
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: true,
      eachBatch: async ({ batch }) => {
        if (batch.partition !== partition) {
          consumer.pause([{ topic, partitions: [batch.partition] }]);
          return;
        }
        const wanted = batch.messages.filter(({ offset }) => Number(offset) >= from);
        if (wanted.length > 0) await pieces.give(wanted);
      },
    });
    consumer.seek({ topic, partition, offset: from.toString() });
    for (let next = from; ;) {
      const piece = (await pieces.take()).filter(({ offset }) => Number(offset) >= next);
      const end = piece.findIndex(isLast);
      const wanted = end < 0 ? piece : piece.slice(0, end + 1);
      if (wanted.length > 0) yield wanted;
      if (end >= 0) return;
      next = Number(piece.at(-1)?.offset ?? next - 1) + 1;
    }
  } finally {
    pieces.end();
    await consumer.disconnect();
    await admin.deleteGroups([groupId]).catch(() => undefined);
  }
}

/** One gives, one takes, and neither runs ahead. */
class Handover<Value> {
  #given: Value | undefined;
  #error: Error | undefined;
  #isEnded = false;
  #wake: () => void = () => undefined;

  async give(value: Value): Promise<void> {
    this.#given = value;
    this.#wake();
    while (this.#given !== undefined && !this.#isEnded) await this.#change();
  }

  async take(): Promise<Value> {
    while (this.#given === undefined) {
      if (this.#error !== undefined) throw this.#error;
      await this.#change();
    }
    const value = this.#given;
    this.#given = undefined;
    this.#wake();
    return value;
  }

  fail(error: Error): void {
    this.#error = error;
    this.#wake();
  }

  end(): void {
    this.#isEnded = true;
    this.#wake();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      const others = this.#wake;
      this.#wake = () => {
        others();
        resolve();
      };
    });
  }
}
