import { AppError, whyOf } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import type { Batch, Subscription, Transport } from '../transports/transport.ts';
import { chooseGateway } from './gateway-name.ts';
import type { NamedGateway } from './gateway-name.ts';
import type { Ingest } from './ingest.ts';

const GROUP = 'ingest';

export interface RawTopic {
  topic: string;
  format: string;
  gateway: string;
}

/** Where gateways that ship to Kafka themselves put their records: `raw.<format>`, and with several gateways of one format
 *  `raw.<format>.<gateway>` each, because a record does not say where it comes from. */
export function rawTopics(formats: readonly string[], gateways: readonly NamedGateway[]): RawTopic[] {
  return formats.flatMap((format) => {
    const named = gateways
      .filter(({ type }) => type === format)
      .map(({ name }) => ({ topic: `raw.${format}.${name}`, format, gateway: name }));
    const usual = usualGateway(gateways, format);
    return usual === undefined ? named : [{ topic: `raw.${format}`, format, gateway: usual }, ...named];
  });
}

function usualGateway(gateways: readonly NamedGateway[], format: string): string | undefined {
  try {
    return chooseGateway(gateways, format, undefined);
  } catch {
    return undefined;
  }
}

export interface RawTopicsDeps {
  transport: Transport;
  ingest: Ingest;
  topics: readonly RawTopic[];
  metrics: Metrics;
  log: Log;
}

/** Reads the raw topics with the parsers of HTTP: each message is a body. What cannot be read is in `rejected` and counted,
 *  and does not hold up what comes after it. */
export async function readRawTopics(deps: RawTopicsDeps): Promise<{ close(): Promise<void> }> {
  const subscriptions: Subscription[] = [];
  for (const raw of deps.topics) {
    const handle = (batch: Batch) => takeBatch(deps, raw, batch);
    subscriptions.push(await deps.transport.subscribe([raw.topic], `${GROUP}-${raw.topic}`, { handle }));
  }
  return {
    async close() {
      await Promise.all(subscriptions.map((subscription) => subscription.close()));
    },
  };
}

/** All at once, so that they are appended together. A batch that fails comes again; what of it was appended is left out
 *  then, by its ids. */
async function takeBatch(
  { ingest, metrics, log }: RawTopicsDeps,
  raw: RawTopic,
  batch: Batch,
): Promise<void> {
  const { topic, format, gateway } = raw;
  await Promise.all(
    batch.records.map(async ({ offset, value }) => {
      try {
        await ingest.take(format, Buffer.from(value), { gateway });
      } catch (error) {
        if (!(error instanceof AppError) || error.mayRetry) throw error;
        metrics.ingestRefused.inc({ code: error.code });
        log.warn(
          { topic, partition: batch.partition, offset, ...whyOf(error) },
          'A raw message was refused.',
        );
      }
    }),
  );
}
