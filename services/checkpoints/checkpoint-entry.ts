import { crc32 } from 'node:zlib';

const HEADER_BYTES = 8;

/** u32 CRC-32 of what follows │ u32 length of the name │ name │ text, little-endian, UTF-8. */
export function encodeEntry(name: string, text: string): Buffer {
  const nameBytes = Buffer.byteLength(name);
  const entry = Buffer.allocUnsafe(HEADER_BYTES + nameBytes + Buffer.byteLength(text));
  entry.writeUInt32LE(nameBytes, 4);
  entry.write(name, HEADER_BYTES);
  entry.write(text, HEADER_BYTES + nameBytes);
  entry.writeUInt32LE(crc32(entry.subarray(4)), 0);
  return entry;
}

/** Undefined when it is not what was written. */
export function decodeEntry(entry: Buffer): [name: string, text: string] | undefined {
  if (entry.length < HEADER_BYTES || crc32(entry.subarray(4)) !== entry.readUInt32LE(0)) return undefined;
  const nameEnd = HEADER_BYTES + entry.readUInt32LE(4);
  return [entry.toString('utf8', HEADER_BYTES, nameEnd), entry.toString('utf8', nameEnd)];
}
