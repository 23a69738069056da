/** A record to append. `key` chooses the partition where none is named; `id` is what duplicates are recognised by. */
export interface OutRecord {
  key: string;
  id: string;
  value: string;
  partition?: number;
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
  /** A partition is ours from now on, that number of each of the topics. Answers where to read it on from: the offset of
   *  the next record wanted, by topic. A topic that is not named: from where the group's commits stand, else from the
   *  beginning. When it rejects, it is asked again after a pause. `signal` is aborted when the partition goes (its reason is `moved` or
   *  `closing`, as for `revoked`), be it before the answer has come: then it must end soon, with whatever result. */
  assigned?(partition: number, signal: AbortSignal): Promise<Readonly<Record<string, number>>>;
  /** Done when it resolves; when it rejects, the same batch comes again after a pause that grows to 30 s, or not at all if
   *  the partition is gone. Batches of one topic and partition follow each other; others may come at the same time, however
   *  long one takes. */
  handle(batch: Batch): Promise<void>;
  /** The partition is ours no more, and no batch of it is in hand. `moved`: another member may have it already, and what
   *  was not saved is done again there. `closing`: nobody has it before this resolves. */
  revoked?(partition: number, why: 'moved' | 'closing'): Promise<void>;
  /** Partitions may go to other members in a moment: what is saved now need not be done again there. */
  rebalancing?(): void;
}

/** How the partitions of a group are shared out: over all its members, or all to one of them while the others stand by. */
export type Share = 'spread' | 'one';

export interface Subscription {
  /** Records appended but not yet handled: of one topic or of all, in one partition or in all of this member. */
  lag(topic?: string, partition?: number): Promise<number>;
  /** False while a partition of ours is not read yet, or the brokers do not answer. */
  isReady(): boolean;
  /** Somebody else has taken the state of a partition that is still ours: it is revoked and assigned again. */
  reopen(partition: number): void;
  /** False when others may have been given our partitions without our knowing yet: the broker has not heard from us for
   *  as long as it waits for a member. */
  isSure(): boolean;
  /** Stops delivery (the batch in hand is finished) until `resume()`. */
  pause(): void;
  resume(): void;
  /** Takes no more, waits for the batch in hand, hands the partitions back, commits, leaves. */
  close(): Promise<void>;
}

export interface AppendResult {
  appended: number;
  /** Indexes of records that were left out because their id was appended within the duplicate window. */
  duplicates: readonly number[];
  /** Where the partition of the last record ended when it was there; what others appended at the same time may lie before
   *  it. Undefined when there was none. */
  end?: number;
}

/** Append-only topics with offsets and consumer groups.
 *
 *  - `append` resolves when the records survive a crash of the process; all of one call become visible in order
 *    within each partition. It rejects with `E_TRANSPORT_UNAVAILABLE` when nothing may have been written for certain.
 *  - Records of one partition are delivered in the order of their offsets, at least once, to one member of a group.
 *    A partition number of all topics of a subscription goes to the same member.
 *  - Offsets are consecutive integers from 0 for each partition.
 *  - The transport's maker closes it; subscriptions are closed first. */
export interface Transport {
  append(
    topic: string,
    records: readonly OutRecord[],
    options?: { dropDuplicates?: boolean },
  ): Promise<AppendResult>;
  /** All members of a group name the same topics and the same `share` (`spread` where it is not given). */
  subscribe(topics: readonly string[], group: string, handler: Handler, share?: Share): Promise<Subscription>;
  /** Reads the records with offsets in [from, to) again, in order, in pieces of at most 1,000, outside any group.
   *  Rejects when some of them are gone (retention). */
  read(topic: string, partition: number, from: number, to: number): AsyncIterable<readonly InRecord[]>;
  partitions(topic: string): Promise<number>;
  /** Records of a topic that a group has not handled, over all its members, as far as it has committed. */
  lagOf(topic: string, group: string): Promise<number>;
  /** Offset that the next record of the partition will get. */
  endOffset(topic: string, partition: number): Promise<number>;
  close(): Promise<void>;
}
