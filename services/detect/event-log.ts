import type { Enricher } from '../enrichment/enricher.ts';
import { AppError } from '../errors.ts';
import { decodeEvent } from '../topics.ts';
import type { InRecord, Transport } from '../transports/transport.ts';
import { eventRow } from './event-row.ts';
import { REPEAT_WINDOW, Repeats } from './repeats.ts';

/** One partition of `events`, read again outside the live flow. */
export class EventLog {
  readonly #transport: Transport;
  readonly #enricher: Enricher;
  readonly #partition: number;

  constructor(parts: { transport: Transport; enricher: Enricher; partition: number }) {
    this.#transport = parts.transport;
    this.#enricher = parts.enricher;
    this.#partition = parts.partition;
  }

  /** As many records before an offset as a repeat may lie back; none where there are no repeats. */
  async *before(offset: number): AsyncGenerator<readonly InRecord[]> {
    const from = Math.max(0, offset - REPEAT_WINDOW);
    try {
      for await (const records of this.#transport.read('events', this.#partition, from, offset)) {
        if (records[0]?.id === undefined) return;
        yield records;
      }
    } catch (error) {
      // Past retention, and with it every repeat of them.
      if (!(error instanceof AppError && error.code === 'E_NOT_FOUND')) throw error;
    }
  }

  /** The rows of a range of offsets, in order; empty for a repeat or a damaged record. */
  async *rows(from: number, to: number): AsyncGenerator<readonly string[]> {
    const repeats = new Repeats();
    for await (const records of this.before(from)) for (const record of records) repeats.isRepeat(record);
    for await (const records of this.#transport.read('events', this.#partition, from, to)) {
      yield records.map((record) => (repeats.isRepeat(record) ? '' : this.#rowOf(record.value)));
    }
  }

  #rowOf(value: string): string {
    const event = decodeEvent(value);
    return event === undefined ? '' : eventRow(value, this.#enricher.lookup(event.ip));
  }
}
