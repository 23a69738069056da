import { describe, expect, it } from 'vitest';
import { createFleet, START } from '../../../bench/simulate/fleet.ts';
import { Scoreboard } from '../../../bench/simulate/scoreboard.ts';
import type { Alert } from '../../../bench/simulate/scoreboard.ts';
import { measure, Results } from '../../../bench/simulate/tally.ts';
import { DAY, HOUR } from '../../support/key-life.ts';
import { smallInternet } from '../../support/small-internet.ts';

const { book } = smallInternet();
const fleet = createFleet({ seed: 7, keys: 60, days: 35, book, poisons: false });
const attack = fleet.attacks.find(({ label }) => label.scenario === 'line abroad');
if (attack === undefined) throw new Error('There is no such attack.');
const { label } = attack;
const [stolen] = label.keys;
const clean = fleet.keys.find((key) => fleet.attacks.every((one) => !one.label.keys.includes(key)));
const FIRST = label.startAt + 60_000;

const alert = (changes: Partial<Alert>): Alert => ({
  ...{ rule: 'identity', at: FIRST, keyId: stolen?.keyId, team: undefined },
  ...{ story: 'a', evidence: 'new-country 7', bits: 9, ...changes },
});

function boardAfter(...alerts: Alert[]): Scoreboard {
  const board = new Scoreboard(fleet, 14);
  board.attacked(label, FIRST, 3);
  for (const one of alerts) board.alerted(one);
  board.attacked(label, FIRST + HOUR, 7);
  return board;
}

const resultOf = (board: Scoreboard) =>
  new Results([{ seed: 7, board, calls: 0, breakerTrips: 0, seconds: 0 }], []);

describe('the scoreboard', () => {
  it('counts time and dollars from the first call of the theft to the first alert', () => {
    const board = boardAfter(alert({ at: FIRST + 30 * 60_000 }), alert({ at: FIRST + 50 * 60_000 }));
    const found = measure(resultOf(board).of('identity'), 'identity');
    expect(found).toMatchObject({ attacks: 1, found: 1, medianMinutes: 30, usdShareBefore: 0.3 });
    expect(board.falseAlarms).toEqual([]);
  });

  it('counts all dollars of what nobody found', () => {
    const found = measure(resultOf(boardAfter()).of('identity'), 'identity');
    expect(found).toMatchObject({ found: 0, medianMinutes: undefined, usdShareBefore: 1 });
  });

  it.each([
    { story: 'an hour after the end of the theft', changes: { at: label.endAt + HOUR }, found: 1, wrong: 0 },
    { story: 'later than that', changes: { at: label.endAt + HOUR + 1 }, found: 0, wrong: 0 },
    { story: 'before the theft', changes: { at: label.fromAt - 1 }, found: 0, wrong: 1 },
    { story: 'for a key that nobody stole', changes: { keyId: clean?.keyId }, found: 0, wrong: 1 },
    {
      story: 'for a key that nobody stole, in the first two weeks',
      changes: { keyId: clean?.keyId, at: START + 14 * DAY - 1 },
      ...{ found: 0, wrong: 0 },
    },
    {
      story: 'for a team of which a key is stolen',
      changes: { keyId: undefined, team: stolen?.team },
      ...{ found: 0, wrong: 0 },
    },
  ])('takes an alert $story for $found found and $wrong false', ({ changes, found, wrong }) => {
    const board = boardAfter(alert(changes));
    expect(measure(resultOf(board).of('identity'), 'identity').found).toBe(found);
    expect(board.falseAlarms).toHaveLength(wrong);
  });

  it('counts a story that is told again as one false alarm', () => {
    const keyId = clean?.keyId;
    const board = boardAfter(
      alert({ keyId }),
      alert({ keyId, at: FIRST + HOUR }),
      alert({ keyId, story: 'b' }),
    );
    expect(board.falseAlarms).toHaveLength(2);
  });

  it('counts no day of a key after its theft began, and none of the first two weeks', () => {
    const days = new Scoreboard({ ...fleet, attacks: [] }, 14).cleanKeyDays;
    const withTheft = new Scoreboard({ ...fleet, attacks: [attack] }, 14).cleanKeyDays;
    expect(days).toBeLessThanOrEqual(60 * 21);
    expect(days - withTheft).toBeCloseTo((START + 35 * DAY - label.fromAt) / DAY);
  });
});
