import { beforeEach, describe, expect, it } from 'vitest';
import type { Desk } from '../../../../services/respond/desk/desk.ts';
import type { Effect, FailureCode } from '../../../../services/respond/desk/effects.ts';
import {
  SETTINGS,
  accept,
  actsOf,
  aDesk,
  fail,
  noticesOf,
  only,
  restarted,
  toldOf,
} from '../../../support/desk-lab.ts';
import {
  NOW,
  THREE_FAMILIES,
  aCertainFinding,
  aCommand,
  aFinding,
  aFreeze,
  aKeyId,
  anObservation,
  line,
} from '../../../support/findings.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const auditsOf = (effects: readonly Effect[]) =>
  effects.flatMap((effect) => (effect.type === 'audit' ? [effect.entry.action] : []));
const factsOf = (effects: readonly Effect[]) =>
  effects.flatMap((effect) => (effect.type === 'fact' ? [effect.fact] : []));

describe('a certain theft', () => {
  let desk: Desk;
  let effects: Effect[];

  beforeEach(() => {
    desk = aDesk();
    effects = desk.applyFinding(aCertainFinding(), NOW);
  });

  it('is audited before it is acted upon, and told with the outcome', () => {
    expect(effects.map(({ type }) => type).filter((type) => type !== 'row' && type !== 'count')).toEqual([
      'audit',
      'act',
    ]);
    expect(auditsOf(effects)).toEqual(['block-requested']);
    expect(only(desk)).toMatchObject({
      containment: 'requested',
      severity: 'critical',
      decision: { action: 'block', reason: 'certain-evidence' },
    });
  });

  it('is contained when the gateway took the block over, and detect is told', () => {
    const done = accept(desk, effects, NOW + 50);
    expect(toldOf(done)).toEqual(['contained']);
    expect(factsOf(done)).toEqual([
      {
        type: 'revoked',
        keyId: aKeyId(),
        at: NOW + 50,
        sentAt: NOW + 50,
        incidentId: only(desk).incidentId,
        by: 'policy',
      },
    ]);
    expect(only(desk).containment).toBe('accepted');
  });

  it('is not acted upon again by more of the same', () => {
    accept(desk, effects, NOW);
    const more = desk.applyFinding(aCertainFinding({ ts: NOW + 1_000, events: 9 }), NOW + 1_000);
    expect(actsOf(more)).toEqual([]);
    expect(noticesOf(more)).toEqual([]);
    expect(only(desk).decision.action).toBe('block');
  });

  it('is verified by a denial', () => {
    accept(desk, effects, NOW);
    const seen = desk.applyCommand(anObservation('denied', NOW + 2_000), NOW + 2_100);
    expect(only(desk).containment).toBe('verified');
    expect(auditsOf(seen)).toEqual(['block-verified']);
    expect(noticesOf(seen)).toEqual([]);
  });

  it('is verified by a denial between the call at the gateway and its read-back', () => {
    const actionId = actsOf(effects)[0]?.actionId ?? '';
    desk.actionResult({ actionId, state: 'sent', at: NOW, latencyMs: 40 }, NOW);
    const accepted = {
      actionId,
      state: 'accepted',
      at: NOW + 80,
      effectDeadlineMs: 90_000,
      note: '',
    } as const;
    desk.actionResult(accepted, NOW + 80);
    desk.applyCommand(anObservation('denied', NOW + 30), NOW + 2_000);
    expect(only(desk).containment).toBe('verified');
  });

  it.each([
    { afterMs: 89_999, containment: 'accepted' },
    { afterMs: 90_000, containment: 'verified' },
  ])('is $containment after $afterMs ms without a success', ({ afterMs, containment }) => {
    accept(desk, effects, NOW);
    desk.tick(NOW + afterMs);
    expect(only(desk).containment).toBe(containment);
  });

  it('waits longer for its proof when a cache lets calls through for a while', () => {
    accept(desk, effects, NOW);
    const stray = desk.applyCommand(anObservation('success', NOW + 50_000), NOW + 51_000);
    expect(noticesOf(stray)).toEqual([]);
    desk.tick(NOW + 100_000);
    expect(only(desk).containment).toBe('accepted');
    desk.tick(NOW + 140_000);
    expect(only(desk).containment).toBe('verified');
  });

  it('is not verified by a denial that is older than the last success', () => {
    accept(desk, effects, NOW);
    desk.applyCommand(anObservation('success', NOW + 50_000), NOW + 51_000);
    desk.applyCommand(anObservation('denied', NOW + 40_000), NOW + 52_000);
    expect(only(desk).containment).toBe('accepted');
  });

  it('takes no call that began before the block for a failure of it', () => {
    accept(desk, effects, NOW);
    desk.tick(NOW + 90_000);
    desk.applyCommand(anObservation('success', NOW - 1), NOW + 95_000);
    expect(only(desk).containment).toBe('verified');
  });

  it.each([
    {
      story: 'after the proof',
      before: (one: Desk) => one.applyCommand(anObservation('denied', NOW + 1_000), NOW + 1_000),
      at: NOW + 5_000,
    },
    { story: 'after the time that the gateway has', before: () => undefined, at: NOW + 90_001 },
  ])('is critical and open again when a call succeeds $story', ({ before, at }) => {
    accept(desk, effects, NOW);
    desk.applyCommand(aCommand(only(desk).incidentId, 'resolve', { verdict: 'attack' }), NOW);
    before(desk);
    const seen = desk.applyCommand(anObservation('success', at), at + 10);
    expect(toldOf(seen)).toEqual(['failed']);
    expect(noticesOf(seen)[0]?.whatWasDone).toContain('Block ineffective');
    expect(only(desk)).toMatchObject({ status: 'open', severity: 'critical', containment: 'failed' });
    expect(noticesOf(desk.applyCommand(anObservation('success', at + 1_000), at + 1_010))).toEqual([]);
  });

  it('is verified late when an ineffective block takes effect after all', () => {
    accept(desk, effects, NOW);
    desk.applyCommand(anObservation('success', NOW + 100_000), NOW + 100_010);
    desk.tick(NOW + 190_000);
    expect(only(desk).containment).toBe('verified');
  });

  it('is blocked again, for good, when a person asks for it after an ineffective block', () => {
    accept(desk, effects, NOW);
    desk.applyCommand(anObservation('success', NOW + 100_000), NOW + 100_010);
    const again = desk.applyCommand(
      aCommand(only(desk).incidentId, 'block', { at: NOW + 110_000 }),
      NOW + 110_000,
    );
    expect(actsOf(again)).toMatchObject([
      { kind: 'block', isRepeat: true, isAutomatic: false, actor: 'dana' },
    ]);
    expect(actsOf(again)[0]?.actionId).not.toBe(actsOf(effects)[0]?.actionId);
  });

  it.each<{ state: 'failed' | 'refused'; code: FailureCode; containment: string }>([
    { state: 'failed', code: 'gateway-denied', containment: 'failed' },
    { state: 'refused', code: 'log-integrity', containment: 'none' },
  ])('waits for a person when the action is $state ($code)', ({ state, code, containment }) => {
    const done = fail(desk, effects, { state, code, at: NOW });
    expect(toldOf(done)).toEqual(['failed']);
    expect(only(desk)).toMatchObject({ containment, decision: { action: 'ask', reason: code } });
    const more = desk.applyFinding(aCertainFinding({ ts: NOW + 1_000, events: 9 }), NOW + 1_000);
    expect(actsOf(more)).toEqual([]);
    expect(actsOf(desk.applyCommand(aCommand(only(desk).incidentId, 'approve'), NOW))).toHaveLength(1);
  });

  it('ignores a result that comes twice', () => {
    accept(desk, effects, NOW);
    const before = only(desk);
    accept(desk, effects, NOW + 1);
    expect(only(desk)).toEqual(before);
  });
});

