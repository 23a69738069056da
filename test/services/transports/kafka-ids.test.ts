import { describe, expect, it } from 'vitest';
import { IdMemory } from '../../../services/transports/kafka-ids.ts';

const DAY_MS = 86_400_000;
const START = Date.UTC(2026, 0, 5);

function memory(maxIds = 1_000_000) {
  let at = START;
  const ids = new IdMemory({ windowMs: 7 * DAY_MS, maxIds, now: () => at });
  return { ids, pass: (ms: number) => (at += ms) };
}

describe('the memory of ids', () => {
  it.each([
    { afterMs: 7 * DAY_MS - 1, isNew: false },
    { afterMs: 8 * DAY_MS, isNew: true },
  ])('after $afterMs ms says that an id is new: $isNew', ({ afterMs, isNew }) => {
    const { ids, pass } = memory();
    expect(ids.claim('events', 'a')).toBe(true);
    ids.keep();
    pass(afterMs);
    expect(ids.claim('events', 'a')).toBe(isNew);
  });

  it('takes back what was claimed for a request that failed, and nothing before it', () => {
    const { ids } = memory();
    ids.claim('events', 'a');
    ids.keep();
    ids.claim('events', 'b');
    ids.undo();
    expect(ids.claim('events', 'a')).toBe(false);
    expect(ids.claim('events', 'b')).toBe(true);
  });

  it('forgets the oldest first when there are too many', () => {
    const { ids } = memory(800);
    for (let index = 0; index < 2_000; index += 1) {
      ids.claim('events', `id-${index.toString()}`);
      ids.keep();
    }
    expect(ids.claim('events', 'id-1999')).toBe(false);
    expect(ids.claim('events', 'id-1500')).toBe(false);
    expect(ids.claim('events', 'id-0')).toBe(true);
  });

  it('keeps the ids of topics apart', () => {
    const { ids } = memory();
    ids.remember('events', 'a');
    expect(ids.claim('rejected', 'a')).toBe(true);
    expect(ids.claim('events', 'a')).toBe(false);
  });
});
