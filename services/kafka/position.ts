import type { Batch, KafkaMessage } from 'kafkajs';

/** After a seek, an answer of before it may still come, and the client loses seeks while the group's coordinator is away. What
 *  was asked for from elsewhere this often is a gap in the log: marks of transactions, compacted or removed records. */
const MAX_MISSES = 20;

/** Where reading stands in one partition. The client seeks some time after it was told to, and may give what it had asked
 *  for before. */
export class Position {
  /** Offset of the next message wanted. */
  next: number;
  #isInStep = false;
  #misses = 0;

  constructor(next: number) {
    this.next = next;
  }

  /** To be called with each seek; gives the offset to seek to. */
  seek(): string {
    this.#isInStep = false;
    return this.next.toString();
  }

  /** The messages that are due; undefined when the client has to seek first. */
  due(batch: Batch): KafkaMessage[] | undefined {
    const fetchedFrom = Number((batch as Batch & { fetchedOffset: string }).fetchedOffset);
    const messages = batch.messages.filter(({ offset }) => Number(offset) >= this.next);
    const isAhead = fetchedFrom > this.next && !this.#isInStep && this.#misses < MAX_MISSES;
    if (isAhead || messages.length === 0) {
      this.#misses += 1;
      return undefined;
    }
    this.#isInStep = true;
    this.#misses = 0;
    return messages;
  }
}
