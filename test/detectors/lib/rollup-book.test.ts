import { describe, expect, it } from 'vitest';
import type { KeyId } from '../../../detectors/event.ts';
import { RollupBook } from '../../../detectors/lib/rollup-book.ts';
import { anEvent } from '../../support/events.ts';

const MINUTE = 60_000;
const t0 = Date.UTC(2026, 8, 1, 12, 0);

function filled(): RollupBook {
  const book = new RollupBook(3);
  book.add(anEvent({ ts: t0 + 1_000, costUsd: 1, totalTokens: 10 }));
  book.add(
    anEvent({
      ts: t0 + 59_999,
      costUsd: 2,
      totalTokens: 20,
      keyId: '2b'.repeat(32) as KeyId,
      keyAlias: 'other',
    }),
  );
  book.add(anEvent({ ts: t0 + 60_000, costUsd: 4, totalTokens: 40 }));
  return book;
}

describe('minutes of a team', () => {
  it.each([
    { story: 'just before it is closed', at: t0 + 3 * MINUTE - 1, closed: 0 },
    { story: 'when it is closed', at: t0 + 3 * MINUTE, closed: 1 },
    { story: 'when both are closed', at: t0 + 4 * MINUTE, closed: 2 },
  ])('are given out $story: $closed', ({ at, closed }) => {
    const book = filled();
    book.moveTo(at);
    expect(book.drain()).toHaveLength(closed);
  });

  it('name calls, tokens, money and the keys, largest first', () => {
    const book = filled();
    book.moveTo(t0 + 3 * MINUTE);
    expect(book.drain()).toEqual([
      {
        team: 'team-search',
        minute: t0,
        partition: 3,
        calls: 2,
        totalTokens: 30,
        costUsd: 3,
        keys: [
          { keyId: '2b'.repeat(32), keyAlias: 'other', costUsd: 2 },
          { keyId: '1f'.repeat(32), keyAlias: 'search-prod', costUsd: 1 },
        ],
      },
    ]);
  });

  it('are each given once, and a call that comes later is booked on the oldest open one', () => {
    const book = filled();
    book.moveTo(t0 + 3 * MINUTE);
    book.drain();
    book.add(anEvent({ ts: t0 + 2_000, costUsd: 8 }));
    book.moveTo(t0 + 10 * MINUTE);
    const rest = book.drain();
    expect(rest.map(({ minute, costUsd }) => [minute, costUsd])).toEqual([[t0 + MINUTE, 12]]);
    expect(book.drain()).toEqual([]);
  });

  it('are not lost by a restart', () => {
    const other = new RollupBook(3);
    other.restore(filled().save());
    other.moveTo(t0 + 9 * MINUTE);
    expect(other.drain()).toHaveLength(2);
  });

  it('belong to teams only', () => {
    const book = new RollupBook(0);
    book.add(anEvent({ ts: t0, team: '' }));
    book.moveTo(t0 + 9 * MINUTE);
    expect(book.drain()).toEqual([]);
  });
});
