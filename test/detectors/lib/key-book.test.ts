import { describe, expect, it } from 'vitest';
import type { KeyId } from '../../../detectors/event.ts';
import { KeyBook } from '../../../detectors/lib/key-book.ts';
import { newProfile } from '../../../detectors/profile.ts';
import type { KeyFacts } from '../../../detectors/profile.ts';
import { anEvent } from '../../support/events.ts';

const keyOf = (at: number) => at.toString().padStart(64, '0') as KeyId;
const FACTS: KeyFacts = { leak: undefined, canary: undefined, revokedAt: 5, accepted: [], hostile: [] };

function aBook({ max = 100, maxReady = 2, withFacts = [] as number[] } = {}) {
  const told = new Set(withFacts.map(keyOf));
  const book = new KeyBook({ max, maxReady, factsOf: (keyId) => (told.has(keyId) ? FACTS : undefined) });
  const add = (at: number, calls = 1) => {
    const profile = newProfile(anEvent({ keyId: keyOf(at), ts: at }));
    profile.calls = calls;
    return book.add(profile);
  };
  return { book, add };
}

describe('keys that were not used for long', () => {
  it('are the same when they are used again', () => {
    const { book, add } = aBook();
    add(1);
    const before = book.get(keyOf(1));
    if (before === undefined) throw new Error('no key');
    before.party = undefined;
    before.spend.add(60_000, 0.5, false);
    for (const at of [2, 3, 4]) add(at);
    const after = book.get(keyOf(1));
    expect(after).not.toBe(before);
    expect(after).toEqual(before);
  });

  it('are those whose last use is longest ago', () => {
    const { book, add } = aBook();
    add(1);
    add(2);
    const [one, two] = [book.get(keyOf(1)), book.get(keyOf(2))];
    book.get(keyOf(1));
    add(3);
    expect(book.get(keyOf(1))).toBe(one);
    expect(book.get(keyOf(2))).not.toBe(two);
  });

  it('have the facts that were told of them meanwhile', () => {
    const { book, add } = aBook({ withFacts: [1] });
    for (const at of [1, 2, 3]) add(at);
    expect(book.peek(keyOf(1))?.facts).toBe(FACTS);
    expect(book.get(keyOf(1))?.facts).toBe(FACTS);
    expect(book.get(keyOf(2))?.facts).toBeUndefined();
  });

  it('are saved as they are, restored without being read, and forgotten like others', () => {
    const { book, add } = aBook({ withFacts: [2] });
    for (const at of [1, 2, 3, 4]) add(at);
    const other = aBook({ withFacts: [2] }).book;
    for (const at of [1, 2, 3, 4]) other.restore(keyOf(at), book.save(keyOf(at)) ?? '');
    expect(other.save(keyOf(1))).toBe(book.save(keyOf(1)));
    expect(other.forgetBefore(3)).toEqual([keyOf(1), keyOf(3)]);
    expect(book.forgetBefore(3)).toEqual([keyOf(1), keyOf(3)]);
    expect([1, 2, 3, 4].map((at) => other.has(keyOf(at)))).toEqual([false, true, false, true]);
  });

  it('make room by how much they were used, as if they were ready', () => {
    const { add } = aBook({ max: 4, maxReady: 1 });
    for (const at of [1, 2, 3, 4]) add(at, at === 3 ? 1 : 100);
    expect(add(5, 50)).toEqual([keyOf(3)]);
  });
});
