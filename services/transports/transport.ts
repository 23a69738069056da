/** A record to append. `key` chooses the partition; `id` is what duplicates are recognised by. */
export interface OutRecord {
  key: string;
  id: string;
  value: string;
}

export interface InRecord {
  offset: number;
  key: string;
  value: string;
  /** Epoch milliseconds at which it was appended. */
  appendedAt: number;
  /** Set where a record may have been appended twice in spite of `dropDuplicates`: the reader leaves the repeat out. */
  id?: string;
}

export interface Batch {
  topic: string;
  partition: number;
  /** In order of their offsets; never empty. */
  records: readonly InRecord[];
}

export interface Handler {
  /** Where to read a partition from (the offset of the next record wanted), asked each time a partition is
   *  assigned. Undefined: from where the group's commits stand, else from the beginning. */
  startAt?(partition: number): Promise<number | undefined>;
  /** Done when it resolves; when it rejects, the same batch comes again after a pause that grows to 30 s. */
  handle(batch: Batch): Promise<void>;
  /** The partition goes to another member: finish what is in hand. */
  revoked?(partition: number): Promise<void>;
}

export interface Subscription {
  /** Records appended but not yet handled, over all partitions of this member. */
  lag(): Promise<number>;
  /** Stops delivery (the batch in hand is finished) until `resume()`. */
  pause(): void;
  resume(): void;
  /** Takes no more, waits for the batch in hand, commits, leaves. */
  close(): Promise<void>;
}

export interface AppendResult {
  appended: number;
  /** Indexes of records that were left out because their id was appended within the duplicate window. */
  duplicates: readonly number[];
}

/** Append-only topics with offsets and consumer groups.
 *
 *  - `append` resolves when the records survive a crash of the process; all of one call become visible in order
 *    within each partition. It rejects with `E_TRANSPORT_UNAVAILABLE` when nothing may have been written for certain.
 *  - Records of one partition are delivered in the order of their offsets, at least once, to one member of a group.
 *  - Offsets are consecutive integers from 0 for each partition.
 *  - The transport's maker closes it; subscriptions are closed first. */
export interface Transport {
  append(
    topic: string,
    records: readonly OutRecord[],
    options?: { dropDuplicates?: boolean },
  ): Promise<AppendResult>;
  subscribe(topic: string, group: string, handler: Handler): Promise<Subscription>;
  /** Reads the records with offsets in [from, to) again, in order, in pieces of at most 1,000, outside any group.
   *  Rejects when some of them are gone (retention). */
  read(topic: string, partition: number, from: number, to: number): AsyncIterable<readonly InRecord[]>;
  partitions(topic: string): Promise<number>;
  /** Offset that the next record of the partition will get. */
  endOffset(topic: string, partition: number): Promise<number>;
  close(): Promise<void>;
}
