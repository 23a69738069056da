import { randomUUID } from 'node:crypto';
import { aLitellmRecord } from '../test/support/litellm-records.ts';
import { seededRandom } from '../test/support/seeded-random.ts';
import { pythonJson } from '../test/support/python-json.ts';

const RECORD_SIZES = { '13 kB': 'full', '3.5 kB': 'slim' } as const;
export type RecordSize = keyof typeof RECORD_SIZES;

export interface BodyOptions {
  size: RecordSize;
  records: number;
  keys: number;
  perBody: number;
  /** End of the last call, epoch milliseconds; earlier ones lie up to a minute before. */
  endMs: number;
  /** Each key in turn, instead of few keys often. */
  everyKey: boolean;
}

/** Key index with Zipf-like popularity: few keys make most calls, as in real fleets. */
function zipf(random: () => number, keys: number): number {
  return Math.min(keys - 1, Math.floor(keys ** random()) - 1);
}

function keyHash(index: number): string {
  return index.toString(16).padStart(8, '0').repeat(8);
}

/** Bodies as LiteLLM sends them: JSON arrays of records, every id new. */
export function makeBodies({ size, records, keys, perBody, endMs, everyKey }: BodyOptions): Buffer[] {
  const random = seededRandom(7);
  const bodies: Buffer[] = [];
  for (let at = 0; at < records; at += perBody) {
    const batch = Array.from({ length: Math.min(perBody, records - at) }, (_, index) => {
      const key = everyKey ? (at + index) % keys : zipf(random, keys);
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
    bodies.push(Buffer.from(pythonJson(batch)));
  }
  return bodies;
}
