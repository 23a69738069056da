import { JsonBytes, skipSpace, skipString, skipValue } from '../json-scan.ts';
import { ByteWords } from './byte-words.ts';

interface Entry {
  name: string;
  words: ByteWords;
  /** Index among the wanted members, or -1 when a nested object is looked into. */
  slot: number;
  child: Node | undefined;
}

interface Node {
  /** Open addressing by `hashOf` the name. */
  table: (Entry | undefined)[];
  entries: Entry[];
}

const SPACE = 0x20;
const QUOTE = 0x22;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const COMMA = 0x2c;
const COLON = 0x3a;

export class MalformedJson extends Error {}

/** Made once: a stack for each of millions of torn records would cost far more than reading them. */
const MALFORMED = {
  noObject: new MalformedJson('The record is not an object.'),
  noName: new MalformedJson('A member has no name.'),
  openName: new MalformedJson('The record ends in a name.'),
  noValue: new MalformedJson('A name has no value.'),
  openRecord: new MalformedJson('The record ends in the middle.'),
  openValue: new MalformedJson('A value does not end.'),
  noJson: new MalformedJson('The record is not JSON.'),
};

/** Finds a few members of a large JSON object without building the rest.
 *
 *  Most of a gateway's record (prompts, price tables, headers) is of no use here, and building objects of it is what
 *  costs. So the bytes are walked once: members that are not wanted are jumped over by structure alone; of those that
 *  are wanted the place is noted. For valid records the places are those of what `JSON.parse` of the whole gives. */
export class JsonPicker<Name extends string> {
  readonly #root: Node;
  /** Start and end of each slot's value in the body; end 0 where the record has none. */
  readonly #ranges: Int32Array;
  /** The number by which each wanted member is asked for. */
  readonly slots: Readonly<Record<Name, number>>;

  /** `fields`: where each wanted member is, as names of members joined by dots. What is not named is never decoded. */
  constructor(fields: Readonly<Record<Name, string>>) {
    const names = Object.keys(fields) as Name[];
    this.slots = Object.fromEntries(names.map((name, slot) => [name, slot])) as Record<Name, number>;
    this.#ranges = new Int32Array(names.length * 2);
    this.#root = compile(names.map((name, slot) => ({ path: fields[name].split('.'), slot })));
  }

  /** Walks the object at `start`; returns the position after it. Throws `MalformedJson`. */
  walk(json: JsonBytes, start: number, end: number): number {
    this.#ranges.fill(0);
    return this.#walk(this.#root, json, start, end);
  }

  startOf(slot: number): number {
    return this.#ranges[slot * 2] ?? 0;
  }

  /** 0 when the record lacks the member. */
  endOf(slot: number): number {
    return this.#ranges[slot * 2 + 1] ?? 0;
  }

