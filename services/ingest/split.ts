import { skipContainer, skipSpace, skipString } from '../json-scan.ts';
import type { JsonBytes } from '../json-scan.ts';

/** One record of a body: the bytes [start, end), or why there is none. */
export interface Slice {
  start: number;
  end: number;
  problem: '' | 'null_record' | 'not_an_object' | 'malformed_json' | 'truncated';
}

const OPEN_OBJECT = 0x7b;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const COMMA = 0x2c;
const QUOTE = 0x22;
const NEWLINE = 0x0a;

/** Finds the records of a body: one object, an array of them, or one a line; what the content type says does not
 *  matter. A bad record does not spoil those beside it. */
export interface Splitter {
  /** What comes next. An object's `end` is only a bound: the reader says by `moveTo` where it ended, or has it measured. */
  next(): Slice | undefined;
  moveTo(position: number): void;
  /** Finds the extent of an object that could not be read, or its problem, and moves behind it. */
  measure(slice: Slice): Slice;
}

export function openSplitter(json: JsonBytes): Splitter {
  const { bytes, length } = json;
  const hasMark = length >= 3 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  const start = skipSpace(json, hasMark ? 3 : 0, length);
  return bytes[start] === OPEN_ARRAY ? new ArraySplitter(json, start + 1) : new LineSplitter(json, start);
}

function problemOf({ bytes }: JsonBytes, start: number, end: number): Slice['problem'] {
  const text = bytes.toString('latin1', start, Math.min(end, start + 8)).trim();
  return text === 'null' ? 'null_record' : 'not_an_object';
}

class ArraySplitter implements Splitter {
  readonly #json: JsonBytes;
  #at: number;
  #isFirst = true;

  constructor(json: JsonBytes, start: number) {
    this.#json = json;
    this.#at = start;
  }

  next(): Slice | undefined {
    const { bytes, length } = this.#json;
    const isFirst = this.#isFirst;
    this.#isFirst = false;
    let at = skipSpace(this.#json, this.#at, length);
    if (at > length || (at === length && isFirst)) return undefined;
    if (at === length) return this.#last(at, 'truncated');
    if (bytes[at] === CLOSE_ARRAY) {
      const rest = skipSpace(this.#json, at + 1, length);
      return rest < length ? this.#last(rest, 'malformed_json') : undefined;
    }
    if (!isFirst) {
      if (bytes[at] === COMMA) at = skipSpace(this.#json, at + 1, length);
      // Two objects without a comma between them are read as two; anything else cannot be trusted any more.
      else if (bytes[at] !== OPEN_OBJECT) return this.#last(at, 'malformed_json');
    }
    if (at >= length) return this.#last(at, 'truncated');
    this.#at = at;
    if (bytes[at] === OPEN_OBJECT) return { start: at, end: length, problem: '' };
    return this.#other(at);
  }

  moveTo(position: number): void {
    this.#at = position;
  }

  measure({ start }: Slice): Slice {
    const end = skipContainer(this.#json, start, this.#json.length);
    if (end < 0) return this.#last(start, 'truncated');
    this.#at = end;
    return { start, end, problem: '' };
  }

  #other(start: number): Slice {
    const end = this.#endOfOther(start);
    if (end < 0) return this.#last(start, 'truncated');
    this.#at = end;
    // A comma or bracket where a value should be.
    if (end === start) return { start, end: start + 1, problem: 'malformed_json' };
    return { start, end, problem: problemOf(this.#json, start, end) };
  }

  #endOfOther(start: number): number {
    const { bytes, length } = this.#json;
    if (bytes[start] === OPEN_ARRAY) return skipContainer(this.#json, start, length);
    if (bytes[start] === QUOTE) return skipString(this.#json, start, length);
    let end = start;
    while (end < length && bytes[end] !== COMMA && bytes[end] !== CLOSE_ARRAY) end += 1;
    return end;
  }

  /** Takes the rest of the body. */
  #last(start: number, problem: Slice['problem']): Slice {
    const { length } = this.#json;
    this.#at = length + 1;
    return { start, end: length, problem };
  }
}

/** One record a line, or objects written over several lines. */
class LineSplitter implements Splitter {
  readonly #json: JsonBytes;
  #at: number;
  /** Known once an object did not end in its line nor later: looked for once only, or torn lines would cost a search of
   *  the whole body each. */
  #isLinesOnly = false;
  /** Looked for once a line: many records in one long line would cost a search of the whole body each. */
  #knownLineEnd = -1;

  constructor(json: JsonBytes, start: number) {
    this.#json = json;
    this.#at = start;
  }

  next(): Slice | undefined {
    const { bytes, length } = this.#json;
    const start = this.#skipSeparators();
    if (start >= length) return undefined;
    const end = this.#lineEnd(start);
    if (bytes[start] === OPEN_OBJECT) return { start, end, problem: '' };
    this.#at = end;
    return { start, end, problem: problemOf(this.#json, start, end) };
  }

  moveTo(position: number): void {
    this.#at = position;
  }

  measure({ start }: Slice): Slice {
    const lineEnd = this.#lineEnd(start);
    let end = skipContainer(this.#json, start, lineEnd);
    if (end < 0) end = this.#endInLaterLine(start, lineEnd);
    this.#at = end < 0 ? lineEnd : end;
    if (end >= 0) return { start, end, problem: '' };
    return { start, end: lineEnd, problem: lineEnd === this.#json.length ? 'truncated' : 'malformed_json' };
  }

  #skipSeparators(): number {
    const { bytes, length } = this.#json;
    const at = skipSpace(this.#json, this.#at, length);
    return bytes[at] === COMMA && at > 0 ? skipSpace(this.#json, at + 1, length) : at;
  }

  /** For positions that never go back. */
  #lineEnd(at: number): number {
    if (at <= this.#knownLineEnd) return this.#knownLineEnd;
    const newline = this.#json.bytes.indexOf(NEWLINE, at);
    this.#knownLineEnd = newline < 0 ? this.#json.length : newline;
    return this.#knownLineEnd;
  }

  #endInLaterLine(start: number, lineEnd: number): number {
    const { bytes, length } = this.#json;
    const nextLine = skipSpace(this.#json, lineEnd, length);
    // A line that begins an object of its own does not go on with the one before, which was cut off.
    if (this.#isLinesOnly || nextLine >= length || bytes[nextLine] === OPEN_OBJECT) return -1;
    const end = skipContainer(this.#json, start, length);
    if (end >= 0 && !hasBrokenString(this.#json, start, end)) return end;
    this.#isLinesOnly = true;
    return -1;
  }
}

/** JSON has no line breaks in strings: where there is one, a line was torn in the middle of a string. */
function hasBrokenString(json: JsonBytes, start: number, end: number): boolean {
  let at = json.bytes.indexOf(QUOTE, start);
  while (at >= 0 && at < end) {
    const after = skipString(json, at, end);
    if (after < 0 || json.bytes.subarray(at, after).includes(NEWLINE)) return true;
    at = json.bytes.indexOf(QUOTE, after);
  }
  return false;
}
