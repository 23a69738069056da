import { readFileSync } from 'node:fs';
import { AppError, messageOf } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import { Secret } from '../secret.ts';
import type { Topic } from '../topics.ts';
import { openEmbeddedTransport } from './embedded.ts';
import type { KafkaSettings } from './kafka-client.ts';
import { openKafkaTransport } from './kafka.ts';
import type { Transport } from './transport.ts';

/** The settings of Kafka, files not yet read. */
export interface KafkaOptions {
  brokers: readonly string[];
  topicPrefix: string;
  /** Of `events` and `rollups`; the other topics have one. */
  partitions: number;
  tls?:
    | {
        enabled: boolean;
        ca?: string | undefined;
        certificate?: string | undefined;
        key?: string | undefined;
      }
    | undefined;
  sasl?: KafkaSettings['sasl'] | undefined;
  /** Topics that others write and ingest reads; made like `events`. */
  rawTopics: readonly string[];
}

export interface OpenTransportOptions {
  /** Undefined: the log lies in `dir`. */
  kafka: KafkaOptions | undefined;
  dir: string;
  log: Log;
  metrics: Metrics;
  now: () => number;
}

/** Kafka where it is set, else the embedded log. */
export function openTransport({ kafka, dir, ...parts }: OpenTransportOptions): Promise<Transport> {
  if (kafka === undefined) return openEmbeddedTransport({ dir, ...parts });
  const { brokers, topicPrefix: prefix, sasl } = kafka;
  const tls = readTls(kafka.tls);
  return openKafkaTransport({
    ...parts,
    brokers,
    prefix,
    topics: topicsOf(kafka),
    ...(tls === undefined ? {} : { tls }),
    ...(sasl === undefined ? {} : { sasl }),
  });
}

/** `findings` and `commands` are few, and one responder decides about all of them; `facts` goes to everybody. */
function topicsOf({ partitions, rawTopics }: KafkaOptions): Record<string, number> {
  const own: Record<Topic, number> = {
    events: partitions,
    rollups: partitions,
    findings: 1,
    commands: 1,
    facts: 1,
    rejected: 1,
  };
  return { ...own, ...Object.fromEntries(rawTopics.map((topic) => [topic, partitions])) };
}

function readTls(tls: KafkaOptions['tls']): KafkaSettings['tls'] {
  if (tls?.enabled !== true) return undefined;
  const ca = readPem(tls.ca);
  const certificate = readPem(tls.certificate);
  const key = readPem(tls.key);
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(certificate === undefined ? {} : { certificate }),
    ...(key === undefined ? {} : { key: new Secret(key) }),
  };
}

function readPem(path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const message = `The TLS file ${path} for Kafka cannot be read (${messageOf(cause)}). Correct its path or its rights.`;
    throw new AppError('E_CONFIG', message, { cause });
  }
}
