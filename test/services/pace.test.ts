import { describe, expect, it } from 'vitest';
import { Pace } from '../../services/pace.ts';

const LONG_AGO = AbortSignal.abort();

function spend(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

/** How often others got the event loop for themselves while 20 slices of work were done. */
async function turnsOfOthers(pace: Pace): Promise<number> {
  let turns = 0;
  const timer = setInterval(() => (turns += 1), 1);
  for (let slice = 0; slice < 20; slice += 1) {
    spend(2.5);
    if (pace.isOver()) await pace.rest();
  }
  clearInterval(timer);
  return turns;
}

describe('the pace of work that nobody waits for', () => {
  it('says when a slice is used up, and begins another after a rest', async () => {
    const pace = new Pace();
    spend(2.5);
    expect(pace.isOver()).toBe(true);
    await pace.rest();
    expect(pace.isOver()).toBe(false);
  });

  it('leaves others more turns than it takes', async () => {
    expect(await turnsOfOthers(new Pace())).toBeGreaterThan(40);
  });

  it('gives way without a rest once there is a hurry', async () => {
    const started = performance.now();
    expect(await turnsOfOthers(new Pace(LONG_AGO))).toBeGreaterThan(0);
    expect(performance.now() - started).toBeLessThan(20 * (2.5 + 8));
  });

  it('ends a rest when the hurry comes', async () => {
    const hurry = new AbortController();
    const pace = new Pace(hurry.signal);
    const rest = pace.rest();
    hurry.abort();
    await rest;
    const started = performance.now();
    await pace.rest();
    expect(performance.now() - started).toBeLessThan(8);
  });
});
