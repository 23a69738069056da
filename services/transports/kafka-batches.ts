import { setMaxListeners } from 'node:events';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { EachBatchPayload, KafkaMessage } from 'kafkajs';
import { AppError, messageOf } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Lane } from './kafka-lane.ts';
import { toRecord } from './kafka-records.ts';
import type { Tenure } from './kafka-tenure.ts';
import type { Handler, InRecord } from './transport.ts';

/** The event loop gets a turn after so many, for heartbeats too: where nothing is found, handling them waits for nothing. */
const MAX_BATCH_RECORDS = 500;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 30_000;

export interface BatchesOptions {
  group: string;
  handler: Handler;
  log: Log;
  onRetry: (topic: string) => void;
  /** Nothing more is taken, and no pause is waited for, once it is aborted. */
  closing: AbortSignal;
}

/** Gives batches to the handler, the same one again until it is handled; moves on after the effect. */
export class Batches {
  readonly #options: BatchesOptions;

  constructor(options: BatchesOptions) {
    this.#options = options;
    // Every partition may wait for its next try.
    setMaxListeners(0, options.closing);
  }

  async handleAll(
    payload: EachBatchPayload,
    { tenure, lane, messages }: { tenure: Tenure; lane: Lane; messages: readonly KafkaMessage[] },
    mayGoOn: () => boolean,
  ): Promise<void> {
    for (let from = 0; from < messages.length && mayGoOn(); from += MAX_BATCH_RECORDS) {
      const piece = messages.slice(from, from + MAX_BATCH_RECORDS).map(toRecord);
      const last = piece.at(-1);
      if (last === undefined || !(await this.#handle(tenure, lane, { records: piece, mayGoOn }))) return;
      lane.moveTo(last.offset + 1);
      if (tenure.hasMoved) return;
      payload.resolveOffset(last.offset.toString());
      await nextTurn();
    }
  }

  async pauseAfter(
    error: unknown,
    at: { topic: string; partition: number; failures: number },
  ): Promise<void> {
    const { group, log } = this.#options;
    const pauseMs = pauseMsOf(at.failures);
    const code = error instanceof AppError ? error.code : undefined;
    log.warn(
      { group, ...at, code, reason: messageOf(error), pauseMs },
      'A batch was not handled and comes again.',
    );
    await this.rest(pauseMs);
  }

  async rest(pauseMs: number): Promise<void> {
    await sleep(pauseMs, undefined, { signal: this.#options.closing }).catch(() => undefined);
  }

  /** False when the partition is lost, or everything ends, before it was handled. */
  async #handle(
    { over }: Tenure,
    { topic, partition }: Lane,
    { records, mayGoOn }: { records: readonly InRecord[]; mayGoOn: () => boolean },
  ): Promise<boolean> {
    for (let failures = 1; ; failures += 1) {
      try {
        await this.#options.handler.handle({ topic, partition, records });
        return true;
      } catch (error) {
        if (over.signal.aborted) return false;
        this.#options.onRetry(topic);
        await this.pauseAfter(error, { topic, partition, failures });
        if (!mayGoOn()) return false;
      }
    }
  }
}

/** Of attempts that fail one after the other. */
export function pauseMsOf(failures: number): number {
  return Math.min(FIRST_PAUSE_MS * 2 ** (failures - 1), LONGEST_PAUSE_MS);
}
