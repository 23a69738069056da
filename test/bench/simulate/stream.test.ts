import { describe, expect, it } from 'vitest';
import { createFleet, START } from '../../../bench/simulate/fleet.ts';
import type { FleetOptions } from '../../../bench/simulate/fleet.ts';
import { streamFleet } from '../../../bench/simulate/stream.ts';
import type { Streamed } from '../../../bench/simulate/stream.ts';
import { DAY } from '../../support/key-life.ts';
import { smallInternet } from '../../support/small-internet.ts';

const { book } = smallInternet();

function play(changes: Partial<FleetOptions> = {}) {
  const fleet = createFleet({ seed: 7, keys: 60, days: 35, book, poisons: false, ...changes });
  return { fleet, calls: [...streamFleet(fleet)] };
}

const line = ({ key, call, attack }: Streamed) =>
  [call.ts, key.alias, call.ip, call.client, call.model.name, call.usd, call.outcome, attack?.label.id].join(
    ' ',
  );

const { fleet, calls } = play();

describe('a simulated fleet', () => {
  it('is the same for the same seed, and another one for another seed', () => {
    const again = play().calls.map(line);
    expect(again).toEqual(calls.map(line));
    expect(play({ seed: 8 }).calls.slice(0, 50).map(line)).not.toEqual(again.slice(0, 50));
  });

  it('calls in the order of time, within its days', () => {
    const times = calls.map(({ call }) => call.ts);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(times[0]).toBeGreaterThanOrEqual(START);
    expect(times.at(-1)).toBeLessThan(START + 35 * DAY);
  });

  it('attacks only within what its labels say, and only the keys they name', () => {
    const wrong = calls.filter(({ key, call, attack }) => {
      if (attack === undefined) return false;
      const { fromAt, endAt, keys } = attack.label;
      return call.ts < fromAt || call.ts > endAt || !keys.includes(key);
    });
    expect(wrong.map(line)).toEqual([]);
  });

  it('attacks a key at most once, and not in its first two weeks', () => {
    const victims = fleet.attacks.flatMap(({ label }) => label.keys);
    expect(new Set(victims).size).toBe(victims.length);
    expect(Math.min(...fleet.attacks.map(({ label }) => label.fromAt))).toBeGreaterThanOrEqual(
      START + 13.5 * DAY,
    );
  });

  it('leaves a dormant key alone for a week before it is used again', () => {
    const dormant = fleet.attacks.filter(({ label }) => label.scenario === 'dormant key');
    expect(dormant.length).toBeGreaterThan(0);
    for (const { label } of dormant) {
      const own = calls.filter(({ key, attack }) => key === label.keys[0] && attack === undefined);
      expect(own.at(-1)?.call.ts ?? 0).toBeLessThan(label.startAt - 7 * DAY);
    }
  });

  it('lets every thief warm up for ten days when it is to be poisoned, and changes nothing else of the theft', () => {
    const poisoned = play({ poisons: true });
    const attack = fleet.attacks.find(({ label }) => label.scenario === 'line abroad');
    const ofTheft = (all: Streamed[], from: number) =>
      all.filter((one) => one.attack?.label.id === attack?.label.id && one.call.ts >= from).map(line);
    const startAt = attack?.label.startAt ?? 0;
    expect(ofTheft(poisoned.calls, startAt)).toEqual(ofTheft(calls, startAt));
    expect(ofTheft(poisoned.calls, 0).length).toBeGreaterThanOrEqual(ofTheft(calls, 0).length + 10);
  });
});
