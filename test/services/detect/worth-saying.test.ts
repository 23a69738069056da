import { expect, it } from 'vitest';
import { isWorthSaying } from '../../../services/detect/worth-saying.ts';
import type { Mark } from '../../../services/topics.ts';

const MINUTE = 60_000;
const AT = 100 * MINUTE;
const last: Mark = {
  ...{ partition: 1, watermark: AT, next: AT, openFrom: AT - 2 * MINUTE, isIdle: false },
  news: { networks: [], probes: [] },
};

it.each([
  ['nothing', {}, false],
  ['less than a minute of event time', { watermark: AT + 5_000, next: AT + 5_000 }, false],
  ['another minute of event time', { watermark: AT + MINUTE, next: AT + MINUTE }, true],
  ['minutes that are closed', { openFrom: AT - MINUTE }, true],
  ['that nothing is left', { isIdle: true }, true],
  ['that it has to wait', { next: AT + 1 }, true],
])('what changed since it was last said: %s', (_, change, isWorth) => {
  expect(isWorthSaying({ ...last, ...change }, { mark: last, at: 1_000 }, 9_000)).toBe(isWorth);
});

it('is said all the same when nothing was said for long, or at all', () => {
  expect(isWorthSaying(last, { mark: last, at: 1_000 }, 11_000)).toBe(true);
  expect(isWorthSaying(last, undefined, 0)).toBe(true);
});