describe('a restore', () => {
  const restored = () => {
    const desk = aDesk();
    const effects = desk.applyFinding(aCertainFinding(), NOW);
    accept(desk, effects, NOW);
    const plan = desk.applyCommand(aCommand(only(desk).incidentId, 'restore'), NOW);
    return { desk, done: accept(desk, plan, NOW + 100) };
  };

  it('is told, and opens a time of grace', () => {
    const { desk, done } = restored();
    expect(toldOf(done)).toEqual(['restored']);
    expect(factsOf(done)).toMatchObject([{ type: 'restored', graceUntil: NOW + 100 + DAY }]);
    expect(only(desk).containment).toBe('restored');
  });

  it.each([
    { story: 'the same evidence during the grace', finding: { ts: NOW + HOUR }, now: NOW + HOUR, acts: 0 },
    {
      story: 'the same evidence after the grace',
      finding: { ts: NOW + 25 * HOUR },
      now: NOW + 25 * HOUR,
      acts: 1,
    },
    {
      story: 'new evidence during the grace',
      finding: {
        ts: NOW + HOUR,
        dedupKey: 'another leak',
        findingId: 'fnd_other',
        indicators: ['ip:198.51.100.9'],
      },
      now: NOW + HOUR,
      acts: 1,
    },
    {
      story: 'another report in which nothing new turns up',
      finding: {
        ts: NOW + HOUR,
        dedupKey: 'another leak',
        findingId: 'fnd_other',
        indicators: [`ip:192.0.2.${NOW % 250}`],
      },
      now: NOW + HOUR,
      acts: 0,
    },
  ])('leads to $acts block(s) on $story', ({ finding, now, acts }) => {
    const { desk } = restored();
    expect(actsOf(desk.applyFinding(aCertainFinding({ ...finding, events: 50 }), now))).toHaveLength(acts);
  });

  it('no longer watches the block', () => {
    const { desk } = restored();
    desk.applyCommand(anObservation('success', NOW + 10 * MINUTE), NOW + 10 * MINUTE);
    expect(only(desk).containment).toBe('restored');
  });

  it('calls off a block that is under way', () => {
    const desk = aDesk();
    const effects = desk.applyFinding(aCertainFinding(), NOW);
    const [block] = actsOf(effects);
    const plan = desk.applyCommand(aCommand(only(desk).incidentId, 'restore'), NOW);
    expect(actsOf(plan)).toMatchObject([{ kind: 'restore' }]);
    expect(desk.mustStop(block?.actionId ?? '')).toBe('cancelled');
    accept(desk, effects, NOW);
    expect(only(desk).containment).toBe('none');
  });
});

