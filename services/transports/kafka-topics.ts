import type { Admin } from 'kafkajs';
import { whenWarm } from './kafka-client.ts';

const MAX_REPLICAS = 3;
/** A record of `facts` or `commands` may hold a person's note, one of `findings` its evidence: all far below this. */
const MAX_MESSAGE_BYTES = 4 * 2 ** 20;

export interface TopicSettings {
  /** Full name, prefix included. */
  topic: string;
  partitions: number;
  retentionMs: number;
}

/** Makes the topics that are missing, each copied to three brokers where there are so many. Partitions are never added to
 *  a topic that is there: keys would move to others, away from their state. */
export async function ensureTopics(admin: Admin, wanted: readonly TopicSettings[]): Promise<void> {
  const existing = new Set(await whenWarm(() => admin.listTopics()));
  const missing = wanted.filter(({ topic }) => !existing.has(topic));
  if (missing.length === 0) return;
  const { brokers } = await admin.describeCluster();
  const replicationFactor = Math.min(MAX_REPLICAS, brokers.length);
  const topics = missing.map(({ topic, partitions, retentionMs }) => ({
    topic,
    numPartitions: partitions,
    replicationFactor,
    configEntries: [
      { name: 'retention.ms', value: retentionMs.toString() },
      { name: 'max.message.bytes', value: MAX_MESSAGE_BYTES.toString() },
      // With acks=all: what was confirmed survives the loss of a broker.
      { name: 'min.insync.replicas', value: Math.max(1, replicationFactor - 1).toString() },
      { name: 'message.timestamp.type', value: 'CreateTime' },
    ],
  }));
  // False when another process was faster, which is as good.
  await whenWarm(() => admin.createTopics({ topics, waitForLeaders: true }));
}

export interface Bounds {
  partition: number;
  /** First offset that is still there. */
  first: number;
  /** Offset of the next record. */
  end: number;
}

export async function boundsOf(admin: Admin, topic: string): Promise<Bounds[]> {
  const offsets = await whenWarm(() => admin.fetchTopicOffsets(topic));
  return offsets
    .map(({ partition, low, high }) => ({ partition, first: Number(low), end: Number(high) }))
    .sort((a, b) => a.partition - b.partition);
}
