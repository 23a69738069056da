import type { Mark } from '../topics.ts';

/** So that it is known to be alive; far more often than a silence that counts. */
const AGAIN_MS = 10_000;
/** Minutes of event time are what others wait for. */
const STEP_MS = 60_000;

export interface Said {
  mark: Mark;
  /** Epoch milliseconds. */
  at: number;
}

/** Whether others have to know more of a partition than what was said of it last. */
export function isWorthSaying(mark: Mark, said: Said | undefined, now: number): boolean {
  if (said === undefined || now - said.at >= AGAIN_MS) return true;
  const last = said.mark;
  if (mark.isIdle !== last.isIdle || mark.openFrom !== last.openFrom) return true;
  return isWaiting(mark) !== isWaiting(last) || stepOf(mark) !== stepOf(last);
}

/** It is held up by partitions that are behind. */
export function isWaiting({ next, watermark }: Mark): boolean {
  return next > watermark;
}

function stepOf({ watermark, next }: Mark): number {
  return Math.floor(Math.max(watermark, next) / STEP_MS);
}
