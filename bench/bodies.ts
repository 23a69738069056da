import { randomUUID } from 'node:crypto';
import { aLitellmRecord } from '../test/support/litellm-records.ts';

export const RECORD_SIZES = { '13 kB': 'full', '3.5 kB': 'slim' } as const;
export type RecordSize = keyof typeof RECORD_SIZES;

export interface BodyOptions {
  size: RecordSize;
  records: number;
  keys: number;
  perBody: number;
  /** End of the last call, epoch milliseconds; earlier ones lie up to a minute before. */
  endMs: number;
}

/** Deterministic pseudo-random numbers (mulberry32), so that every run sees the same traffic. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Key index with Zipf-like popularity: few keys make most calls, as in real fleets. */
function zipf(random: () => number, keys: number): number {
  return Math.min(keys - 1, Math.floor(keys ** random()) - 1);
}

export function keyHash(index: number): string {
  return index.toString(16).padStart(8, '0').repeat(8);
}

/** Bodies as LiteLLM sends them: JSON arrays of records, every id new. */
export function makeBodies({ size, records, keys, perBody, endMs }: BodyOptions): Buffer[] {
  const random = seeded(7);
  const bodies: Buffer[] = [];
  for (let at = 0; at < records; at += perBody) {
    const batch = Array.from({ length: Math.min(perBody, records - at) }, () => {
      const key = zipf(random, keys);
      const end = endMs / 1000 - random() * 60;
      return aLitellmRecord({
        size: RECORD_SIZES[size],
        callId: randomUUID(),
        keyHash: keyHash(key),
        keyAlias: `key-${key.toString()}`,
        team: `team-${(key % 50).toString()}`,
        user: `user-${(key % 2_000).toString()}`,
        ip: `81.2.${(key % 200).toString()}.${(1 + (key % 7)).toString()}`,
        endTime: end,
        startTime: end - 1.5,
        cost: random() * 0.01,
      });
    });
    bodies.push(Buffer.from(JSON.stringify(batch)));
  }
  return bodies;
}
