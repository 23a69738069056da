import { describe, expect, it } from 'vitest';
import { adviseOnKafka } from '../../../../services/cli/doctor/check-kafka.ts';
import type { KafkaFound, TopicFound } from '../../../../services/kafka/survey.ts';
import { Secret } from '../../../../services/secret.ts';

const DAY_MS = 86_400_000;
const SAFE = {
  topicPrefix: 'gatewatch.',
  tls: { enabled: true },
  sasl: { mechanism: 'scram-sha-512' as const, username: 'gatewatch', password: new Secret('secret') },
};

function aTopic(name: string, changes: Partial<TopicFound> = {}): TopicFound {
  const retention = name === 'audit' ? -1 : 7 * DAY_MS;
  return {
    topic: `gatewatch.${name}`,
    ...{ partitions: 12, replicas: 3, lagging: 0 },
    config: {
      'min.insync.replicas': '2',
      'max.message.bytes': '4194304',
      'retention.ms': retention.toString(),
      'cleanup.policy': name === 'state' ? 'compact' : 'delete',
    },
    ...changes,
  };
}

const NAMES = ['events', 'facts', 'rollups', 'findings', 'commands', 'rejected', 'audit', 'state'];

function aCluster(changed: TopicFound[] = [], changes: Partial<KafkaFound> = {}): KafkaFound {
  const topics = NAMES.map(
    (name) => changed.find(({ topic }) => topic === `gatewatch.${name}`) ?? aTopic(name),
  );
  const groups = ['detect', 'respond'].map((group) => ({
    groupId: `gatewatch.${group}`,
    members: 2,
    lag: 0,
  }));
  return { brokers: 3, topics, groups, ...changes };
}

function withConfig(name: string, config: Record<string, string>): TopicFound {
  const topic = aTopic(name);
  return { ...topic, config: { ...topic.config, ...config } };
}

describe('doctor on Kafka', () => {
  it('finds nothing wrong where nothing is', () => {
    const levels = adviseOnKafka(aCluster(), SAFE).map(({ level }) => level);
    expect(new Set(levels)).toEqual(new Set(['ok']));
  });

  it.each<{ story: string; topic: TopicFound; level: string; says: RegExp }>([
    {
      story: 'facts shared out otherwise than events',
      topic: aTopic('facts', { partitions: 1 }),
      level: 'problem',
      says: /same number/,
    },
    {
      story: 'one copy of many',
      topic: aTopic('events', { replicas: 1 }),
      level: 'warning',
      says: /1 copy only/,
    },
    {
      story: 'copies that fell behind',
      topic: aTopic('events', { lagging: 2 }),
      level: 'warning',
      says: /2 partitions/,
    },
    {
      story: 'one broker that may confirm alone',
      topic: withConfig('events', { 'min.insync.replicas': '1' }),
      level: 'warning',
      says: /Set 2/,
    },
    {
      story: 'messages that are too large',
      topic: withConfig('findings', { 'max.message.bytes': '10000' }),
      level: 'problem',
      says: /max.message.bytes/,
    },
    {
      story: 'state that is not compacted',
      topic: withConfig('state', { 'cleanup.policy': 'delete' }),
      level: 'problem',
      says: /compact/,
    },
    {
      story: 'events that go within a day',
      topic: withConfig('events', { 'retention.ms': DAY_MS.toString() }),
      level: 'warning',
      says: /24 hours/,
    },
    {
      story: 'audit records that go',
      topic: withConfig('audit', { 'retention.ms': (30 * DAY_MS).toString() }),
      level: 'warning',
      says: /retention.ms=-1/,
    },
  ])('names $story', ({ topic, level, says }) => {
    const found = adviseOnKafka(aCluster([topic]), SAFE).filter((one) => one.level !== 'ok');
    expect(found).toEqual([{ level, text: expect.stringMatching(says) as string }]);
  });

  it('names records that nobody reads', () => {
    const groups = [{ groupId: 'gatewatch.detect', members: 0, lag: 50_000 }];
    const found = adviseOnKafka(aCluster([], { groups }), SAFE).filter(({ level }) => level !== 'ok');
    expect(found).toEqual([
      { level: 'problem', text: expect.stringContaining('50,000 records wait') as string },
    ]);
  });

  it('names a way that is open to everybody', () => {
    const found = adviseOnKafka(aCluster(), { topicPrefix: 'gatewatch.', tls: undefined, sasl: undefined });
    expect(found.map(({ level }) => level)).toContain('warning');
  });
});
