import type {
  CheckpointStore,
  CheckpointUpdate,
  Opened,
} from '../../services/checkpoints/checkpoint-store.ts';
import { Holders, lost } from '../../services/checkpoints/holders.ts';

/** Checkpoints in memory; `fail` makes the next saves reject. Survives `close`, like a disk. */
export class MemoryCheckpoints implements CheckpointStore {
  readonly #saved = new Map<string, { offsets: Record<string, number>; entries: Map<string, string> }>();
  readonly #holders = new Holders();
  fail = false;
  failures = 0;

  open(checkpoint: string): Promise<Opened> {
    const holder = this.#holders.take(checkpoint);
    const saved = this.#saved.get(checkpoint);
    return Promise.resolve({
      found: saved && { savedAt: 0, offsets: { ...saved.offsets }, entries: [...saved.entries] },
      checkpoint: {
        save: (update) => this.#save(checkpoint, holder, update),
        release: () => {
          this.#holders.letGo(checkpoint, holder);
          return Promise.resolve();
        },
      },
    });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #save(checkpoint: string, holder: symbol, { offsets, changed }: CheckpointUpdate): Promise<void> {
    if (!this.#holders.isHeldBy(checkpoint, holder)) return Promise.reject(lost(checkpoint));
    if (this.fail) {
      this.failures += 1;
      return Promise.reject(new Error('disk full'));
    }
    const saved = this.#saved.get(checkpoint) ?? { offsets: {}, entries: new Map<string, string>() };
    Object.assign(saved.offsets, offsets);
    for (const [name, text] of changed) {
      if (text === undefined) saved.entries.delete(name);
      else saved.entries.set(name, text);
    }
    this.#saved.set(checkpoint, saved);
    return Promise.resolve();
  }
}