describe('commands', () => {
  it.each([
    { command: 'approve', says: 'Nothing waits' },
    { command: 'deny', says: 'Nothing waits' },
    { command: 'restore', says: 'not blocked by this incident' },
    { command: 'reopen', says: 'only a resolved one' },
  ] as const)('$command shows in the timeline when it cannot be done', ({ command, says }) => {
    const desk = aDesk();
    desk.applyFinding(aFinding(), NOW);
    const effects = desk.applyCommand(aCommand(only(desk).incidentId, command), NOW);
    expect(only(desk).timeline.at(-1)).toMatchObject({ change: 'command-refused', actor: 'dana' });
    expect(only(desk).timeline.at(-1)?.note).toContain(says);
    expect(auditsOf(effects)).toEqual([`${command}-refused`]);
  });

  it('audits one about an incident that is not there', () => {
    expect(auditsOf(aDesk().applyCommand(aCommand('inc_none', 'block'), NOW))).toEqual(['block-refused']);
  });

  it('does the same command once', () => {
    const desk = aDesk();
    desk.applyFinding(aFinding(), NOW);
    const block = aCommand(only(desk).incidentId, 'block');
    expect(actsOf(desk.applyCommand(block, NOW))).toHaveLength(1);
    expect(desk.applyCommand(block, NOW)).toEqual([]);
  });

  it('does not do what was asked long ago', () => {
    const desk = aDesk();
    desk.applyFinding(aFinding(), NOW);
    const late = aCommand(only(desk).incidentId, 'block', { at: NOW });
    expect(actsOf(desk.applyCommand(late, NOW + 15 * MINUTE + 1))).toEqual([]);
    expect(only(desk).timeline.at(-1)?.note).toContain('more than 15 minutes ago');
  });

  it('never blocks a foreign credential, whoever asks', () => {
    const desk = aDesk();
    desk.applyFinding(
      aFinding({ entity: { type: 'key', keyId: 'foreign:00' as ReturnType<typeof aKeyId> } }),
      NOW,
    );
    expect(actsOf(desk.applyCommand(aCommand(only(desk).incidentId, 'block'), NOW))).toEqual([]);
  });

  it('a resolve with a verdict is told to detect and to people', () => {
    const desk = aDesk();
    desk.applyFinding(aFinding({ indicators: ['ip:192.0.2.1', 'asn:64500'] }), NOW);
    const effects = desk.applyCommand(aCommand(only(desk).incidentId, 'resolve', { verdict: 'ours' }), NOW);
    expect(factsOf(effects)).toMatchObject([
      { type: 'verdict', verdict: 'ours', indicators: ['ip:192.0.2.1', 'asn:64500'] },
    ]);
    expect(toldOf(effects)).toEqual(['resolved']);
  });

  it('a denial lets the same evidence rest, and new evidence ask again', () => {
    const desk = aDesk({ mode: 'enforce', protectedKeys: ['search-prod'] });
    desk.applyFinding(aFinding({ lines: THREE_FAMILIES }), NOW);
    expect(only(desk).decision).toMatchObject({ action: 'ask', reason: 'protected' });
    desk.applyCommand(aCommand(only(desk).incidentId, 'deny'), NOW);
    desk.applyFinding(aFinding({ lines: THREE_FAMILIES, ts: NOW + 1, events: 2 }), NOW + 1);
    expect(only(desk).decision).toMatchObject({ action: 'notify', reason: 'forgiven' });
    desk.applyFinding(aCertainFinding({ ts: NOW + 2 }), NOW + 2);
    expect(only(desk).decision).toMatchObject({ action: 'ask', reason: 'protected' });
  });

  it('a person may block a protected key, and beyond the caps', () => {
    const desk = aDesk({ protectedKeys: [aKeyId()], caps: { ...SETTINGS.caps, per10min: 0 } });
    desk.applyFinding(aCertainFinding(), NOW);
    expect(actsOf(desk.applyCommand(aCommand(only(desk).incidentId, 'approve'), NOW))).toHaveLength(1);
  });
});

