import type {
  Checkpoint,
  CheckpointStore,
  CheckpointUpdate,
} from '../../services/checkpoints/checkpoint-store.ts';

/** Checkpoints in memory; `fail` makes the next saves reject. Survives `close`, like a disk. */
export class MemoryCheckpoints implements CheckpointStore {
  readonly #saved = new Map<string, { offsets: Record<string, number>; entries: Map<string, string> }>();
  fail = false;

  save(checkpoint: string, { offsets, changed }: CheckpointUpdate): Promise<void> {
    if (this.fail) return Promise.reject(new Error('disk full'));
    const saved = this.#saved.get(checkpoint) ?? { offsets: {}, entries: new Map<string, string>() };
    Object.assign(saved.offsets, offsets);
    for (const [name, text] of changed) {
      if (text === undefined) saved.entries.delete(name);
      else saved.entries.set(name, text);
    }
    this.#saved.set(checkpoint, saved);
    return Promise.resolve();
  }

  load(checkpoint: string): Promise<Checkpoint | undefined> {
    const saved = this.#saved.get(checkpoint);
    if (saved === undefined) return Promise.resolve(undefined);
    return Promise.resolve({ savedAt: 0, offsets: { ...saved.offsets }, entries: [...saved.entries] });
  }

  release(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
