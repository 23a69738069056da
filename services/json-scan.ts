/** Walks over JSON in bytes by structure alone: quotes, braces and brackets. Nothing is recursive, and every byte is
 *  looked at a bounded number of times, whatever it holds. */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_OBJECT = 0x7b;
const OPEN_ARRAY = 0x5b;
const CLOSE_OBJECT = 0x7d;
const CLOSE_ARRAY = 0x5d;
/** Strings still open after so many bytes are searched natively. */
const SHORT_STRING = 192;

/** What a byte means outside of strings. */
const OTHER = 0;
const STRING = 1;
const OPEN = 2;
const CLOSE = 3;
const MEANING = new Uint8Array(256);
MEANING[QUOTE] = STRING;
MEANING[OPEN_OBJECT] = OPEN;
MEANING[OPEN_ARRAY] = OPEN;
MEANING[CLOSE_OBJECT] = CLOSE;
MEANING[CLOSE_ARRAY] = CLOSE;

/** A body with a view that reads four bytes at a time. */
export class JsonBytes {
  readonly bytes: Buffer;
  readonly view: DataView;
  readonly length: number;
  /** How many strings with a backslash `skipString` has met, so that a caller can tell whether one had. */
  escapes = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.length = bytes.length;
  }
}

/** Position after the string whose opening quote is at `at`, or -1 when it does not end. */
export function skipString(json: JsonBytes, at: number, end: number): number {
  const { bytes, view } = json;
  let index = at + 1;
  const wordsEnd = Math.min(end, index + SHORT_STRING) - 4;
  while (index <= wordsEnd) {
    // A byte that equals the wanted one is zero after the XOR, and only zero borrows into its own top bit first.
    const word = view.getInt32(index, true);
    const quotes = word ^ 0x22222222;
    const backslashes = word ^ 0x5c5c5c5c;
    const found =
      (((quotes - 0x01010101) & ~quotes) | ((backslashes - 0x01010101) & ~backslashes)) & 0x80808080;
    if (found === 0) {
      index += 4;
      continue;
    }
    index += (31 - Math.clz32(found & -found)) >> 3;
    if (bytes[index] === QUOTE) return index + 1;
    json.escapes += 1;
    index += 2;
  }
  return skipStringEnd(json, index, end);
}

/** The rest of a string from a position that is not behind a backslash. */
function skipStringEnd(json: JsonBytes, at: number, end: number): number {
  const { bytes } = json;
  let index = at;
  // Not looked for in long strings: they may have some.
  json.escapes += 1;
  while (index < end) {
    const quote = end - index < 8 ? nearQuote(bytes, index, end) : bytes.indexOf(QUOTE, index);
    if (quote < 0 || quote >= end) return -1;
    let before = quote - 1;
    while (before >= index && bytes[before] === BACKSLASH) before -= 1;
    if ((quote - before) % 2 === 1) return quote + 1;
    index = quote + 1;
  }
  return -1;
}

/** Near the end of a body: a native search would cost more than it saves. */
function nearQuote(bytes: Buffer, at: number, end: number): number {
  let index = at;
  while (index < end && bytes[index] !== QUOTE) index += 1;
  return index;
}

/** Position after the object or array that opens at `at`, or -1 when it does not end. */
export function skipContainer(json: JsonBytes, at: number, end: number): number {
  const { bytes } = json;
  let depth = 0;
  let index = at;
  while (index < end) {
    const meaning = MEANING[bytes[index] ?? 0];
    if (meaning === OTHER) {
      index += 1;
    } else if (meaning === STRING) {
      index = skipString(json, index, end);
      if (index < 0) return -1;
    } else {
      index += 1;
      depth += meaning === OPEN ? 1 : -1;
      if (depth === 0) return index;
    }
  }
  return -1;
}

export function skipSpace({ bytes }: JsonBytes, at: number, end: number): number {
  let index = at;
  while (index < end) {
    const byte = bytes[index] ?? 0;
    if (byte > 0x20 || (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09)) return index;
    index += 1;
  }
  return index;
}

function skipScalar({ bytes }: JsonBytes, at: number, end: number): number {
  let index = at;
  while (index < end) {
    const byte = bytes[index] ?? 0;
    if (byte === COMMA || byte === CLOSE_OBJECT || byte === CLOSE_ARRAY || byte <= 0x20) break;
    index += 1;
  }
  return index;
}

/** Position after any value, or -1 when there is none or it does not end. */
export function skipValue(json: JsonBytes, at: number, end: number): number {
  const byte = at < end ? json.bytes[at] : undefined;
  if (byte === QUOTE) return skipString(json, at, end);
  if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) return skipContainer(json, at, end);
  const after = skipScalar(json, at, end);
  return after === at ? -1 : after;
}
