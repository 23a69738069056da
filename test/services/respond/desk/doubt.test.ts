import { beforeEach, describe, expect, it } from 'vitest';
import type { Desk, DeskSettings } from '../../../../services/respond/desk/desk.ts';
import type { Effect } from '../../../../services/respond/desk/effects.ts';
import type { Finding } from '../../../../services/topics.ts';
import { accept, actsOf, aDesk, noticesOf, only, restarted, toldOf } from '../../../support/desk-lab.ts';
import { NOW, THREE_FAMILIES, aCertainFinding, aCommand, aFinding } from '../../../support/findings.ts';

const MINUTE_MS = 60_000;
const AT_GATEWAY = { keyAlias: 'search-prod', team: 'team-search' };
const FORGED = { team: 'team-of-nobody' };

/** The executor's answer when the gateway knows another owner than the log. */
function refuse(desk: Desk, effects: readonly Effect[], at: number): Effect[] {
  const actionId = actsOf(effects)[0]?.actionId ?? '';
  return desk.actionResult(
    { actionId, state: 'refused', code: 'log-integrity', note: 'They disagree.', atGateway: AT_GATEWAY, at },
    at,
  );
}

function shielded(settings: Partial<DeskSettings> = {}, forged: Partial<Finding> = {}): Desk {
  const desk = aDesk(settings);
  refuse(desk, desk.applyFinding(aCertainFinding({ ...FORGED, ...forged }), NOW), NOW);
  return desk;
}

describe('after a block was refused because log and gateway disagree', () => {
  let desk: Desk;
  beforeEach(() => {
    desk = shielded();
  });
  const finds = (afterMs: number, changes: Partial<Finding> = {}) =>
    desk.applyFinding(aCertainFinding({ ts: NOW + afterMs, ...changes }), NOW + afterMs);

  it('later evidence that agrees with the gateway blocks the key', () => {
    const effects = finds(1_000);
    expect(actsOf(effects)).toMatchObject([{ kind: 'block', claims: AT_GATEWAY, isAutomatic: true }]);
    expect(toldOf(accept(desk, effects, NOW + 1_000))).toEqual(['contained']);
    expect(only(desk)).toMatchObject({ containment: 'accepted', ...AT_GATEWAY });
  });

  it('evidence of another story that came while the gateway was asked blocks the key at once', () => {
    desk = aDesk();
    const forged = desk.applyFinding(aCertainFinding(FORGED), NOW);
    const canary = { detector: 'canary-used', dedupKey: 'canary', certainty: 'canary-used' } as const;
    expect(actsOf(desk.applyFinding(aCertainFinding({ ts: NOW + 50, ...canary }), NOW + 50))).toEqual([]);
    const refused = refuse(desk, forged, NOW + 100);
    expect(actsOf(refused)).toMatchObject([{ kind: 'block', claims: AT_GATEWAY, isAutomatic: true }]);
    expect(actsOf(refuse(desk, refused, NOW + 200))).toEqual([]);
  });

  it('it does so after a restart too', () => {
    desk = restarted(desk);
    expect(actsOf(finds(1_000))).toHaveLength(1);
  });

  it('evidence of a log that is silent about the owner counts, and is checked against the gateway’s own word', () => {
    expect(actsOf(finds(1_000, { team: '', keyAlias: '' }))).toMatchObject([{ claims: AT_GATEWAY }]);
  });

  it.each([
    { story: 'the same forged team', changes: FORGED },
    { story: 'another forged team', changes: { team: 'team-else' } },
    { story: 'a forged name', changes: { keyAlias: 'else' } },
  ])('evidence with $story asks nothing, however much comes, and waits for a person', ({ changes }) => {
    const effects = Array.from({ length: 500 }, (_, index) => finds(index * MINUTE_MS, changes)).flat();
    expect(actsOf(effects)).toEqual([]);
    expect(noticesOf(effects)).toEqual([]);
    expect(only(desk).decision).toMatchObject({ action: 'ask', reason: 'log-integrity' });
  });

  it('a stream of forged records does not use up what genuine evidence may ask', () => {
    for (let second = 1; second < 1_000; second += 1) finds(second * 1_000, FORGED);
    expect(actsOf(finds(1_000_000))).toHaveLength(1);
  });

  it('a forged record that dates itself ahead does not hide genuine evidence of the same story', () => {
    desk = shielded({}, { ts: NOW + 4 * MINUTE_MS });
    expect(actsOf(finds(1_000))).toHaveLength(1);
  });

  it('any number of heavier forged stories do not push out genuine evidence', () => {
    desk = shielded({ mode: 'enforce' });
    finds(1_000, { ...FORGED, lines: THREE_FAMILIES, dedupKey: 'other' });
    const genuine = aFinding({ ts: NOW + 2_000, dedupKey: 'genuine' });
    desk.applyFinding(genuine, NOW + 2_000);
    for (let story = 0; story < 100; story += 1)
      finds(3_000 + story, { ...FORGED, dedupKey: `story-${story}` });
    expect(only(desk).evidence.map(({ findingId }) => findingId)).toContain(genuine.findingId);
  });

  it('asks again at once, then once in five minutes, and six times in all', () => {
    const askedAt: number[] = [];
    for (let minute = 1; minute < 200; minute += 1) {
      const effects = finds(minute * MINUTE_MS);
      if (actsOf(effects).length === 0) continue;
      askedAt.push(minute);
      refuse(desk, effects, NOW + minute * MINUTE_MS);
    }
    expect(askedAt).toEqual([1, 6, 11, 16, 21]);
    expect(only(desk).actions).toHaveLength(6);
    expect(only(desk).decision).toMatchObject({ action: 'ask', reason: 'log-integrity' });
  });

  it('forged certainty beside genuine oddities is no ground to block', () => {
    const effects = desk.applyFinding(aFinding({ ts: NOW + 1_000 }), NOW + 1_000);
    expect(actsOf(effects)).toEqual([]);
    expect(only(desk).decision).toMatchObject({ action: 'ask', reason: 'log-integrity' });
  });

  it('families that agree with the gateway are counted alone', () => {
    desk = shielded({ mode: 'enforce' });
    const three = aFinding({ ts: NOW + 1_000, lines: THREE_FAMILIES });
    expect(actsOf(desk.applyFinding(three, NOW + 1_000))).toMatchObject([{ reason: 'three-families' }]);
  });

  it('a person may block all the same', () => {
    const plan = desk.applyCommand(aCommand(only(desk).incidentId, 'approve'), NOW);
    accept(desk, plan, NOW);
    expect(only(desk)).toMatchObject({ containment: 'accepted' });
  });

  it('frozen, it waits like any other', () => {
    desk.applyCommand({ type: 'freeze', commandId: 'cmd_f', at: NOW, on: true, actor: 'dana' }, NOW);
    expect(actsOf(finds(1_000))).toEqual([]);
    expect(only(desk).decision).toMatchObject({ action: 'ask', reason: 'frozen' });
  });
});