describe('after an incident is resolved', () => {
  const resolved = (verdict: 'ours' | 'attack') => {
    const desk = aDesk();
    desk.applyFinding(aFinding({ indicators: ['ip:192.0.2.1'] }), NOW);
    desk.applyCommand(aCommand(only(desk).incidentId, 'resolve', { verdict }), NOW + 1_000);
    return desk;
  };

  it.each([
    { story: 'a straggler of the same story', verdict: 'attack', finding: { ts: NOW + 500 }, incidents: 1 },
    { story: 'the same story going on', verdict: 'attack', finding: { ts: NOW + 2_000 }, incidents: 2 },
    {
      story: 'the same story going on, which is ours',
      verdict: 'ours',
      finding: { ts: NOW + 2_000 },
      incidents: 1,
    },
    {
      story: 'our story with an address that is new in it',
      verdict: 'ours',
      finding: { ts: NOW + 2_000, indicators: ['ip:198.51.100.9'] },
      incidents: 2,
    },
    {
      story: 'another story',
      verdict: 'ours',
      finding: { ts: NOW + 2_000, dedupKey: 'other', findingId: 'fnd_other' },
      incidents: 2,
    },
    { story: 'our story a quarter later', verdict: 'ours', finding: { ts: NOW + 91 * DAY }, incidents: 2 },
  ] as const)('$story leaves $incidents incident(s)', ({ verdict, finding, incidents }) => {
    const desk = resolved(verdict);
    desk.applyFinding(
      aFinding({ indicators: ['ip:192.0.2.1'], events: 5, ...finding }),
      Math.max(NOW + 1_000, finding.ts),
    );
    expect([...desk.incidents()]).toHaveLength(incidents);
  });

  it('cannot be reopened while another one is open for the key', () => {
    const desk = resolved('attack');
    const first = only(desk).incidentId;
    desk.applyFinding(aFinding({ ts: NOW + 2_000, events: 5 }), NOW + 2_000);
    desk.applyCommand(aCommand(first, 'reopen'), NOW + 3_000);
    expect([...desk.incidents()].filter(({ status }) => status === 'open')).toHaveLength(1);
  });
});

