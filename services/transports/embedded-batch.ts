import { crc32 } from 'node:zlib';
import { AppError } from '../errors.ts';
import type { InRecord, OutRecord } from './transport.ts';

/** A stored entry holds many records as one text, because the cost of a write, a checksum or a decoded string is one
 *  per entry. Little-endian:
 *
 *    0 u32 CRC-32 of all that follows │ 4 u16 format │ 6 u16 1 = text is ASCII │ 8 u32 count │ 12 u32 bytes of text
 *    16 f64 appendedAt │ 24 count × (u32 key length, u32 value length), in UTF-16 units │ text: keys, then values
 *
 *  The newline between texts keeps half a surrogate pair at the end of one from joining the half at the start of the
 *  next: a lone half is stored as U+FFFD, always. */
const FORMAT = 1;
const HEADER_BYTES = 24;
const CHECKED_FROM = 4;

/** Small enough to be decoded and handled without holding up the event loop. */
export const MAX_BATCH_RECORDS = 1000;
const MAX_BATCH_CHARS = 1 << 20;

/** How many records from `from` on fit into one entry; at least one, however long. */
export function batchLength(records: readonly OutRecord[], from: number): number {
  const limit = Math.min(records.length, from + MAX_BATCH_RECORDS);
  let chars = 0;
  for (let index = from; index < limit; index++) {
    const record = records[index];
    chars += record === undefined ? 0 : record.key.length + record.value.length;
    if (chars > MAX_BATCH_CHARS && index > from) return index - from;
  }
  return limit - from;
}

/** `allocate` gives memory that starts at a multiple of four. */
export function encodeBatch(
  records: readonly OutRecord[],
  appendedAt: number,
  allocate: (sizeBytes: number) => Buffer = (sizeBytes) => Buffer.allocUnsafeSlow(sizeBytes),
): Buffer {
  const count = records.length;
  const text = joined(records);
  const textBytes = Buffer.byteLength(text);
  const isAscii = textBytes === text.length;
  const textStart = HEADER_BYTES + count * 8;
  const buffer = allocate(textStart + textBytes);
  const lengths = new Uint32Array(buffer.buffer, buffer.byteOffset + HEADER_BYTES, count * 2);
  for (let index = 0; index < count; index++) {
    const record = records[index];
    lengths[index * 2] = record?.key.length ?? 0;
    lengths[index * 2 + 1] = record?.value.length ?? 0;
  }
  buffer.write(text, textStart, isAscii ? 'latin1' : 'utf8');
  buffer.writeUInt16LE(FORMAT, 4);
  buffer.writeUInt16LE(isAscii ? 1 : 0, 6);
  buffer.writeUInt32LE(count, 8);
  buffer.writeUInt32LE(textBytes, 12);
  buffer.writeDoubleLE(appendedAt, 16);
  buffer.writeUInt32LE(crc32(buffer.subarray(CHECKED_FROM)), 0);
  return buffer;
}

function joined(records: readonly OutRecord[]): string {
  const count = records.length;
  const texts = new Array<string>(count * 2);
  for (let index = 0; index < count; index++) {
    const record = records[index];
    texts[index] = record?.key ?? '';
    texts[count + index] = record?.value ?? '';
  }
  return texts.join('\n');
}

export interface BatchHeader {
  count: number;
  appendedAt: number;
}

/** Only the first bytes are looked at: `decodeBatch` is what proves them. */
export function readHeader(entry: Buffer): BatchHeader {
  return { count: entry.readUInt32LE(8), appendedAt: entry.readDoubleLE(16) };
}

/** `where` names the entry in the error. */
export function decodeBatch(entry: Buffer, baseOffset: number, where: Record<string, unknown>): InRecord[] {
  const { count, appendedAt, text } = checked(entry, where);
  const records = new Array<InRecord>(count);
  let keyAt = 0;
  for (let index = 0, at = HEADER_BYTES; index < count; index++, at += 8) {
    const keyEnd = keyAt + entry.readUInt32LE(at);
    records[index] = { offset: baseOffset + index, key: text.slice(keyAt, keyEnd), value: '', appendedAt };
    keyAt = keyEnd + 1;
  }
  let valueAt = keyAt;
  for (let index = 0, at = HEADER_BYTES + 4; index < count; index++, at += 8) {
    const valueEnd = valueAt + entry.readUInt32LE(at);
    const record = records[index];
    if (record !== undefined) record.value = text.slice(valueAt, valueEnd);
    valueAt = valueEnd + 1;
  }
  return records;
}

function checked(entry: Buffer, where: Record<string, unknown>): BatchHeader & { text: string } {
  const size = entry.length;
  if (size < HEADER_BYTES || entry.readUInt16LE(4) !== FORMAT) throw damaged('has an unknown format', where);
  const { count, appendedAt } = readHeader(entry);
  const textStart = HEADER_BYTES + count * 8;
  if (textStart + entry.readUInt32LE(12) !== size) throw damaged('is cut short', where);
  if (crc32(entry.subarray(CHECKED_FROM, size)) !== entry.readUInt32LE(0)) {
    throw damaged('does not match its checksum', where);
  }
  const text = entry.toString(entry.readUInt16LE(6) === 1 ? 'latin1' : 'utf8', textStart, size);
  return { count, appendedAt, text };
}

function damaged(what: string, where: Record<string, unknown>): AppError {
  return new AppError('E_TRANSPORT_CORRUPT', `An entry of the log of events ${what}. Check the disk.`, where);
}
