import { setTimeout as pause } from 'node:timers/promises';
import { entityText } from '../entity-text.ts';
import { whyOf } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import type { Rejected } from '../topics.ts';
import type { OutRecord, Transport } from '../transports/transport.ts';
import type { Results, Unjudged } from './partition.ts';

const FIRST_PAUSE_MS = 100;
const MAX_PAUSE_MS = 10_000;

export interface HandOnDeps {
  transport: Transport;
  log: Log;
  metrics: Metrics;
  now: () => number;
}

/** Puts results into their topics, however long that takes: the events they come from are learned already and must not be
 *  judged a second time. Rejects only once `closing` is aborted. */
export async function handOn(deps: HandOnDeps, results: Results, closing: AbortSignal): Promise<void> {
  const { metrics, now } = deps;
  const { findings, commands, rollups, unjudged } = results;
  for (const { detector } of findings) metrics.findings.inc({ detector });
  for (const { topic, code } of unjudged) metrics.recordsRejected.inc({ format: topic, code });
  const wanted: [topic: string, records: OutRecord[]][] = [
    [
      'findings',
      findings.map((one) => ({ key: entityText(one.entity), id: one.findingId, value: JSON.stringify(one) })),
    ],
    ['commands', commands.map((one) => ({ key: one.type, id: one.commandId, value: JSON.stringify(one) }))],
    [
      'rollups',
      rollups.map((one) => ({
        key: one.team,
        id: `${one.team}/${one.minute.toString()}/${one.partition.toString()}`,
        value: JSON.stringify(one),
      })),
    ],
    [
      'rejected',
      unjudged.map((one) => ({
        key: one.topic,
        id: `${one.topic}/${one.partition.toString()}/${one.offset.toString()}`,
        value: JSON.stringify(asRejected(one, now())),
      })),
    ],
  ];
  for (const [topic, records] of wanted) await append(deps, topic, records, closing);
}

async function append(
  { transport, log }: HandOnDeps,
  topic: string,
  records: OutRecord[],
  closing: AbortSignal,
): Promise<void> {
  if (records.length === 0) return;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS)) {
    try {
      await unlessClosing(transport.append(topic, records), closing);
      return;
    } catch (error) {
      log.error({ topic, ...whyOf(error) }, 'Results wait for the log.');
      if (closing.aborted) throw error;
      await pause(pauseMs, undefined, { signal: closing }).catch(() => undefined);
    }
  }
}

function asRejected({ topic, partition, offset, code, sizeBytes }: Unjudged, at: number): Rejected {
  const place = `${topic}/${partition.toString()}/${offset.toString()}`;
  const reason =
    code === 'damaged_record'
      ? `Record ${place} of the log is damaged.`
      : `Record ${place} could not be judged.`;
  return { at, gateway: '', format: topic, code, reason, index: 0, sizeBytes, sha256: '' };
}

/** Brokers that are away answer late or never. */
async function unlessClosing<Result>(work: Promise<Result>, closing: AbortSignal): Promise<Result> {
  let giveUp: () => void = () => undefined;
  const given = new Promise<never>((_resolve, reject) => {
    giveUp = () => reject(new Error('The process ends before the results are in their topics.'));
  });
  given.catch(() => undefined);
  work.catch(() => undefined);
  if (closing.aborted) giveUp();
  closing.addEventListener('abort', giveUp, { once: true });
  try {
    return await Promise.race([work, given]);
  } finally {
    closing.removeEventListener('abort', giveUp);
  }
}
