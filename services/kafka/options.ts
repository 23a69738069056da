import { readFileSync } from 'node:fs';
import { AppError, messageOf } from '../errors.ts';
import { Secret } from '../secret.ts';
import type { KafkaSettings } from './client.ts';

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
}

export function readKafkaOptions({ brokers, tls: files, sasl }: KafkaOptions): KafkaSettings {
  const tls = readTls(files);
  return { brokers, ...(tls === undefined ? {} : { tls }), ...(sasl === undefined ? {} : { sasl }) };
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
