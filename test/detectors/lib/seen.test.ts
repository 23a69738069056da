import { expect, it } from 'vitest';
import { noteSeen } from '../../../detectors/lib/seen.ts';
import type { Seen } from '../../../detectors/lib/seen.ts';

it('counts what it knows, adds what is new, and drops what was not seen for longest', () => {
  const list: Seen[] = [];
  expect(noteSeen(list, 'a', 1, 2)).toBe(true);
  expect(noteSeen(list, 'b', 2, 2)).toBe(true);
  expect(noteSeen(list, 'a', 3, 2)).toBe(false);
  expect(noteSeen(list, 'c', 4, 2)).toBe(true);
  expect(list).toEqual([
    { name: 'a', firstAt: 1, lastAt: 3, calls: 2 },
    { name: 'c', firstAt: 4, lastAt: 4, calls: 1 },
  ]);
});

it('moves no time backwards', () => {
  const list: Seen[] = [];
  noteSeen(list, 'a', 5, 2);
  noteSeen(list, 'a', 3, 2);
  expect(list[0]?.lastAt).toBe(5);
});
