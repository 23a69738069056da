import type { KafkaMessage, Message } from 'kafkajs';
import { decodeEntry, encodeEntry } from './checkpoint-entry.ts';

const MANIFEST = 'manifest';

export interface Manifest {
  savedAt: number;
  offsets: Record<string, number>;
}

export function entryMessage(checkpoint: string, name: string, text: string | undefined): Message {
  return { key: entryKey(checkpoint, name), value: text === undefined ? null : encodeEntry(name, text) };
}

/** Comes last of a save. */
export function manifestMessage(checkpoint: string, manifest: Manifest): Message {
  return { key: manifestKey(checkpoint), value: encodeEntry(MANIFEST, JSON.stringify(manifest)) };
}

/** `claim`: written by whoever takes a checkpoint over. `probe`: by whoever wants to know whether it is still the owner.
 *  What there is to read ends with one's own mark. `begin`: a save of everything follows, and what came before, damage
 *  too, counts no more. */
export type Mark = 'claim' | 'probe' | 'begin';

export function markMessage(checkpoint: string, mark: Mark, id: string): Message {
  return { key: markKey(checkpoint, mark), value: id };
}

export function isMark({ value }: KafkaMessage, id: string): boolean {
  return value?.toString() === id;
}

/** Names may hold anything, so they are told apart by how JSON writes them. */
function entryKey(checkpoint: string, name: string): string {
  return JSON.stringify([checkpoint, name]);
}

function manifestKey(checkpoint: string): string {
  return JSON.stringify([checkpoint]);
}

function markKey(checkpoint: string, mark: Mark): string {
  return JSON.stringify([checkpoint, [], mark]);
}

/** A checkpoint as it comes out of the topic, save by save. */
export class FoundCheckpoint {
  readonly #prefix: string;
  readonly #manifestKey: string;
  readonly #claimKey: string;
  readonly #beginKey: string;
  readonly entries = new Map<string, string>();
  manifest: Manifest | undefined;
  isDamaged = false;
  /** Of whoever took it over last. */
  claim = '';
  #staged: { name: string; text: string | undefined }[] = [];

  constructor(checkpoint: string) {
    this.#manifestKey = manifestKey(checkpoint);
    this.#claimKey = markKey(checkpoint, 'claim');
    this.#beginKey = markKey(checkpoint, 'begin');
    this.#prefix = `${this.#manifestKey.slice(0, -1)},"`;
  }

  take({ key, value }: KafkaMessage): void {
    const name = key?.toString() ?? '';
    if (name === this.#claimKey) this.claim = value?.toString() ?? '';
    if (name === this.#beginKey) this.#begin();
    if (this.isDamaged) return;
    if (name === this.#manifestKey) this.#apply(value);
    else if (name.startsWith(this.#prefix)) this.#stage(name, value);
  }

  #begin(): void {
    this.entries.clear();
    this.#staged = [];
    this.isDamaged = false;
  }

  #stage(key: string, value: Buffer | null): void {
    const [, name] = JSON.parse(key) as [string, string];
    const entry = value === null ? undefined : decodeEntry(value);
    if (value !== null && entry?.[0] !== name) this.isDamaged = true;
    else this.#staged.push({ name, text: entry?.[1] });
  }

  #apply(value: Buffer | null): void {
    const text = value === null ? undefined : decodeEntry(value)?.[1];
    if (text === undefined) {
      this.isDamaged = true;
      return;
    }
    this.manifest = JSON.parse(text) as Manifest;
    for (const { name, text: entry } of this.#staged) {
      if (entry === undefined) this.entries.delete(name);
      else this.entries.set(name, entry);
    }
    this.#staged = [];
  }
}