describe('messages', () => {
  it.each([
    { story: 'low severity', lines: [line('network', 7)], told: [] },
    { story: 'medium severity', lines: [line('network', 9)], told: ['opened'] },
  ])('$story: $told', ({ lines, told }) => {
    expect(toldOf(aDesk().applyFinding(aFinding({ lines }), NOW))).toEqual(told);
  });

  it('go out once for each step up', () => {
    const desk = aDesk();
    const told = [8, 8.5, 13, 14].flatMap((bits, index) =>
      toldOf(desk.applyFinding(aFinding({ ts: NOW + index, lines: [line('network', bits)] }), NOW + index)),
    );
    expect(told).toEqual(['opened', 'escalated']);
  });

  it('go out once for a kind that goes to and fro', () => {
    const desk = aDesk();
    const told = [13, 20, 30, 40].flatMap((bits, index) => {
      const story =
        index % 2 === 0
          ? ({ kind: 'geo', findingId: 'fnd_g' } as const)
          : ({ kind: 'spend', findingId: 'fnd_s' } as const);
      const finding = aFinding({
        ...story,
        ts: NOW + index,
        events: index + 1,
        lines: [line('spend', bits)],
      });
      return toldOf(desk.applyFinding(finding, NOW + index));
    });
    expect(told).toEqual(['opened', 'escalated', 'escalated']);
  });

  it.each([
    { story: 'recorded calls', finding: aCertainFinding({ isImport: true }), now: NOW },
    { story: 'calls of more than 15 minutes ago', finding: aCertainFinding(), now: NOW + 15 * MINUTE + 1 },
  ])('and actions never come from $story', ({ finding, now }) => {
    const desk = aDesk({ mode: 'enforce' });
    const effects = desk.applyFinding(finding, now);
    expect(effects.every(({ type }) => type === 'row' || type === 'count')).toBe(true);
    expect(only(desk).decision.action).toBe('none');
  });

  it('and actions do come from calls of 15 minutes ago', () => {
    expect(actsOf(aDesk().applyFinding(aCertainFinding(), NOW + 15 * MINUTE))).toHaveLength(1);
  });

  it('and actions do not rest on old evidence beside new', () => {
    const desk = aDesk({ mode: 'enforce' });
    desk.applyFinding(aFinding({ lines: THREE_FAMILIES.slice(0, 2), isImport: true }), NOW);
    const effects = desk.applyFinding(
      aFinding({ dedupKey: 'b', findingId: 'fnd_b', lines: THREE_FAMILIES.slice(2) }),
      NOW,
    );
    expect(actsOf(effects)).toEqual([]);
    expect(only(desk).severity).toBe('critical');
  });
});

