import type { Config } from '../../config.ts';
import { messageOf } from '../../errors.ts';
import { readKafkaOptions } from '../../kafka/options.ts';
import { surveyKafka } from '../../kafka/survey.ts';
import type { KafkaFound, TopicFound } from '../../kafka/survey.ts';
import type { Log } from '../../log.ts';
import { note, ok, problem, warning } from './advice.ts';
import type { Advice } from './advice.ts';

const HOUR_MS = 3_600_000;
/** What ingest and detection do with a batch: the largest request is a megabyte before it is packed. */
const MIN_MESSAGE_BYTES = 1_000_000;
/** A weekend without anybody to mend it. */
const MIN_RETENTION_MS = 72 * HOUR_MS;
const GOOD_REPLICAS = 3;
const BY_KEY = ['events', 'facts', 'rollups'];
const OTHERS = ['findings', 'commands', 'rejected', 'audit', 'state'];
/** Records that wait for good reason when nothing is wrong. */
const MUCH_LAG = 20_000;

/** Nothing where topics are in the data folder. */
export async function checkKafka({ kafka }: Config, log: Log): Promise<Advice[]> {
  if (kafka === undefined) return [];
  const { topicPrefix: prefix } = kafka;
  const named = (topics: readonly string[]) => topics.map((topic) => `${prefix}${topic}`);
  try {
    const groups = {
      [`${prefix}detect`]: named(BY_KEY),
      [`${prefix}respond`]: named(['findings', 'commands', 'facts']),
    };
    const found = await surveyKafka(
      readKafkaOptions(kafka),
      { topics: named([...BY_KEY, ...OTHERS]), groups },
      log,
    );
    return adviseOnKafka(found, kafka);
  } catch (error) {
    return [problem(messageOf(error))];
  }
}

export function adviseOnKafka(
  found: KafkaFound,
  { topicPrefix: prefix, tls, sasl }: Pick<NonNullable<Config['kafka']>, 'topicPrefix' | 'tls' | 'sasl'>,
): Advice[] {
  const advice = [ok(`Kafka answers: ${count(found.brokers, 'broker')}.`)];
  if (tls?.enabled !== true)
    advice.push(
      warning('Records travel to Kafka in clear. Set GATEWATCH_KAFKA_TLS, or keep that network closed.'),
    );
  if (sasl === undefined)
    advice.push(note('No user is given to Kafka. Whoever reaches it can write findings and facts.'));
  const missing = [...BY_KEY, ...OTHERS].filter(
    (topic) => !found.topics.some((one) => one.topic === prefix + topic),
  );
  if (missing.length > 0) advice.push(note(`Topics that are made at the next start: ${missing.join(', ')}.`));
  return [
    ...advice,
    ...adviseOnPartitions(found, prefix),
    ...found.topics.flatMap((topic) => adviseOnTopic(topic, found.brokers, prefix)),
    ...adviseOnGroups(found),
  ];
}

function adviseOnPartitions({ topics }: KafkaFound, prefix: string): Advice[] {
  const counts = topics.filter(({ topic }) => BY_KEY.some((name) => prefix + name === topic));
  if (new Set(counts.map(({ partitions }) => partitions)).size <= 1) return [];
  const list = counts.map(({ topic, partitions }) => `${topic} has ${partitions}`).join(', ');
  return [
    problem(
      `${list}: they must have the same number of partitions. Delete the wrong ones while they are empty.`,
    ),
  ];
}

function adviseOnTopic(
  { topic, replicas, lagging, config }: TopicFound,
  brokers: number,
  prefix: string,
): Advice[] {
  const advice: Advice[] = [];
  const value = (name: string) => Number(config[name] ?? NaN);
  if (lagging > 0)
    advice.push(
      warning(
        `${topic}: ${count(lagging, 'partition')} with copies that are not in step. Look at the brokers.`,
      ),
    );
  if (replicas < Math.min(GOOD_REPLICAS, brokers))
    advice.push(
      warning(`${topic} has ${count(replicas, 'copy', 'copies')} only: a lost broker may take it along.`),
    );
  if (replicas > 1 && value('min.insync.replicas') < 2)
    advice.push(
      warning(
        `${topic}: min.insync.replicas is 1, so one broker alone may confirm records and lose them. Set 2.`,
      ),
    );
  if (value('max.message.bytes') < MIN_MESSAGE_BYTES)
    advice.push(
      problem(`${topic}: max.message.bytes is ${config['max.message.bytes'] ?? ''}. Set 1000000 or more.`),
    );
  const isState = topic === `${prefix}state`;
  if (isState && !(config['cleanup.policy'] ?? '').includes('compact'))
    advice.push(
      problem(`${topic} is not compacted, and state would be lost with age. Set cleanup.policy=compact.`),
    );
  const retentionMs = value('retention.ms');
  if (!isState && retentionMs >= 0 && retentionMs < MIN_RETENTION_MS)
    advice.push(
      warning(
        `${topic} keeps records for ${Math.round(retentionMs / HOUR_MS)} hours. What is not handled by then is lost: set 72 hours or more.`,
      ),
    );
  if (topic === `${prefix}audit` && retentionMs >= 0)
    advice.push(
      warning(
        `${topic} forgets records, and a new responder cannot bring its audit chain up to date. Set retention.ms=-1.`,
      ),
    );
  return advice;
}

function adviseOnGroups({ groups }: KafkaFound): Advice[] {
  return groups.flatMap(({ groupId, members, lag }) => {
    if (lag > MUCH_LAG && members === 0)
      return [problem(`Nobody reads as ${groupId}, and ${lag.toLocaleString('en')} records wait.`)];
    if (lag > MUCH_LAG) return [warning(`${lag.toLocaleString('en')} records wait for ${groupId}.`)];
    return members === 0
      ? [note(`Nobody reads as ${groupId} now.`)]
      : [
          ok(
            `${groupId}: ${count(members, 'process', 'processes')}, ${lag.toLocaleString('en')} records wait.`,
          ),
        ];
  });
}

function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}
