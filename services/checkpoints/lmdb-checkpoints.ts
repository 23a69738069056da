import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { open } from 'lmdb';
import type { Database, RootDatabase } from 'lmdb';
import { AppError, messageOf } from '../errors.ts';
import { reasonOf } from '../lmdb-reason.ts';
import { Pace } from '../pace.ts';
import { decodeEntry, encodeEntry } from './checkpoint-entry.ts';
import type { CheckpointStore, CheckpointUpdate, Opened } from './checkpoint-store.ts';
import { Holders, lost } from './holders.ts';

/** LMDB takes keys of up to 1,978 bytes, and no NUL in them; longer names are found by their digest. */
const LONGEST_NAME = 400;
const MANIFEST = 'manifest';

interface Manifest {
  savedAt: number;
  offsets: Record<string, number>;
  /** An entry that is missing has no checksum that could fail. */
  entries: number;
}

type Key = [checkpoint: string, name: string];

export interface LmdbCheckpointOptions {
  /** A folder of its own. */
  dir: string;
  now?: () => number;
}

/** Checkpoints in an LMDB folder. Everything stored carries a CRC-32: `open`, and the iteration of what it gives, throw
 *  `E_CHECKPOINT_CORRUPT` when one does not match. */
export function openLmdbCheckpoints({
  dir,
  now = Date.now,
}: LmdbCheckpointOptions): Promise<CheckpointStore> {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    const root = open({
      path: dir,
      noSubdir: false,
      overlappingSync: false,
      eventTurnBatching: false,
      mapSize: 2 ** 28,
    });
    return Promise.resolve(new LmdbCheckpoints(dir, root, now));
  } catch (cause) {
    return Promise.reject(unavailable(dir, cause));
  }
}

class LmdbCheckpoints implements CheckpointStore {
  readonly #dir: string;
  readonly #root: RootDatabase;
  readonly #manifests: Database<Buffer, string>;
  readonly #entries: Database<Buffer, Key>;
  readonly #now: () => number;
  /** A save merges into what is stored of its checkpoint, so it waits for the one before; other checkpoints do not. */
  readonly #saving = new Map<string, Promise<unknown>>();
  readonly #holders = new Holders();

  constructor(dir: string, root: RootDatabase, now: () => number) {
    this.#dir = dir;
    this.#root = root;
    this.#manifests = root.openDB({ name: 'manifests', encoding: 'binary' });
    this.#entries = root.openDB({ name: 'entries', encoding: 'binary' });
    this.#now = now;
  }

  open(checkpoint: string): Promise<Opened> {
    return new Promise((resolve) => {
      const holder = this.#holders.take(checkpoint);
      const manifest = this.#manifest(checkpoint);
      resolve({
        found: manifest && {
          ...manifest,
          entries: { [Symbol.iterator]: () => this.#iterate(checkpoint, manifest.entries) },
        },
        checkpoint: {
          save: (update) => this.#saveInTurn(checkpoint, holder, update),
          release: async () => {
            await this.#saving.get(checkpoint);
            this.#holders.letGo(checkpoint, holder);
          },
        },
      });
    });
  }

  #saveInTurn(checkpoint: string, holder: symbol, update: CheckpointUpdate): Promise<void> {
    const before = this.#saving.get(checkpoint) ?? Promise.resolve();
    const saved = before.then(() => {
      if (!this.#holders.isHeldBy(checkpoint, holder)) throw lost(checkpoint);
      return this.#save(checkpoint, update);
    });
    this.#saving.set(
      checkpoint,
      saved.catch(() => undefined),
    );
    return saved;
  }

  async close(): Promise<void> {
    await Promise.all(this.#saving.values());
    await this.#root.close();
  }

  async #save(checkpoint: string, { offsets, changed }: CheckpointUpdate): Promise<void> {
    const before = this.#manifest(checkpoint) ?? { offsets: {}, entries: 0 };
    const { writes, added } = await this.#prepare(checkpoint, changed);
    const manifest: Manifest = {
      savedAt: this.#now(),
      offsets: { ...before.offsets, ...offsets },
      entries: before.entries + added,
    };
    try {
      // Instructions to LMDB's own thread, which commits all of the block or nothing.
      await this.#root.batch(() => {
        for (const [key, entry] of writes)
          void (entry ? this.#entries.put(key, entry) : this.#entries.remove(key));
        void this.#manifests.put(checkpoint, encodeEntry(MANIFEST, JSON.stringify(manifest)));
      });
    } catch (error) {
      throw unavailable(this.#dir, await reasonOf(error));
    }
  }

  async #prepare(checkpoint: string, changed: CheckpointUpdate['changed']) {
    const writes: [Key, Buffer | undefined][] = [];
    const pace = new Pace();
    let added = 0;
    for (const [name, text] of changed) {
      const key: Key = [checkpoint, keyOf(name)];
      const isStored = this.#entries.doesExist(key);
      if (text !== undefined) {
        writes.push([key, encodeEntry(name, text)]);
        if (!isStored) added++;
      } else if (isStored) {
        writes.push([key, undefined]);
        added--;
      }
      if (pace.isOver()) await pace.rest();
    }
    return { writes, added };
  }

  #manifest(checkpoint: string): Manifest | undefined {
    const stored = this.#manifests.get(checkpoint);
    if (stored === undefined) return undefined;
    const text = decodeEntry(stored)?.[1];
    if (text === undefined) throw this.#corrupt(checkpoint, 'its manifest does not match its checksum');
    return JSON.parse(text) as Manifest;
  }

  *#iterate(checkpoint: string, expected: number): Generator<readonly [string, string]> {
    let count = 0;
    for (const { key, value } of this.#entries.getRange({ start: [checkpoint, ''] })) {
      if (key[0] !== checkpoint) break;
      const entry = decodeEntry(value);
      if (entry === undefined) throw this.#corrupt(checkpoint, 'an entry does not match its checksum');
      count++;
      yield entry;
    }
    if (count !== expected)
      throw this.#corrupt(checkpoint, `it has ${count.toString()} entries of ${expected.toString()}`);
  }

  #corrupt(checkpoint: string, what: string): AppError {
    const message = `The checkpoint ${checkpoint} in ${this.#dir} is damaged: ${what}. Check the disk, then move the folder away.`;
    return new AppError('E_CHECKPOINT_CORRUPT', message, { checkpoint, dir: this.#dir });
  }
}

function keyOf(name: string): string {
  if (name.length <= LONGEST_NAME && !name.includes('\0')) return name;
  return `sha256:${createHash('sha256').update(name).digest('hex')}`;
}

function unavailable(dir: string, cause: unknown): AppError {
  const message = `State cannot be saved in ${dir} (${messageOf(cause)}). Free disk space or correct the rights of the folder.`;
  return new AppError('E_CHECKPOINT_UNAVAILABLE', message, { cause, dir });
}
