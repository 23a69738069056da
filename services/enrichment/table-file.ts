import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { AppError } from '../errors.ts';
import type { RangesV4, RangesV6 } from './range-table.ts';

/** A compiled lookup: ranges of both families and the texts their values stand for (value n is entry n - 1). */
export interface Table {
  origin: string;
  builtAt: number;
  v4: RangesV4;
  v6: RangesV6;
  entries: TextList;
}

/** Many short texts in one buffer, decoded one at a time when asked for. */
export interface TextList {
  bytes: Buffer;
  /** Where each text ends. */
  ends: Uint32Array;
}

export function textAt({ bytes, ends }: TextList, index: number): string {
  const from = index === 0 ? 0 : (ends[index - 1] ?? 0);
  return bytes.toString('utf8', from, ends[index] ?? from);
}

export function textList(texts: Iterable<string>): TextList {
  const parts: Buffer[] = [];
  const ends: number[] = [];
  let end = 0;
  for (const text of texts) {
    const part = Buffer.from(text);
    parts.push(part);
    end += part.length;
    ends.push(end);
  }
  return { bytes: Buffer.concat(parts), ends: Uint32Array.from(ends) };
}

const MAGIC = 'gatewatch-ip-table-1';
const HEADER_BYTES = 1_024;

interface Header {
  magic: string;
  origin: string;
  builtAt: number;
  crc32: number;
  /** Bytes of each section, in order. */
  sections: number[];
}

function bytesOf(array: Uint32Array): Buffer {
  return Buffer.from(array.buffer, array.byteOffset, array.byteLength);
}

function padded(bytes: Buffer): Buffer {
  const rest = bytes.length % 4;
  return rest === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(4 - rest)]);
}

export function writeTable(path: string, { origin, builtAt, v4, v6, entries }: Table): void {
  const sections = [v4.starts, v4.values, v6.highs, v6.lows, v6.values, entries.ends].map(bytesOf);
  sections.push(padded(entries.bytes));
  const body = Buffer.concat(sections);
  const header: Header = {
    magic: MAGIC,
    origin,
    builtAt,
    crc32: crc32(body),
    sections: sections.map(({ length }) => length),
  };
  const head = Buffer.alloc(HEADER_BYTES, ' ');
  head.write(JSON.stringify(header));
  // Written aside and renamed, so that a half-written file is never found.
  const aside = `${path}.${process.pid.toString()}.tmp`;
  writeFileSync(aside, Buffer.concat([head, body]));
  renameSync(aside, path);
}

function parseHeader(file: Buffer): Header | undefined {
  try {
    return JSON.parse(file.toString('utf8', 0, HEADER_BYTES)) as Header;
  } catch {
    return undefined;
  }
}

export function readTable(path: string): Table {
  const file = readFileSync(path);
  const header = parseHeader(file);
  const body = file.subarray(HEADER_BYTES);
  if (header?.magic !== MAGIC || crc32(body) !== header.crc32) {
    throw new AppError(
      'E_GEO_DATA',
      `${path} is damaged or was made by another version. Run "npm run build" again.`,
    );
  }
  let at = 0;
  const sections = header.sections.map((length) => body.subarray(at, (at += length)));
  const words = (index: number) => {
    const section = sections[index] ?? Buffer.alloc(0);
    return new Uint32Array(section.buffer, section.byteOffset, section.length / 4);
  };
  return {
    origin: header.origin,
    builtAt: header.builtAt,
    v4: { starts: words(0), values: words(1) },
    v6: { highs: words(2), lows: words(3), values: words(4) },
    entries: { ends: words(5), bytes: sections[6] ?? Buffer.alloc(0) },
  };
}