describe('caps', () => {
  const thefts = (desk: Desk, count: number, at: (index: number) => number = () => NOW) =>
    Array.from({ length: count }, (_, index) => {
      const now = at(index);
      return desk.applyFinding(
        aCertainFinding({
          ts: now,
          entity: { type: 'key', keyId: aKeyId(index) },
          findingId: `fnd_${index}`,
        }),
        now,
      );
    });

  it.each([
    { story: 'in 10 minutes', caps: {}, at: () => NOW, blocks: 3, reason: 'caps-10-minutes' },
    {
      story: 'in an hour',
      caps: { perHour: 4 },
      at: (index: number) => NOW + index * 4 * MINUTE,
      blocks: 4,
      reason: 'caps-hour',
    },
    {
      story: 'in a day',
      caps: { perDay: 2 },
      at: (index: number) => NOW + index * 70 * MINUTE,
      blocks: 2,
      reason: 'caps-day',
    },
    { story: 'of the fleet', caps: { fleetPercent: 0.02 }, at: () => NOW, blocks: 2, reason: 'caps-fleet' },
    { story: 'of a team', caps: { teamPercent: 0.05 }, at: () => NOW, blocks: 2, reason: 'caps-team' },
    {
      story: 'of a fleet, one at least',
      caps: { fleetPercent: 0.000_1 },
      at: () => NOW,
      blocks: 1,
      reason: 'caps-fleet',
    },
    {
      story: 'of a fleet, none when it is zero',
      caps: { fleetPercent: 0 },
      at: () => NOW,
      blocks: 0,
      reason: 'caps-fleet',
    },
  ])('hold $story', ({ caps, at, blocks, reason }) => {
    const desk = aDesk({ caps: { ...SETTINGS.caps, ...caps } });
    const effects = thefts(desk, 6, at);
    expect(effects.flatMap(actsOf)).toHaveLength(blocks);
    const waiting = [...desk.incidents()].filter(({ decision }) => decision.action === 'ask');
    expect(waiting.map(({ decision }) => decision.reason)).toEqual(
      Array.from({ length: 6 - blocks }, () => reason),
    );
  });

  it('make one page of a storm, and remind once an hour while it lasts', () => {
    const desk = aDesk();
    const storm = (count: number, from: number, now: number) =>
      Array.from({ length: count }, (_, index) => {
        const entity = { type: 'key', keyId: aKeyId(from + index) } as const;
        return toldOf(
          desk.applyFinding(aCertainFinding({ ts: now, entity, findingId: `fnd_${from + index}` }), now),
        );
      }).flat();
    expect(storm(500, 0, NOW)).toEqual(['caps-reached']);
    expect(storm(5, 1_000, NOW + 30 * MINUTE)).toEqual([]);
    expect(storm(5, 2_000, NOW + 61 * MINUTE)).toEqual(['caps-reached']);
  });

  it('let incidents go on waiting when the window has passed', () => {
    const desk = aDesk();
    thefts(desk, 4);
    const more = desk.applyFinding(
      aCertainFinding({
        ts: NOW + 11 * MINUTE,
        events: 7,
        entity: { type: 'key', keyId: aKeyId(3) },
        findingId: 'fnd_3',
      }),
      NOW + 11 * MINUTE,
    );
    expect(actsOf(more)).toEqual([]);
  });

  it('are not used up by logs that the gateway contradicts', () => {
    const desk = aDesk();
    for (const effects of thefts(desk, 3))
      fail(desk, effects, { state: 'refused', code: 'log-integrity', at: NOW });
    expect(
      actsOf(desk.applyFinding(aCertainFinding({ entity: { type: 'key', keyId: aKeyId(77) } }), NOW)),
    ).toHaveLength(1);
  });

  it('know nothing of a team without a name', () => {
    const desk = aDesk({ caps: { ...SETTINGS.caps, teamPercent: 0.000_1 } });
    const effects = [0, 1].map((index) =>
      desk.applyFinding(
        aCertainFinding({
          team: '',
          entity: { type: 'key', keyId: aKeyId(index) },
          findingId: `fnd_${index}`,
        }),
        NOW,
      ),
    );
    expect(effects.flatMap(actsOf)).toHaveLength(2);
  });
});

