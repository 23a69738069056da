import type { Admin, ConfigResourceTypes } from 'kafkajs';
import type { Log } from '../log.ts';
import { createKafka, kafkaUnavailable } from './client.ts';
import type { KafkaSettings } from './client.ts';
import { boundsOf } from './topics.ts';

// eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment -- modules cannot import the client's name for it
const TOPIC = 2 as ConfigResourceTypes.TOPIC;

export interface TopicFound {
  /** Full name. */
  topic: string;
  partitions: number;
  /** Copies of the partition that has fewest. */
  replicas: number;
  /** Partitions that have fewer copies in step than they should. */
  lagging: number;
  config: Readonly<Record<string, string>>;
}

export interface GroupFound {
  groupId: string;
  members: number;
  /** Records not yet committed, over all topics that were asked about. */
  lag: number;
}

export interface KafkaFound {
  brokers: number;
  topics: readonly TopicFound[];
  groups: readonly GroupFound[];
}

/** Looks at a cluster and changes nothing there. Rejects with `E_TRANSPORT_UNAVAILABLE`. */
export async function surveyKafka(
  settings: KafkaSettings,
  wanted: { topics: readonly string[]; groups: Readonly<Record<string, readonly string[]>> },
  log: Log,
): Promise<KafkaFound> {
  const admin = createKafka(settings, log).admin({ retry: { retries: 1 } });
  try {
    await admin.connect();
    const { brokers } = await admin.describeCluster();
    const existing = new Set(await admin.listTopics());
    const topics = wanted.topics.filter((topic) => existing.has(topic));
    return {
      brokers: brokers.length,
      topics: await describeTopics(admin, topics),
      groups: await describeGroups(admin, wanted.groups, existing),
    };
  } catch (cause) {
    throw kafkaUnavailable(settings.brokers, cause);
  } finally {
    await admin.disconnect().catch(() => undefined);
  }
}

async function describeTopics(admin: Admin, topics: readonly string[]): Promise<TopicFound[]> {
  if (topics.length === 0) return [];
  const { topics: found } = await admin.fetchTopicMetadata({ topics: [...topics] });
  const resources = topics.map((name) => ({ type: TOPIC, name }));
  const { resources: configs } = await admin.describeConfigs({ resources, includeSynonyms: false });
  return found.map(({ name, partitions }) => ({
    topic: name,
    partitions: partitions.length,
    replicas: Math.min(...partitions.map(({ replicas }) => replicas.length)),
    lagging: partitions.filter(({ isr, replicas }) => isr.length < replicas.length).length,
    config: Object.fromEntries(
      (configs.find(({ resourceName }) => resourceName === name)?.configEntries ?? []).map((entry) => [
        entry.configName,
        entry.configValue,
      ]),
    ),
  }));
}

async function describeGroups(
  admin: Admin,
  groups: Readonly<Record<string, readonly string[]>>,
  existing: ReadonlySet<string>,
): Promise<GroupFound[]> {
  const { groups: described } = await admin.describeGroups(Object.keys(groups));
  const found: GroupFound[] = [];
  for (const [groupId, topics] of Object.entries(groups)) {
    const members = described.find((group) => group.groupId === groupId)?.members.length ?? 0;
    const there = topics.filter((topic) => existing.has(topic));
    found.push({ groupId, members, lag: await lagOf(admin, groupId, there) });
  }
  return found;
}

async function lagOf(admin: Admin, groupId: string, topics: readonly string[]): Promise<number> {
  if (topics.length === 0) return 0;
  const committed = await admin.fetchOffsets({ groupId, topics: [...topics] });
  let lag = 0;
  for (const { topic, partitions } of committed) {
    const offsets = new Map(partitions.map(({ partition, offset }) => [partition, Number(offset)]));
    for (const { partition, first, end } of await boundsOf(admin, topic))
      lag += end - Math.max(first, offsets.get(partition) ?? 0);
  }
  return lag;
}
