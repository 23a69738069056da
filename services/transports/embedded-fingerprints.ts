import { randomInt } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import type { Log } from '../log.ts';
import { FIRST_GENERATION, FingerprintTable } from './embedded-duplicates.ts';
import type { Files, FingerprintState } from './embedded-files.ts';
import { hash64 } from '../hash64.ts';

const BYTES_PER_ID = 8;
const FULL_CHUNK_BYTES = 1024 * BYTES_PER_ID;
/** A window is this many generations; one more is there while the oldest has not passed it. */
const GENERATIONS = 7;
const CHUNKS_PER_TURN = 32;

export interface FingerprintOptions {
  windowMs: number;
  maxFingerprints: number;
  log: Log;
}

type ChunkKey = [generation: number, chunk: number];
interface Chunk {
  key: ChunkKey;
  ids: Buffer;
}

/** Which ids were appended within the window: a table in memory, and chunks of fingerprints in the store. A chunk is
 *  written again with each append until it holds 1,024, so that the next start has few entries to read.
 *
 *  `begin`, `claim` and `write` run inside one write transaction; after it, `keep` or `undo`. */
export class Fingerprints {
  readonly #files: Files;
  readonly #options: FingerprintOptions;
  readonly #table = new FingerprintTable();
  readonly #hash = new Int32Array(2);
  readonly #topicSeeds = new Map<string, number>();
  /** Chunks of others that may still grow. */
  readonly #growing = new Map<number, ChunkKey>();
  /** What the table reflects, and what it will once the transaction is through. */
  #known: FingerprintState = newState();
  #next: FingerprintState | undefined;
  /** The chunk that this process fills. */
  #chunk: Chunk | undefined;
  #nextChunk: Chunk | undefined;
  #hasWarned = false;

  constructor(files: Files, options: FingerprintOptions) {
    this.#files = files;
    this.#options = options;
  }

  /** Reads what earlier runs left, giving way to others between steps. */
  async load(now: number): Promise<void> {
    const state = this.#files.about.get('fingerprints');
    if (state === undefined) return;
    this.#forget(state, now);
    this.#table.reserve(sum(state));
    const keys = this.#keysFrom(oldestOf(state));
    for (const [index, key] of keys.entries()) {
      this.#read(key);
      if (index % CHUNKS_PER_TURN === CHUNKS_PER_TURN - 1) await setImmediate();
    }
    this.#known = state;
  }

  begin(now: number): void {
    const state = this.#files.about.get('fingerprints') ?? structuredClone(this.#known);
    if (state.writes !== this.#known.writes) this.#catchUp();
    const last = state.generations.at(-1);
    const { windowMs, maxFingerprints } = this.#options;
    const isFull = last !== undefined && last.count >= maxFingerprints / (GENERATIONS + 1);
    if (last === undefined || isFull || now >= last.startedAt + windowMs / GENERATIONS) {
      state.generations.push({ id: (last?.id ?? FIRST_GENERATION - 1) + 1, startedAt: now, count: 0 });
    }
    this.#forget(state, now);
    this.#next = state;
  }

  /** False if the id was appended before, or claimed in this transaction. */
  claim(topic: string, id: string): boolean {
    const [low, high] = this.#fingerprint(topic, id);
    return this.#table.claim(low, high, this.#current().id);
  }

  write(): void {
    const fresh = Int32Array.from(this.#table.provisional);
    const state = this.#next;
    if (state === undefined || fresh.length === 0) return;
    const current = this.#current();
    current.count += fresh.length / 2;
    state.writes++;
    const before = this.#chunk;
    const isUsable = before?.key[0] === current.id && before.ids.length < FULL_CHUNK_BYTES;
    const { key, ids } = isUsable
      ? before
      : { key: [current.id, state.nextChunk++] satisfies ChunkKey, ids: Buffer.alloc(0) };
    this.#nextChunk = { key, ids: Buffer.concat([ids, Buffer.from(fresh.buffer)]) };
    this.#files.chunks.putSync(key, this.#nextChunk.ids);
    this.#files.about.putSync('fingerprints', state);
  }

  keep(): void {
    this.#table.keep();
    this.#known = this.#next ?? this.#known;
    this.#chunk = this.#nextChunk ?? this.#chunk;
    this.#reset();
  }

  undo(): void {
    this.#table.undo();
    this.#reset();
  }

  #reset(): void {
    this.#next = undefined;
    this.#nextChunk = undefined;
  }

  #current(): FingerprintState['generations'][number] {
    const current = this.#next?.generations.at(-1);
    if (current === undefined) throw new Error('claim() came before begin().');
    return current;
  }

  #fingerprint(topic: string, id: string): [low: number, high: number] {
    const hash = this.#hash;
    let seed = this.#topicSeeds.get(topic);
    if (seed === undefined) {
      hash64(topic, this.#next?.seed ?? 0, hash);
      seed = hash[0] ?? 0;
      this.#topicSeeds.set(topic, seed);
    }
    hash64(id, seed, hash);
    return [hash[0] ?? 0, hash[1] ?? 0];
  }

  /** Drops generations that the window has passed, and the oldest ones when there are too many ids. */
  #forget(state: FingerprintState, now: number): void {
    const { windowMs, maxFingerprints, log } = this.#options;
    const { generations } = state;
    const lastedMs = windowMs / GENERATIONS;
    while (generations[0] !== undefined && generations[0].startedAt + lastedMs <= now - windowMs)
      generations.shift();
    while (generations.length > 1 && sum(state) > maxFingerprints) {
      const dropped = generations.shift();
      if (this.#hasWarned) continue;
      this.#hasWarned = true;
      const coveredMs = now - (generations[0]?.startedAt ?? now);
      log.warn(
        { ids: dropped?.count, coveredMs, windowMs, maxFingerprints },
        'Duplicates are recognised for less than the window.',
      );
    }
    this.#table.forgetBefore(oldestOf(state));
  }

  /** Another process has appended: reads the chunks it added, and those it may have added to. */
  #catchUp(): void {
    const { nextChunk, generations } = this.#known;
    const added = this.#keysFrom(generations.at(-1)?.id ?? FIRST_GENERATION).filter(
      ([, chunk]) => chunk >= nextChunk,
    );
    for (const key of [...this.#growing.values(), ...added]) this.#read(key);
  }

  #keysFrom(generation: number): ChunkKey[] {
    return Array.from(this.#files.chunks.getKeys({ start: [generation, 0] }));
  }

  #read(key: ChunkKey): void {
    const [generation, chunk] = key;
    const bytes = this.#files.chunks.get(key);
    if (bytes === undefined || bytes.length >= FULL_CHUNK_BYTES) this.#growing.delete(chunk);
    else this.#growing.set(chunk, key);
    if (bytes === undefined) return;
    for (let at = 0; at + BYTES_PER_ID <= bytes.length; at += BYTES_PER_ID) {
      this.#table.add(bytes.readInt32LE(at), bytes.readInt32LE(at + 4), generation);
    }
  }
}

/** Chunks of generations that are no longer looked at. */
export function forgottenChunks(files: Files, limit: number): ChunkKey[] {
  const state = files.about.get('fingerprints');
  if (state === undefined) return [];
  return Array.from(files.chunks.getKeys({ end: [oldestOf(state), 0], limit }));
}

function newState(): FingerprintState {
  return { seed: randomInt(2 ** 32), writes: 0, nextChunk: 0, generations: [] };
}

function oldestOf({ generations }: FingerprintState): number {
  return generations[0]?.id ?? FIRST_GENERATION;
}

function sum({ generations }: FingerprintState): number {
  return generations.reduce((total, { count }) => total + count, 0);
}