describe('the breaker', () => {
  const moves = (
    desk: Desk,
    teams: string[],
    { everyMs = 1_000, network = 'network:64500/NO', since = 0 } = {},
  ) =>
    teams.map((team, index) => {
      const now = NOW + index * everyMs;
      return desk.applyFinding(
        aFinding({
          ts: now,
          firstEventAt: now - since,
          team,
          indicators: ['asn:64500', network.replace('#', index.toString())],
          entity: { type: 'key', keyId: aKeyId(index) },
          findingId: `fnd_${index}`,
        }),
        now,
      );
    });

  it.each([
    { story: 'five keys of two teams', teams: ['a', 'a', 'a', 'a', 'b'], trips: true },
    { story: 'four keys of two teams', teams: ['a', 'a', 'a', 'b'], trips: false },
    { story: 'five keys of one team', teams: ['a', 'a', 'a', 'a', 'a'], trips: false },
    {
      story: 'five keys over more than 15 minutes',
      teams: ['a', 'a', 'b', 'a', 'b'],
      how: { everyMs: 226_000 },
      trips: false,
    },
    {
      story: 'five keys that have been there for a while',
      teams: ['a', 'a', 'b', 'a', 'b'],
      how: { since: 3_600_000 },
      trips: false,
    },
    {
      story: 'five keys in five places of a large cloud',
      teams: ['a', 'a', 'b', 'a', 'b'],
      how: { network: 'network:192.0.#.0/24' },
      trips: false,
    },
  ])('$story: $trips', ({ teams, how, trips }) => {
    const desk = aDesk();
    const effects = moves(desk, teams, how ?? {});
    expect(desk.isFrozen()).toBe(trips);
    expect(effects.flatMap(toldOf).filter((one) => one === 'breaker')).toHaveLength(trips ? 1 : 0);
    expect(effects.flatMap(auditsOf)).toEqual(trips ? ['breaker-tripped'] : []);
  });

  it('stops what is certain too, without a message for each, until somebody resumes', () => {
    const desk = aDesk();
    moves(desk, ['a', 'a', 'a', 'a', 'b']);
    const theft = desk.applyFinding(aCertainFinding({ entity: { type: 'key', keyId: aKeyId(50) } }), NOW);
    expect(actsOf(theft)).toEqual([]);
    expect(noticesOf(theft)).toEqual([]);
    expect(toldOf(desk.applyCommand(aFreeze(false), NOW))).toEqual(['unfrozen']);
    const next = desk.applyFinding(
      aCertainFinding({ entity: { type: 'key', keyId: aKeyId(51) }, findingId: 'fnd_51' }),
      NOW,
    );
    expect(actsOf(next)).toHaveLength(1);
    const entity = { type: 'key', keyId: aKeyId(60) } as const;
    desk.applyFinding(
      aFinding({ entity, findingId: 'fnd_60', team: 'b', indicators: ['network:64500/NO'] }),
      NOW,
    );
    expect(desk.isFrozen()).toBe(false);
  });

  it('does not count a known network', () => {
    const desk = aDesk();
    for (let index = 0; index < 6; index += 1) {
      const entity = { type: 'key', keyId: aKeyId(index) } as const;
      desk.applyFinding(
        aFinding({
          team: `t${index}`,
          entity,
          findingId: `fnd_${index}`,
          indicators: ['network:64500/NO'],
          lines: [line('network', -2), line('spend', 9)],
        }),
        NOW,
      );
    }
    expect(desk.isFrozen()).toBe(false);
  });
});

