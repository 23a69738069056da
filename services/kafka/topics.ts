import type { Admin } from 'kafkajs';
import { whenWarm } from './client.ts';

const MAX_REPLICAS = 3;
/** A record of `facts` or `commands` may hold a person's note, one of `findings` its evidence: all far below this. */
const MAX_MESSAGE_BYTES = 4 * 2 ** 20;

export interface TopicSettings {
  /** Full name, prefix included. */
  topic: string;
  partitions: number;
  /** Records go after so long; `compact`: of each key the newest record stays. */
  retention: number | 'compact';
}

/** What a reader may fall back on stays whole for this long. */
const COMPACT_AFTER_MS = 10 * 60_000;
const COMPACTED: Record<string, string> = {
  'cleanup.policy': 'compact',
  'min.compaction.lag.ms': COMPACT_AFTER_MS.toString(),
  // Only what is in a finished segment is compacted.
  'segment.ms': COMPACT_AFTER_MS.toString(),
  'segment.bytes': (64 * 2 ** 20).toString(),
};

/** Makes the topics that are missing, each copied to three brokers where there are so many. Partitions are never added to
 *  a topic that is there: keys would move to others, away from their state. */
export async function ensureTopics(admin: Admin, wanted: readonly TopicSettings[]): Promise<void> {
  const existing = new Set(await whenWarm(() => admin.listTopics()));
  const missing = wanted.filter(({ topic }) => !existing.has(topic));
  if (missing.length === 0) return;
  const { brokers } = await admin.describeCluster();
  const replicationFactor = Math.min(MAX_REPLICAS, brokers.length);
  const topics = missing.map(({ topic, partitions, retention }) => {
    const config = {
      'max.message.bytes': MAX_MESSAGE_BYTES.toString(),
      // With acks=all: what was confirmed survives the loss of a broker.
      'min.insync.replicas': Math.max(1, replicationFactor - 1).toString(),
      'message.timestamp.type': 'CreateTime',
      ...(retention === 'compact' ? COMPACTED : { 'retention.ms': retention.toString() }),
    };
    const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }));
    return { topic, numPartitions: partitions, replicationFactor, configEntries };
  });
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