  /** Where blanks may stand, the usual ones are passed over here: a call for each would cost more than all else. */
  #walk(node: Node, json: JsonBytes, start: number, end: number): number {
    const { bytes } = json;
    if (bytes[start] !== OPEN_OBJECT) throw MALFORMED.noObject;
    let index = skipSpace(json, start + 1, end);
    if (bytes[index] === CLOSE_OBJECT) return index + 1;
    for (;;) {
      if (index >= end || bytes[index] !== QUOTE) throw MALFORMED.noName;
      const escapesBefore = json.escapes;
      const afterName = skipString(json, index, end);
      if (afterName < 0) throw MALFORMED.openName;
      const isEscaped = json.escapes !== escapesBefore;
      const entry = isEscaped
        ? findDecoded(node, json, index, afterName)
        : find(node, json, index + 1, afterName - 1);
      index = bytes[afterName] === COLON ? afterName : skipSpace(json, afterName, end);
      if (bytes[index] !== COLON) throw MALFORMED.noValue;
      index += bytes[index + 1] === SPACE ? 2 : 1;
      if ((bytes[index] ?? 0) <= SPACE) index = skipSpace(json, index, end);
      index = entry === undefined ? skip(json, index, end) : this.#note(entry, json, index, end);
      if ((bytes[index] ?? 0) <= SPACE) index = skipSpace(json, index, end);
      const next = bytes[index];
      if (next === CLOSE_OBJECT && index < end) return index + 1;
      if (next !== COMMA) throw MALFORMED.openRecord;
      index += bytes[index + 1] === SPACE ? 2 : 1;
      if ((bytes[index] ?? 0) <= SPACE) index = skipSpace(json, index, end);
    }
  }

  #note({ slot, child }: Entry, json: JsonBytes, start: number, end: number): number {
    if (child !== undefined) {
      this.#forget(child);
      return json.bytes[start] === OPEN_OBJECT ? this.#walk(child, json, start, end) : skip(json, start, end);
    }
    const after = skip(json, start, end);
    this.#ranges[slot * 2] = start;
    this.#ranges[slot * 2 + 1] = after;
    return after;
  }

  /** The last of several members with one name counts, also when it is no object any more. */
  #forget({ entries }: Node): void {
    for (const { slot, child } of entries) {
      if (child !== undefined) this.#forget(child);
      else this.#ranges[slot * 2 + 1] = 0;
    }
  }
}

interface Wanted {
  path: readonly string[];
  slot: number;
}

function compile(wanted: readonly Wanted[]): Node {
  const names = new Set(wanted.map(({ path }) => path[0] ?? ''));
  const entries = [...names].map((name): Entry => {
    const ones = wanted.filter(({ path }) => path[0] === name);
    const leaf = ones.find(({ path }) => path.length === 1);
    const inner = ones.map(({ path, slot }) => ({ path: path.slice(1), slot }));
    const bytes = new JsonBytes(Buffer.from(name));
    const words = new ByteWords(bytes, 0, bytes.length);
    return { name, words, slot: leaf?.slot ?? -1, child: leaf === undefined ? compile(inner) : undefined };
  });
  let size = 8;
  while (size < entries.length * 8) size *= 2;
  const table: Node['table'] = new Array<Entry | undefined>(size).fill(undefined);
  for (const entry of entries) {
    const name = Buffer.from(entry.name);
    let place = hashOf(name, 0, name.length) & (size - 1);
    while (table[place] !== undefined) place = (place + 1) & (size - 1);
    table[place] = entry;
  }
  return { table, entries };
}

function skip(json: JsonBytes, at: number, end: number): number {
  const after = skipValue(json, at, end);
  if (after < 0) throw MALFORMED.openValue;
  return after;
}

/** Length and three bytes of the name: enough to tell nearly all names apart, whatever their length. */
function hashOf(bytes: Buffer, start: number, end: number): number {
  const length = end - start;
  const first = bytes[start] ?? 0;
  const middle = bytes[start + (length >> 1)] ?? 0;
  const last = bytes[end - 1] ?? 0;
  return (
    (Math.imul(length, 0x9e37) ^ Math.imul(first, 31) ^ Math.imul(middle, 0x1f1) ^ Math.imul(last, 7)) >>> 0
  );
}

function find(node: Node, json: JsonBytes, start: number, end: number): Entry | undefined {
  const { table } = node;
  const mask = table.length - 1;
  for (let place = hashOf(json.bytes, start, end) & mask; ; place = (place + 1) & mask) {
    const entry = table[place];
    if (entry === undefined) return undefined;
    if (entry.words.isAt(json, start, end - start)) return entry;
  }
}

/** A name with an escape in it may be any name: only decoding tells. */
function findDecoded({ entries }: Node, { bytes }: JsonBytes, start: number, end: number): Entry | undefined {
  const name = parseJson(bytes, start, end);
  return entries.find((entry) => entry.name === name);
}

export function parseJson(bytes: Buffer, start: number, end: number): unknown {
  try {
    return JSON.parse(bytes.toString('utf8', start, end));
  } catch {
    throw MALFORMED.noJson;
  }
}