describe('freezing', () => {
  it('stops automatic actions at once, also those that were decided, and tells everybody once', () => {
    const desk = aDesk();
    const [action] = actsOf(desk.applyFinding(aCertainFinding(), NOW));
    expect(desk.mustStop(action?.actionId ?? '')).toBeUndefined();
    expect(toldOf(desk.applyCommand(aFreeze(true), NOW))).toEqual(['frozen']);
    expect(desk.applyCommand(aFreeze(true), NOW)).toEqual([]);
    expect(desk.mustStop(action?.actionId ?? '')).toBe('frozen');
    const other = desk.applyFinding(aCertainFinding({ entity: { type: 'key', keyId: aKeyId(1) } }), NOW);
    expect(actsOf(other)).toEqual([]);
    expect(toldOf(other)).toEqual(['opened']);
  });

  it('leaves people free to act', () => {
    const desk = aDesk();
    desk.applyCommand(aFreeze(true), NOW);
    desk.applyFinding(aCertainFinding(), NOW);
    const [action] = actsOf(desk.applyCommand(aCommand(only(desk).incidentId, 'approve'), NOW));
    expect(desk.mustStop(action?.actionId ?? '')).toBeUndefined();
  });

  it('ends with new evidence acting again', () => {
    const desk = aDesk();
    desk.applyCommand(aFreeze(true), NOW);
    desk.applyFinding(aCertainFinding(), NOW);
    desk.applyCommand(aFreeze(false), NOW);
    expect(actsOf(desk.applyFinding(aCertainFinding({ ts: NOW + 1, events: 2 }), NOW + 1))).toHaveLength(1);
  });
});

describe('quiet incidents', () => {
  it.each([
    { story: 'closes after a day', afterMs: DAY, status: 'resolved', commands: [] },
    { story: 'stays open for a day', afterMs: DAY - 1, status: 'open', commands: [] },
    {
      story: 'stays when somebody took it',
      afterMs: 3 * DAY,
      status: 'acknowledged',
      commands: ['acknowledge'],
    },
  ] as const)('$story', ({ afterMs, status, commands }) => {
    const desk = aDesk();
    desk.applyFinding(aFinding(), NOW);
    for (const command of commands) desk.applyCommand(aCommand(only(desk).incidentId, command), NOW);
    expect(noticesOf(desk.tick(NOW + afterMs))).toEqual([]);
    expect(only(desk).status).toBe(status);
    if (status === 'resolved') expect(only(desk)).toMatchObject({ verdict: 'unclear' });
  });

  it('stay open when a key is blocked', () => {
    const desk = aDesk();
    accept(desk, desk.applyFinding(aCertainFinding(), NOW), NOW);
    desk.tick(NOW + 3 * DAY);
    expect(only(desk)).toMatchObject({ status: 'open', containment: 'verified' });
  });
});

describe('a replay', () => {
  it('notes what would have been blocked, within the caps, and does nothing', () => {
    const desk = aDesk({ simulate: true });
    const effects = [0, 1, 2, 3].flatMap((index) =>
      desk.applyFinding(
        aCertainFinding({ entity: { type: 'key', keyId: aKeyId(index) }, findingId: `fnd_${index}` }),
        NOW,
      ),
    );
    expect(actsOf(effects)).toEqual([]);
    expect(factsOf(effects)).toEqual([]);
    expect([...desk.incidents()].map(({ containment }) => containment)).toEqual([
      'simulated',
      'simulated',
      'simulated',
      'none',
    ]);
  });
});

describe('what is saved', () => {
  it('brings back a desk that decides as if nothing had happened', () => {
    const before = aDesk();
    const effects = before.applyFinding(aCertainFinding(), NOW);
    accept(before, effects, NOW);
    before.applyFinding(
      aCertainFinding({ entity: { type: 'key', keyId: aKeyId(1) }, findingId: 'fnd_1' }),
      NOW,
    );
    before.applyCommand(aFreeze(true), NOW);
    const after = restarted(before);
    expect([...after.incidents()]).toEqual(
      [...before.incidents()].map((one) => JSON.parse(JSON.stringify(one)) as unknown),
    );
    expect(after.isFrozen()).toBe(true);
    expect(after.openActions()).toEqual(before.openActions());
    expect(before.takeChanged()).toEqual([]);
    const next = aCommand([...after.incidents()][0]?.incidentId ?? '', 'restore');
    expect(after.applyCommand(next, NOW)).toEqual(before.applyCommand(next, NOW));
  });
});
