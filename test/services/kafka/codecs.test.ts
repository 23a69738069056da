import { gunzipSync, gzipSync } from 'node:zlib';
import kafkajs from 'kafkajs';
import { describe, expect, it } from 'vitest';
import { registerCodecs } from '../../../services/kafka/codecs.ts';

interface Codec {
  compress(encoder: { buffer: Buffer }): Promise<Buffer>;
  decompress(packed: Buffer): Promise<Buffer>;
}

registerCodecs();
const gzip = (kafkajs.CompressionCodecs[kafkajs.CompressionTypes.GZIP] as () => Codec)();

describe('gzip of the Kafka client', () => {
  it.each([0, 10, 100_000, 5_000_000])('packs and unpacks %i bytes', async (bytes) => {
    const buffer = Buffer.alloc(bytes, 'a batch of records ');
    const packed = await gzip.compress({ buffer });
    expect(gunzipSync(packed).equals(buffer)).toBe(true);
    expect((await gzip.decompress(packed)).equals(buffer)).toBe(true);
  });

  it('refuses what would not fit into memory, and what is damaged', async () => {
    const bomb = gzipSync(Buffer.alloc(257 * 2 ** 20));
    await expect(gzip.decompress(bomb)).rejects.toThrow(RangeError);
    await expect(gzip.decompress(bomb.subarray(0, 1_000))).rejects.toThrow('unexpected end of file');
  });
});
