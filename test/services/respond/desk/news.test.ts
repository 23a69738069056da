import { describe, expect, it } from 'vitest';
import type { FailureCode } from '../../../../services/respond/desk/effects.ts';
import { renderMessage } from '../../../../services/notifiers/render.ts';
import {
  accept,
  actsOf,
  aDesk,
  fail,
  noticesOf,
  only,
  restarted,
  toldOf,
} from '../../../support/desk-lab.ts';
import type { Failure } from '../../../support/desk-lab.ts';
import {
  NOW,
  THREE_FAMILIES,
  aCertainFinding,
  aCommand,
  aFinding,
  aFreeze,
  line,
} from '../../../support/findings.ts';

/** How long people wait for the outcome of an automatic block. */
const OUTCOME_MS = 15_000;
const SOON = NOW + OUTCOME_MS - 1;
const LATE = NOW + OUTCOME_MS;

const theft = () => {
  const desk = aDesk();
  return { desk, effects: desk.applyFinding(aCertainFinding({ usdLost: 12.5, usdPerHour: 750 }), NOW) };
};

describe('an automatic block', () => {
  it('that is done in time makes one message', () => {
    const { desk, effects } = theft();
    expect(toldOf(effects)).toEqual([]);
    expect(toldOf(desk.tick(SOON))).toEqual([]);
    expect(toldOf(accept(desk, effects, SOON))).toEqual(['contained']);
    expect(toldOf(desk.tick(LATE))).toEqual([]);
    expect(toldOf(desk.tick(NOW + 10 * OUTCOME_MS))).toEqual([]);
  });

  it('that takes longer makes two: what goes on, and how it went', () => {
    const { desk, effects } = theft();
    const opened = noticesOf(desk.tick(LATE));
    expect(opened).toMatchObject([{ transition: 'opened', at: LATE }]);
    expect(opened[0]?.whatWasDone).toContain('is being blocked');
    expect(toldOf(desk.tick(LATE + 1_000))).toEqual([]);
    expect(toldOf(accept(desk, effects, LATE + 2_000))).toEqual(['contained']);
  });

  it.each<Omit<Failure, 'at'>>([
    { state: 'refused', code: 'unknown-key' },
    { state: 'refused', code: 'log-integrity' },
    { state: 'refused', code: 'audit-unavailable' },
    { state: 'refused', code: 'frozen' },
    { state: 'failed', code: 'gateway-denied' },
  ])('that is $state ($code) is told at once, in one message', (failure) => {
    const { desk, effects } = theft();
    expect(toldOf(fail(desk, effects, { ...failure, at: NOW + 50 }))).toEqual(['failed']);
    expect(toldOf(desk.tick(LATE))).toEqual([]);
  });

  it('that ends without a word is told when the time is up', () => {
    const { desk, effects } = theft();
    expect(toldOf(fail(desk, effects, { state: 'refused', code: 'cancelled', at: NOW + 50 }))).toEqual([]);
    const [opened] = noticesOf(desk.tick(LATE));
    expect(opened).toMatchObject({ transition: 'opened', incident: { containment: 'none' } });
    expect(opened?.whatWasDone).toContain('Nothing was blocked');
  });

  it('is waited for once, however much evidence comes meanwhile', () => {
    const { desk } = theft();
    desk.applyFinding(aCertainFinding({ ts: SOON, events: 9 }), SOON);
    expect(toldOf(desk.tick(LATE))).toEqual(['opened']);
  });

  it('that hangs holds up no further news', () => {
    const desk = aDesk({ mode: 'enforce' });
    desk.applyFinding(aFinding({ kind: 'geo', lines: THREE_FAMILIES }), NOW);
    expect(toldOf(desk.tick(LATE))).toEqual(['opened']);
    expect(toldOf(desk.applyFinding(aCertainFinding({ ts: LATE }), LATE + 1))).toEqual(['escalated']);
  });

  it('outlives a freeze: people learn of the freeze at once, and of the theft in time', () => {
    const { desk, effects } = theft();
    expect(toldOf(desk.applyCommand(aFreeze(true), NOW + 1))).toEqual(['frozen']);
    expect(toldOf(desk.tick(LATE))).toEqual(['opened']);
    expect(toldOf(fail(desk, effects, { state: 'refused', code: 'frozen', at: LATE + 1 }))).toEqual([
      'failed',
    ]);
  });
});

describe('an incident that gets worse', () => {
  const worse = () => {
    const desk = aDesk();
    expect(toldOf(desk.applyFinding(aFinding({ lines: [line('network', 9)] }), NOW))).toEqual(['opened']);
    return { desk, effects: desk.applyFinding(aCertainFinding(), NOW) };
  };

  it('and is blocked in time makes no message but that of the block', () => {
    const { desk, effects } = worse();
    expect(toldOf(effects)).toEqual([]);
    expect(toldOf(accept(desk, effects, SOON))).toEqual(['contained']);
    expect(toldOf(desk.tick(LATE))).toEqual([]);
  });

  it('is told so when the block takes longer', () => {
    const { desk } = worse();
    expect(toldOf(desk.tick(LATE))).toEqual(['escalated']);
    expect(toldOf(desk.tick(LATE + 1))).toEqual([]);
  });

  it('is told at once when nothing is blocked', () => {
    const desk = aDesk({ mode: 'observe' });
    desk.applyFinding(aFinding({ lines: [line('network', 9)] }), NOW);
    expect(toldOf(desk.applyFinding(aCertainFinding(), NOW))).toEqual(['escalated']);
  });
});

