import { createReadStream } from 'node:fs';
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { AppError, messageOf } from '../errors.ts';
import type { Slice } from '../ingest/split.ts';
import { JsonBytes, skipContainer, skipSpace, skipValue } from '../json-scan.ts';

/** Some records of a file. A slice may hold more than one of them, with commas, brackets or nothing between. */
export interface Piece {
  json: JsonBytes;
  slices: readonly Slice[];
}

const CHUNK_BYTES = 1024 * 1024;
/** A line or record that is longer than any body ingest would take is counted as unreadable and passed over. */
const MAX_RECORD_BYTES = 32 * 1024 * 1024;
const NEWLINE = 0x0a;
const COMMA = 0x2c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const QUOTE = 0x22;
const BETWEEN: ReadonlySet<number> = new Set([COMMA, OPEN_ARRAY, CLOSE_ARRAY]);

/** Bytes of a file, or of standard input for `-`. `onRead` hears of the bytes as they lie on the disk. */
export async function* readBytes(path: string, onRead: (sizeBytes: number) => void): AsyncGenerator<Buffer> {
  const source = path === '-' ? process.stdin : createReadStream(path, { highWaterMark: CHUNK_BYTES });
  try {
    for await (const chunk of source as AsyncIterable<Buffer>) {
      onRead(chunk.length);
      yield chunk;
    }
  } catch (cause) {
    throw new AppError('E_BAD_REQUEST', `Cannot read ${path}: ${messageOf(cause)}.`, { cause });
  }
}

async function* startingWith(first: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  yield first;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
}

/** Unpacks gzip where the bytes are gzip, whatever the file is called. */
export async function* unpack(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const iterator = chunks[Symbol.asyncIterator]();
  const first = await iterator.next();
  if (first.done === true) return;
  const all = startingWith(first.value, iterator);
  if (first.value[0] !== 0x1f || first.value[1] !== 0x8b) {
    yield* all;
    return;
  }
  const unpacked = pipeline(Readable.from(all), createGunzip({ chunkSize: CHUNK_BYTES }), () => undefined);
  try {
    yield* unpacked as AsyncIterable<Buffer>;
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw new AppError('E_BAD_REQUEST', `The compressed data is damaged: ${messageOf(cause)}.`, { cause });
  }
}

/** Finds the records in a stream of any length: one a line, arrays of them, or objects written over several lines. */
export async function* readRecords(chunks: AsyncIterable<Buffer>): AsyncGenerator<Piece> {
  let layout: Layout | undefined;
  let carry: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    const json = new JsonBytes(carry.length === 0 ? chunk : Buffer.concat([carry, chunk]));
    layout ??= layoutOf(json);
    if (layout === undefined) {
      carry = json.bytes;
      continue;
    }
    const { slices, rest } = layout(json, false);
    yield { json, slices };
    carry = json.bytes.subarray(rest);
  }
  const json = new JsonBytes(carry);
  yield { json, slices: (layout ?? takeLines)(json, true).slices };
}

/** Takes the records it finds, and says where the bytes begin that need what comes after them. */
type Layout = (json: JsonBytes, isLast: boolean) => { slices: Slice[]; rest: number };

/** Undefined while too little is there to tell. */
function layoutOf(json: JsonBytes): Layout | undefined {
  const { bytes, length } = json;
  const start = skipSpace(json, startOfText(json), length);
  if (start >= length) return undefined;
  if (bytes[start] === OPEN_ARRAY) return takeValues;
  const newline = bytes.indexOf(NEWLINE, start);
  if (newline < 0) return length > MAX_RECORD_BYTES ? takeLines : undefined;
  if (bytes[start] !== OPEN_OBJECT || skipContainer(json, start, newline) > 0) return takeLines;
  const next = skipSpace(json, newline, length);
  if (next >= length) return undefined;
  // The object goes on in the next line, unless that line begins one of its own: then the first was cut off.
  return bytes[next] === OPEN_OBJECT ? takeLines : takeValues;
}

function startOfText({ bytes }: JsonBytes): number {
  const hasMark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  return hasMark ? 3 : 0;
}

/** One record a line; a torn line spoils itself alone. Where the record ends is left to whoever reads it. */
function takeLines(json: JsonBytes, isLast: boolean): { slices: Slice[]; rest: number } {
  const { bytes, length } = json;
  const end = isLast ? length : bytes.lastIndexOf(NEWLINE) + 1;
  const slices: Slice[] = [];
  let at = skipSpace(json, startOfText(json), end);
  while (at < end) {
    const newline = bytes.indexOf(NEWLINE, at);
    const lineEnd = newline < 0 ? end : newline;
    slices.push({ start: at, end: lineEnd, problem: problemOf(json, at, lineEnd) });
    at = skipSpace(json, lineEnd, end);
  }
  if (length - end <= MAX_RECORD_BYTES) return { slices, rest: end };
  slices.push({ start: end, end: length, problem: 'truncated' });
  return { slices, rest: length };
}

/** Objects in arrays, or one after the other, over any number of lines. */
function takeValues(json: JsonBytes, isLast: boolean): { slices: Slice[]; rest: number } {
  const { length } = json;
  const slices: Slice[] = [];
  let at = nextValue(json, startOfText(json), length);
  while (at < length) {
    const end = endOfValue(json, at, isLast);
    if (end < 0) {
      if (!isLast && length - at <= MAX_RECORD_BYTES) break;
      slices.push({ start: at, end: length, problem: 'truncated' });
      return { slices, rest: length };
    }
    slices.push({ start: at, end, problem: problemOf(json, at, end) });
    at = nextValue(json, end, length);
  }
  return { slices, rest: at };
}

/** Position after the value at `at`, or -1 when its end is not there yet. */
function endOfValue(json: JsonBytes, at: number, isLast: boolean): number {
  const end = skipValue(json, at, json.length);
  if (json.bytes[at] === OPEN_OBJECT || json.bytes[at] === QUOTE) return end;
  // A bare word at the edge may go on; a byte that begins no value is passed over by itself.
  return end === json.length && !isLast ? -1 : Math.max(end, at + 1);
}

/** Commas and brackets stand between records; whether they do rightly changes nothing here. */
export function nextValue(json: JsonBytes, from: number, end: number): number {
  let at = skipSpace(json, from, end);
  while (at < end && BETWEEN.has(json.bytes[at] ?? 0)) at = skipSpace(json, at + 1, end);
  return at;
}

function problemOf({ bytes }: JsonBytes, start: number, end: number): Slice['problem'] {
  if (bytes[start] === OPEN_OBJECT || bytes[start] === OPEN_ARRAY) return '';
  const text = bytes.toString('latin1', start, Math.min(end, start + 8)).trim();
  return text === 'null' ? 'null_record' : 'not_an_object';
}
