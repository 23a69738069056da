import { describe, expect, it } from 'vitest';
import { Peers } from '../../../services/detect/peers.ts';
import type { Mark } from '../../../services/topics.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const NOW = Date.UTC(2026, 8, 1, 12, 0);
/** Long ago. */
const THEN = NOW - 1_000 * HOUR;

function aMark(partition: number, changes: Partial<Mark> = {}): Mark {
  const watermark = changes.watermark ?? THEN;
  const news = { networks: [], probes: [] };
  return {
    partition,
    watermark,
    next: watermark,
    openFrom: watermark - 3 * MINUTE,
    isIdle: false,
    news,
    ...changes,
  };
}

class Clock {
  ms = NOW;
  readonly peers: Peers;

  constructor(partitions = 3) {
    this.peers = new Peers({ partition: 0, partitions, now: () => this.ms });
  }

  goesTo(ts: number): boolean {
    return this.peers.horizon(NOW - MINUTE)(ts);
  }

  hear(...marks: Mark[]): void {
    for (const mark of marks) this.peers.note(mark);
  }
}

describe('a partition with old events', () => {
  it('goes at most twelve hours ahead of the slowest one', () => {
    const clock = new Clock();
    clock.hear(aMark(1), aMark(2, { watermark: THEN + HOUR }));
    expect([0, 1].map((ms) => clock.goesTo(THEN + 12 * HOUR + ms))).toEqual([true, false]);
  });

  it('passes a night in which nobody has events', () => {
    const clock = new Clock();
    clock.hear(aMark(1, { next: THEN + 9 * HOUR }), aMark(2, { next: THEN + 8 * HOUR }));
    expect([0, 1].map((ms) => clock.goesTo(THEN + 20 * HOUR + ms))).toEqual([true, false]);
  });

  it('does not wait for one that has nothing left', () => {
    const clock = new Clock();
    clock.hear(aMark(1, { isIdle: true }), aMark(2, { watermark: THEN + HOUR }));
    expect([0, 1].map((ms) => clock.goesTo(THEN + 13 * HOUR + ms))).toEqual([true, false]);
  });

  it('does not believe that others have nothing left, if they said so before its own events began to come', () => {
    const clock = new Clock();
    clock.hear(aMark(1, { isIdle: true }), aMark(2, { watermark: NOW - HOUR }));
    const isDue = (busySince: number) => clock.peers.horizon(busySince)(THEN + 24 * HOUR);
    expect([isDue(NOW), isDue(NOW - 300), isDue(NOW - 301)]).toEqual([false, false, true]);
  });

  it('waits for one that it has not heard of, and then goes on without it', () => {
    const clock = new Clock();
    clock.hear(aMark(1));
    expect(clock.goesTo(THEN)).toBe(false);
    clock.ms += 121_000;
    clock.hear(aMark(1));
    expect([0, 1].map((ms) => clock.goesTo(THEN + 12 * HOUR + ms))).toEqual([true, false]);
    clock.ms += 121_000;
    expect(clock.goesTo(NOW - HOUR)).toBe(true);
  });
});

describe('a partition that is held up', () => {
  it('is known to the others until it goes on, or is silent', () => {
    const clock = new Clock();
    clock.hear(aMark(1), aMark(2, { isIdle: true }));
    expect(clock.peers.areWaiting()).toBe(false);
    clock.hear(aMark(1, { next: THEN + 13 * HOUR }));
    expect(clock.peers.areWaiting()).toBe(true);
    clock.hear(aMark(1, { watermark: THEN + 13 * HOUR }));
    expect(clock.peers.areWaiting()).toBe(false);
    clock.hear(aMark(1, { next: THEN + 26 * HOUR }));
    clock.ms += 121_000;
    expect(clock.peers.areWaiting()).toBe(false);
  });
});

describe('a partition with live events', () => {
  it('waits for nobody', () => {
    const clock = new Clock();
    expect([clock.goesTo(NOW - 10 * MINUTE), clock.goesTo(NOW - 10 * MINUTE - 1)]).toEqual([true, false]);
    expect(new Clock(1).goesTo(THEN)).toBe(true);
  });
});

describe('minutes of teams', () => {
  it('are over when all partitions have given them out, our own too', () => {
    const clock = new Clock();
    const at = THEN - 3 * MINUTE;
    clock.hear(aMark(1), aMark(2, { watermark: THEN + HOUR }));
    expect(clock.peers.closedBefore()).toBe(0);
    clock.hear(aMark(0, { watermark: THEN + HOUR }));
    expect(clock.peers.closedBefore()).toBe(at);
    clock.hear(aMark(1, { watermark: THEN + HOUR }));
    expect(clock.peers.closedBefore()).toBe(at + HOUR);
  });

  it('are over without one that is more than a day behind', () => {
    const clock = new Clock();
    const near = THEN + 30 * HOUR;
    clock.hear(aMark(0, { watermark: near }), aMark(1, { watermark: near - HOUR }), aMark(2));
    expect(clock.peers.closedBefore()).toBe(near - HOUR - 3 * MINUTE);
  });

  it('are over at once where there is one partition', () => {
    expect(new Clock(1).peers.closedBefore()).toBe(Infinity);
  });
});

describe('waiting for a change', () => {
  it('ends when another one speaks, and when the partition goes', async () => {
    const clock = new Clock();
    const going = new AbortController();
    const first = clock.peers.change(going.signal);
    clock.hear(aMark(1));
    await first;
    const second = clock.peers.change(going.signal);
    going.abort();
    await second;
    await clock.peers.change(going.signal);
  });
});
