import { readKafkaOptions } from '../kafka/options.ts';
import type { KafkaOptions } from '../kafka/options.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import type { Topic } from '../topics.ts';
import { openEmbeddedTransport } from './embedded.ts';
import { openKafkaTransport } from './kafka.ts';
import type { Transport } from './transport.ts';

/** The chain of audit records of several responders. */
const AUDIT_TOPIC = 'audit';

export interface OpenTransportOptions {
  /** Undefined: the log lies in `dir`. */
  kafka: KafkaOptions | undefined;
  /** Topics of Kafka that others write and ingest reads; made like `events`. */
  rawTopics: readonly string[];
  dir: string;
  log: Log;
  metrics: Metrics;
  now: () => number;
}

/** Kafka where it is set, else the embedded log. */
export function openTransport({ kafka, rawTopics, dir, ...parts }: OpenTransportOptions): Promise<Transport> {
  if (kafka === undefined) return openEmbeddedTransport({ dir, ...parts });
  const { topicPrefix: prefix, partitions } = kafka;
  const topics = topicsOf(partitions, rawTopics);
  return openKafkaTransport({
    ...parts,
    ...readKafkaOptions(kafka),
    prefix,
    topics: { ...topics, [AUDIT_TOPIC]: 1 },
    keptForever: [AUDIT_TOPIC],
  });
}

/** What is said about a key lies in the partition of the same number as its events. `findings` and `commands` are few, and
 *  one responder decides about all of them. */
function topicsOf(partitions: number, rawTopics: readonly string[]): Record<string, number> {
  const own: Record<Topic, number> = {
    events: partitions,
    rollups: partitions,
    findings: 1,
    commands: 1,
    facts: partitions,
    rejected: 1,
  };
  return { ...own, ...Object.fromEntries(rawTopics.map((topic) => [topic, partitions])) };
}
