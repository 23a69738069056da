import type { JsonBytes } from '../json-scan.ts';

/** A short run of bytes as whole numbers of four bytes, to be compared with a place in a body without building a
 *  string of it. */
export class ByteWords {
  readonly #length: number;
  readonly #words: Int32Array;
  readonly #tail: number;

  constructor(json: JsonBytes, start: number, length: number) {
    this.#length = length;
    this.#words = Int32Array.from({ length: length >> 2 }, (_, index) =>
      json.view.getInt32(start + index * 4, true),
    );
    this.#tail = tailAt(json, start + (length & ~3), length & 3);
  }

  isAt(json: JsonBytes, start: number, length: number): boolean {
    if (length !== this.#length) return false;
    const { view } = json;
    const words = this.#words;
    let at = start;
    for (let index = 0; index < words.length; index += 1, at += 4) {
      if (words[index] !== view.getInt32(at, true)) return false;
    }
    return tailAt(json, at, length & 3) === this.#tail;
  }
}

function tailAt({ bytes }: JsonBytes, start: number, length: number): number {
  let tail = 0;
  for (let index = 0; index < length; index += 1) tail = (tail << 8) | (bytes[start + index] ?? 0);
  return tail;
}

/** Spreads well enough for tables of a few thousand places. */
export function hashAt(json: JsonBytes, start: number, length: number): number {
  let hash = length;
  const wordsEnd = start + (length & ~3);
  for (let at = start; at < wordsEnd; at += 4) {
    hash = Math.imul(hash ^ json.view.getInt32(at, true), 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  hash = Math.imul(hash ^ tailAt(json, wordsEnd, length & 3), 0x85ebca6b);
  return hash ^ (hash >>> 13);
}
