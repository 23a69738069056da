import { promisify } from 'node:util';
import { gunzipSync, gzip } from 'node:zlib';
import { Decompress } from 'fzstd';
import kafkajs from 'kafkajs';
import { decompress as unpackLz4, decompressBound } from 'lz4js';
import { uncompress as unpackSnappy } from 'snappyjs';

/** What a batch may become; brokers take a megabyte in one unless they are told otherwise. */
const MAX_UNPACKED_BYTES = 256 * 2 ** 20;
/** How Java's library begins what it packs in blocks, followed by two versions of four bytes each. */
const SNAPPY_BLOCKS = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0]);
const SNAPPY_HEADER_BYTES = 16;

const pack = promisify(gzip);
/** Unpacked in one piece more often than not: many small ones would be put together again. */
const USUAL_RATIO = 8;
const MIN_CHUNK_BYTES = 1 << 14;

/** Lets the client read what gateways pack with snappy, lz4 or zstd. Gzip, which we write, it knows by itself, but as a
 *  stream in another thread: for batches of some 100 kB the way there and back costs as much as unpacking. */
export function registerCodecs(): void {
  const { CompressionCodecs, CompressionTypes } = kafkajs;
  CompressionCodecs[CompressionTypes.GZIP] = () => ({
    compress: ({ buffer }: { buffer: Buffer }) => pack(buffer),
    decompress: async (packed: Buffer) => Promise.resolve(gunzip(packed)),
  });
  CompressionCodecs[CompressionTypes.Snappy] = reading(snappy);
  CompressionCodecs[CompressionTypes.LZ4] = reading(lz4);
  CompressionCodecs[CompressionTypes.ZSTD] = reading(zstd);
}

function reading(unpack: (packed: Buffer) => Uint8Array) {
  return () => ({
    compress: () => Promise.reject(new Error('Only read, never written.')),
    decompress: async (packed: Buffer) => Buffer.from(await Promise.resolve(unpack(packed))),
  });
}

function gunzip(packed: Buffer): Buffer {
  const chunkSize = Math.max(MIN_CHUNK_BYTES, USUAL_RATIO * packed.length);
  return gunzipSync(packed, { chunkSize, maxOutputLength: MAX_UNPACKED_BYTES });
}

function lz4(packed: Buffer): Uint8Array {
  const size = decompressBound(packed);
  if (!(size > 0 && size <= MAX_UNPACKED_BYTES)) throw tooLarge();
  return unpackLz4(packed, size);
}

function zstd(packed: Buffer): Uint8Array {
  const pieces: Uint8Array[] = [];
  let size = 0;
  const unpacking = new Decompress((piece) => {
    size += piece.length;
    if (size > MAX_UNPACKED_BYTES) throw tooLarge();
    pieces.push(piece);
  });
  unpacking.push(packed, true);
  return Buffer.concat(pieces);
}

function tooLarge(): RangeError {
  return new RangeError('The batch is damaged, or too large when it is unpacked.');
}

function snappy(packed: Buffer): Uint8Array {
  if (!packed.subarray(0, SNAPPY_BLOCKS.length).equals(SNAPPY_BLOCKS))
    return unpackSnappy(packed, MAX_UNPACKED_BYTES);
  const blocks: Uint8Array[] = [];
  for (let at = SNAPPY_HEADER_BYTES; at < packed.length;) {
    const size = packed.readUInt32BE(at);
    blocks.push(unpackSnappy(packed.subarray(at + 4, at + 4 + size), MAX_UNPACKED_BYTES));
    at += 4 + size;
  }
  return Buffer.concat(blocks);
}
