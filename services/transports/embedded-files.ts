import { mkdirSync } from 'node:fs';
import { open, type Database, type RootDatabase } from 'lmdb';
import { AppError, messageOf } from '../errors.ts';

/** The tables of the transport's folder. LMDB lets one writer in at a time, over all processes that have it open. */
export interface Files {
  dir: string;
  root: RootDatabase;
  /** `[topic, partition, offset of the first record]` → an entry of embedded-batch.ts. Entries follow each other
   *  without a gap. */
  entries: Database<Buffer, [string, number, number]>;
  /** Topic → offset that the next record will get, by partition. */
  ends: Database<number[], string>;
  /** `[topic, group, partition]` → offset of the first record not yet handled. */
  positions: Database<number, [string, string, number]>;
  /** `[generation, chunk]` → fingerprints of ids; see embedded-fingerprints.ts. */
  chunks: Database<Buffer, [number, number]>;
  about: Database<FingerprintState, 'fingerprints'>;
}

/** What is known about the stored fingerprints. Read anew in each write: another process may have added some. */
export interface FingerprintState {
  seed: number;
  /** Goes up with each write of fingerprints. */
  writes: number;
  nextChunk: number;
  /** Oldest first; the last one is being filled. */
  generations: { id: number; startedAt: number; count: number }[];
}

export function openFiles(dir: string): Files {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    // Without overlappingSync a commit is on disk before it is seen: nobody acts on a record that a power cut undoes.
    // With eventTurnBatching a failed commit also rejects a promise that nobody can get at.
    const root = open({
      path: dir,
      noSubdir: false,
      overlappingSync: false,
      eventTurnBatching: false,
      mapSize: FIRST_MAP_BYTES,
      maxDbs: 8,
    });
    return {
      dir,
      root,
      entries: root.openDB({ name: 'entries', encoding: 'binary' }),
      ends: root.openDB({ name: 'ends', encoding: 'json' }),
      positions: root.openDB({ name: 'positions', encoding: 'json' }),
      chunks: root.openDB({ name: 'chunks', encoding: 'binary' }),
      about: root.openDB({ name: 'about', encoding: 'json' }),
    };
  } catch (cause) {
    throw unavailable(dir, cause);
  }
}

/** Address space only, the file grows as needed; LMDB doubles it by itself, with a pause for readers each time. */
const FIRST_MAP_BYTES = 2 ** 30;

export function unavailable(dir: string, cause: unknown): AppError {
  if (cause instanceof AppError) return cause;
  return new AppError(
    'E_TRANSPORT_UNAVAILABLE',
    `The log of events in ${dir} cannot be written (${messageOf(cause)}). Free disk space or correct the rights of the folder; nothing was taken in, send it again.`,
    { cause, dir },
  );
}
