import type { KafkaMessage, Message } from 'kafkajs';
import { decodeEntry, encodeEntry } from './checkpoint-entry.ts';

const MANIFEST = 'manifest';
/** No entry of ours has such a name. */
const PARTS = '\0parts';
/** Brokers take a megabyte in one record; a character is four bytes at most. */
const PART_CHARS = 170_000;

export interface Manifest {
  savedAt: number;
  offsets: Record<string, number>;
}

/** One message, or those of its parts and one that says how many they are. */
export function entryMessages(checkpoint: string, name: string, text: string | undefined): Message[] {
  const key = entryKey(checkpoint, name);
  if (text === undefined) return [{ key, value: null }];
  if (text.length <= PART_CHARS) return [{ key, value: encodeEntry(name, text) }];
  const parts = partsOf(text);
  return [
    ...parts.map((part, at) => ({ key: partKey(checkpoint, name, at), value: encodeEntry(name, part) })),
    { key, value: encodeEntry(PARTS, JSON.stringify([name, parts.length])) },
  ];
}

/** Never through the middle of a character that takes two places. */
function partsOf(text: string): string[] {
  const parts: string[] = [];
  for (let from = 0; from < text.length;) {
    let to = Math.min(from + PART_CHARS, text.length);
    if (to < text.length && /[\uD800-\uDBFF]/.test(text.charAt(to - 1))) to -= 1;
    parts.push(text.slice(from, to));
    from = to;
  }
  return parts;
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

function partKey(checkpoint: string, name: string, at: number): string {
  return JSON.stringify([checkpoint, name, at]);
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
  #isDamaged = false;
  /** Entries that lack parts. Compaction may leave the end of a save without its parts, where those of a newer one follow. */
  readonly #incomplete = new Set<string>();
  /** Of whoever took it over last. */
  claim = '';
  #staged: { name: string; text: string | undefined }[] = [];
  /** By the name of their entry, which comes behind them. */
  readonly #parts = new Map<string, string[]>();

  constructor(checkpoint: string) {
    this.#manifestKey = manifestKey(checkpoint);
    this.#claimKey = markKey(checkpoint, 'claim');
    this.#beginKey = markKey(checkpoint, 'begin');
    this.#prefix = `${this.#manifestKey.slice(0, -1)},"`;
  }

  get isDamaged(): boolean {
    return this.#isDamaged || this.#incomplete.size > 0;
  }

  take({ key, value }: KafkaMessage): void {
    const name = key?.toString() ?? '';
    if (name === this.#claimKey) this.claim = value?.toString() ?? '';
    if (name === this.#beginKey) this.#begin();
    if (this.#isDamaged) return;
    if (name === this.#manifestKey) this.#apply(value);
    else if (name.startsWith(this.#prefix)) this.#stage(name, value);
  }

  #begin(): void {
    this.entries.clear();
    this.#staged = [];
    this.#parts.clear();
    this.#incomplete.clear();
    this.#isDamaged = false;
  }

  #stage(key: string, value: Buffer | null): void {
    const [, name, at] = JSON.parse(key) as [string, string, number?];
    const entry = value === null ? undefined : decodeEntry(value);
    if (entry?.[0] === PARTS) this.#stageParts(name, entry[1]);
    else if (value !== null && entry?.[0] !== name) this.#isDamaged = true;
    else if (at === undefined) this.#staged.push({ name, text: entry?.[1] });
    else this.#partsOf(name)[at] = entry?.[1] ?? '';
  }

  #stageParts(name: string, text: string): void {
    const [named, count] = JSON.parse(text) as [string, number];
    // Of a save that had more of them, some may be left behind these.
    const parts = this.#partsOf(name).slice(0, count);
    this.#parts.delete(name);
    if (named !== name) this.#isDamaged = true;
    else if (Object.keys(parts).length < count) this.#incomplete.add(name);
    else this.#staged.push({ name, text: parts.join('') });
  }

  #partsOf(name: string): string[] {
    const parts = this.#parts.get(name) ?? [];
    this.#parts.set(name, parts);
    return parts;
  }

  #apply(value: Buffer | null): void {
    const text = value === null ? undefined : decodeEntry(value)?.[1];
    if (text === undefined) {
      this.#isDamaged = true;
      return;
    }
    this.manifest = JSON.parse(text) as Manifest;
    for (const { name, text: entry } of this.#staged) {
      this.#incomplete.delete(name);
      if (entry === undefined) this.entries.delete(name);
      else this.entries.set(name, entry);
    }
    this.#staged = [];
  }
}