describe('people who come in between', () => {
  it.each([
    { command: 'acknowledge', atOnce: [], inTime: ['opened'] },
    { command: 'resolve', atOnce: ['resolved'], inTime: [] },
  ] as const)(
    '$command: told $atOnce at once, $inTime in time, and the outcome',
    ({ command, atOnce, inTime }) => {
      const { desk, effects } = theft();
      expect(toldOf(desk.applyCommand(aCommand(only(desk).incidentId, command), NOW + 1))).toEqual(atOnce);
      expect(toldOf(desk.tick(LATE))).toEqual(inTime);
      expect(toldOf(accept(desk, effects, LATE + 1))).toEqual(['contained']);
    },
  );

  it('hear of the restore alone when they call the block off', () => {
    const { desk, effects } = theft();
    const plan = desk.applyCommand(aCommand(only(desk).incidentId, 'restore'), NOW + 1);
    expect(toldOf(accept(desk, effects, NOW + 2))).toEqual([]);
    expect(toldOf(accept(desk, plan, NOW + 3))).toEqual(['restored']);
    expect(toldOf(desk.tick(LATE))).toEqual([]);
  });

  it('hear of the incident when that restore takes long', () => {
    const { desk } = theft();
    desk.applyCommand(aCommand(only(desk).incidentId, 'restore'), NOW + 1);
    expect(toldOf(desk.tick(LATE))).toEqual(['opened']);
  });
});

describe('a process that dies before the outcome', () => {
  it('tells it after the next start, late as it may be', () => {
    const { desk } = theft();
    const after = restarted(desk);
    expect(toldOf(after.tick(NOW + 20 * 60_000))).toEqual(['opened']);
    expect(toldOf(restarted(after).tick(NOW + 21 * 60_000))).toEqual([]);
  });

  it('tells it with the outcome when that comes first', () => {
    const { desk, effects } = theft();
    const after = restarted(desk);
    expect(toldOf(accept(after, effects, SOON))).toEqual(['contained']);
    expect(toldOf(restarted(after).tick(LATE))).toEqual([]);
  });
});

describe('a replay', () => {
  it('waits for nothing: it tells at once what would have been blocked', () => {
    const desk = aDesk({ simulate: true });
    const [opened, ...more] = noticesOf(desk.applyFinding(aCertainFinding(), NOW));
    expect(opened).toMatchObject({ transition: 'opened', at: NOW, incident: { containment: 'simulated' } });
    expect(more).toEqual([]);
    expect(toldOf(desk.tick(NOW + 60_000))).toEqual([]);
  });
});

describe('the only message about a theft', () => {
  const whole = {
    link: /^https:\/\/gatewatch\.example\.com\/#\/incidents\/inc_/,
    summary:
      /“search-prod” was reported as leaked and is in use\. Unusual leak\..*\$12\.50 lost so far, \$750\.00 per hour/,
    runbook: /Block the key/,
  };
  const parts = (notice: ReturnType<typeof noticesOf>[number] | undefined) => {
    if (notice === undefined) throw new Error('Nothing was told.');
    return renderMessage({ ...notice, auditAnchor: '1:ab' });
  };

  it('says of a block what happened, to whom, why, at what cost, what was done and how to undo it', () => {
    const { desk, effects } = theft();
    const message = parts(noticesOf(accept(desk, effects, NOW))[0]);
    for (const [part, text] of Object.entries(whole))
      expect(message).toHaveProperty(part, expect.stringMatching(text));
    expect(message.subject).toBe(
      '[critical] Blocked: Key “search-prod” was reported as leaked and is in use',
    );
    expect(message.facts.find(({ label }) => label === 'Whose')?.value).toMatch(
      /search-prod.*team team-search, user dana/,
    );
    expect(message.evidence).toHaveLength(1);
    expect(message.whatWasDone).toMatch(
      /is blocked at the gateway, and read back\. It was decided automatically: the evidence is certain\..*Restore/,
    );
  });

  it('says of a block that failed what failed, why, and what to do now', () => {
    const { desk, effects } = theft();
    const message = parts(
      noticesOf(fail(desk, effects, { state: 'failed', code: 'gateway-denied', at: NOW }))[0],
    );
    for (const [part, text] of Object.entries(whole))
      expect(message).toHaveProperty(part, expect.stringMatching(text));
    expect(message.subject).toBe(
      '[critical] Not contained: Key “search-prod” was reported as leaked and is in use',
    );
    expect(message.evidence).toHaveLength(1);
    expect(message.whatWasDone).toMatch(
      /NOT blocked: Because\. Give our credential the right .* press Block on the incident/,
    );
  });

  it('names the person who asked for a block', () => {
    const desk = aDesk({ mode: 'observe' });
    desk.applyFinding(aCertainFinding(), NOW);
    const plan = desk.applyCommand(aCommand(only(desk).incidentId, 'block', { actor: 'dana' }), NOW);
    expect(noticesOf(accept(desk, plan, NOW))[0]?.whatWasDone).toContain('It was asked for by dana.');
  });

  it.each<FailureCode>(['gateway-unavailable', 'read-back-disagrees', 'too-old'])(
    'names the right button when a restore fails (%s)',
    (code) => {
      const { desk, effects } = theft();
      accept(desk, effects, NOW);
      const plan = desk.applyCommand(aCommand(only(desk).incidentId, 'restore'), NOW);
      expect(actsOf(plan)).toHaveLength(1);
      const [failed] = noticesOf(fail(desk, plan, { state: 'failed', code, at: NOW }));
      expect(failed?.whatWasDone).toMatch(/NOT restored.*Restore/);
      expect(failed?.whatWasDone).not.toContain('Block');
    },
  );
});
