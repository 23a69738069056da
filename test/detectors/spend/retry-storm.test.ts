import { describe, expect, it } from 'vitest';
import type { Event } from '../../../detectors/event.ts';
import { retryStormLines } from '../../../detectors/spend/retry-storm.ts';
import { DAY, HOUR, KeyLife, START } from '../../support/key-life.ts';

const MINUTE = 60_000;
const now = START + 14 * DAY + 10 * HOUR;

const failing = (call: number): Partial<Event> =>
  call % 5 === 0 ? {} : { status: 'failure', outcome: 'upstream_error' };

function callsIn(perHour: number, changes: (call: number) => Partial<Event> = () => ({})): string[] {
  const life = new KeyLife();
  life.work(0, 14, { costUsd: 0.001 });
  for (let call = 0; call < perHour; call += 1)
    life.call(now + (call * 59 * MINUTE) / perHour, { costUsd: 0, totalTokens: 0, ...changes(call) });
  return life.signals.filter(({ kind }) => kind === 'spend').map(({ detector }) => detector);
}

describe('a key of three calls an hour', () => {
  it.each([
    { calls: 55, isTold: false },
    { calls: 80, isTold: true },
  ])('that makes $calls is told of: $isTold', ({ calls, isTold }) => {
    expect(callsIn(calls).includes('retry-storm')).toBe(isTold);
  });

  it.each([
    { calls: 35, isTold: false },
    { calls: 45, isTold: true },
  ])('that makes $calls, most of which fail, is told of: $isTold', ({ calls, isTold }) => {
    expect(callsIn(calls, failing).includes('retry-storm')).toBe(isTold);
  });
});

describe('a busy key', () => {
  it.each([
    { story: 'a launch', volume: { all: 400, part: 4, usual: 100, peak: 150 }, lines: 0 },
    {
      story: 'an outage, each call tried three times',
      volume: { all: 300, part: 300, usual: 100, peak: 150 },
      lines: 0,
    },
    { story: 'a loop that fails', volume: { all: 500, part: 300, usual: 100, peak: 150 }, lines: 1 },
    { story: 'a loop that succeeds', volume: { all: 2_100, part: 0, usual: 100, peak: 150 }, lines: 1 },
    { story: 'the first hour of all', volume: { all: 2_100, part: 0, usual: 0, peak: 0 }, lines: 0 },
  ])('$story: $lines line(s)', ({ volume, lines }) => {
    expect(retryStormLines(volume)).toHaveLength(lines);
  });
});

it('a new key may call as often as it likes', () => {
  const life = new KeyLife();
  for (let call = 0; call < 300; call += 1) life.call(START + call * 10_000, { costUsd: 0 });
  expect(life.signals).toEqual([]);
});
