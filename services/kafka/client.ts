import { setTimeout as pause } from 'node:timers/promises';
import { Kafka, logLevel, Partitioners } from 'kafkajs';
import type { KafkaConfig, LogEntry, ProducerConfig } from 'kafkajs';
import { AppError, messageOf } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Secret } from '../secret.ts';
import { registerCodecs } from './codecs.ts';

export interface KafkaSettings {
  /** `host:port` of some brokers; the others are found through them. */
  brokers: readonly string[];
  /** TLS with the system's authorities, or those of `ca`; a client certificate where the cluster asks for one. */
  tls?: { ca?: string; certificate?: string; key?: Secret };
  sasl?: { mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'; username: string; password: Secret };
}

const REQUEST_TIMEOUT_MS = 15_000;
const COLD_TRIES = 8;
const SHUT: ReadonlySet<string> = new Set(['KafkaJSConnectionError', 'KafkaJSSASLAuthenticationError']);

registerCodecs();

export function createKafka({ brokers, tls, sasl }: KafkaSettings, log: Log): Kafka {
  const config: KafkaConfig = {
    clientId: 'gatewatch',
    brokers: [...brokers],
    connectionTimeout: 5_000,
    requestTimeout: REQUEST_TIMEOUT_MS,
    // About six seconds: long enough for a new leader, short enough for somebody who waits for a start.
    retry: { initialRetryTime: 100, maxRetryTime: 5_000, retries: 6 },
    logLevel: logLevel.INFO,
    logCreator: () => (entry) => writeLog(log, entry),
  };
  if (tls !== undefined) {
    config.ssl = {
      ...(tls.ca === undefined ? {} : { ca: [tls.ca] }),
      ...(tls.certificate === undefined ? {} : { cert: tls.certificate }),
      ...(tls.key === undefined ? {} : { key: tls.key.reveal() }),
    };
  }
  if (sasl !== undefined) {
    const { mechanism, username } = sasl;
    config.sasl = { mechanism, username, password: sasl.password.reveal() } as NonNullable<
      KafkaConfig['sasl']
    >;
  }
  return new Kafka(config);
}

/** The client calls a lost connection an error each time it tries again, and says it twice; here it is a warning, once,
 *  until something fails. */
function writeLog(log: Log, { level, namespace, log: { message, error, broker } }: LogEntry): void {
  const where = { client: 'kafka', namespace, ...(broker === undefined ? {} : { broker: String(broker) }) };
  const text = typeof error === 'string' ? `${message}: ${error}` : message;
  const isTrouble = level === logLevel.ERROR || level === logLevel.WARN;
  if (isTrouble && namespace !== 'Connection' && !message.startsWith('Limiting retries'))
    log.warn(where, text);
  else log.debug(where, text);
}

/** Its own repeats are not written twice, and what it sends keeps its order. */
export const producerSettings = {
  idempotent: true,
  maxInFlightRequests: 1,
  allowAutoTopicCreation: false,
  // Named, so that the client does not warn of a change between its versions; partitions are given.
  createPartitioner: Partitioners.DefaultPartitioner,
} satisfies ProducerConfig;

/** A cluster that has just started refuses the first requests past the client's own tries. One that cannot be reached, or
 *  does not let us in, is not tried longer. */
export async function whenWarm<Result>(work: () => Promise<Result>): Promise<Result> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      if (tries >= COLD_TRIES || isShut(error)) throw error;
      await pause(250 * tries);
    }
  }
}

function isShut(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const names = [error.name, error.cause instanceof Error ? error.cause.name : ''];
  return names.some((name) => SHUT.has(name));
}

export function kafkaUnavailable(brokers: readonly string[], cause: unknown): AppError {
  if (cause instanceof AppError) return cause;
  return new AppError(
    'E_TRANSPORT_UNAVAILABLE',
    `Kafka at ${brokers.join(', ')} does not take or give records (${messageOf(cause)}). Check that it runs and can be reached, and that user and rights are right; what was not confirmed is sent again.`,
    { cause },
  );
}
