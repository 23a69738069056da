/** State and the offsets it includes, saved together: after a crash either both are there or neither. */
export interface CheckpointStore {
  /** Takes a checkpoint over: whoever opened it before, in this process or another one, can save it no more. */
  open(checkpoint: string): Promise<Opened>;
  close(): Promise<void>;
}

export interface Opened {
  /** As it was then; undefined where nothing was saved yet. Not kept: it may be large. */
  found: Checkpoint | undefined;
  checkpoint: OpenCheckpoint;
}

/** A checkpoint in the hands of whoever opened it last. */
export interface OpenCheckpoint {
  /** Merges: entries named in `changed` replace older ones, an undefined value removes one, others stay. A save that fails
   *  leaves the checkpoint before it intact. Rejects with `E_CHECKPOINT_LOST` once somebody else has opened it. */
  save(update: CheckpointUpdate): Promise<void>;
  /** Waits for the save in hand; no other follows. */
  release(): Promise<void>;
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
