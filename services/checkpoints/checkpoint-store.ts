/** State and the offsets it includes, saved together: after a crash either both are there or neither.
 *
 *  `save` merges: entries named in `changed` replace older ones, an undefined value removes one, others stay.
 *  A save that fails leaves the checkpoint before it intact. Where several processes share the store, loading takes the
 *  checkpoint over: from then on, saves of whoever had it before fail. */
export interface CheckpointStore {
  save(checkpoint: string, update: CheckpointUpdate): Promise<void>;
  load(checkpoint: string): Promise<Checkpoint | undefined>;
  /** Somebody else goes on with it: nothing of it is kept here. */
  release(checkpoint: string): Promise<void>;
  close(): Promise<void>;
}

export interface CheckpointUpdate {
  /** Offset of the next record wanted, by `topic/partition`. Merged like entries. */
  offsets: Readonly<Record<string, number>>;
  changed: ReadonlyMap<string, string | undefined>;
}

export interface Checkpoint {
  savedAt: number;
  offsets: Record<string, number>;
  entries: Iterable<readonly [name: string, text: string]>;
}
