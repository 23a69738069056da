/** A 64-bit hash of a text as two 32-bit halves, written to `out` so that the hot path allocates nothing. Two
 *  multiply-xor lanes with a final mix; the seed keeps senders from preparing ids that collide. */
export function hash64(text: string, seed: number, out: Int32Array): void {
  let low = 0xdeadbeef ^ seed;
  let high = 0x41c6ce57 ^ Math.imul(seed, 0x9e3779b1);
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    low = Math.imul(low ^ unit, 0x9e3779b1);
    high = Math.imul(high ^ unit, 0x5f356495);
  }
  low = Math.imul(low ^ (low >>> 16), 0x85ebca6b) ^ Math.imul(high ^ (high >>> 13), 0xc2b2ae35);
  high = Math.imul(high ^ (high >>> 16), 0x85ebca6b) ^ Math.imul(low ^ (low >>> 13), 0xc2b2ae35);
  out[0] = low;
  out[1] = high;
}

/** The same for every process and version: a key must not move to another partition. */
export function partitionOf(key: string, partitions: number, scratch: Int32Array): number {
  if (partitions === 1) return 0;
  hash64(key, 0, scratch);
  return ((scratch[0] ?? 0) >>> 0) % partitions;
}
