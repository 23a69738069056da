import { describe, expect, it } from 'vitest';
import {
  actionUnderWay,
  availableCommands,
  isAnswered,
  isBlockable,
  neededScope,
  refusalSince,
} from '../../../../dashboards/web/src/incident/available-commands.ts';
import type { IncidentAction, IncidentDetail } from '../../../../services/api/schema.ts';

const KEY_ID = 'ab'.repeat(32);
const AT = '2026-05-04T10:00:00.000Z';

function anIncident(over: Partial<IncidentDetail> = {}): IncidentDetail {
  return {
    incident_id: 'inc_1',
    version: 1,
    opened_at: AT,
    updated_at: AT,
    closed_at: null,
    kind: 'geo',
    severity: 'high',
    status: 'open',
    containment: 'none',
    verdict: '',
    title: 'Key “demo” is used from an unusual place',
    score_bits: 12,
    gateway: 'litellm',
    key_id: KEY_ID,
    key_alias: 'demo',
    team: '',
    user: '',
    first_event_at: AT,
    last_event_at: AT,
    usd_lost: 0,
    usd_per_hour: 0,
    events: 1,
    entity: `key:${KEY_ID}`,
    families: ['network'],
    certainty: null,
    indicators: [],
    evidence: [],
    actions: [],
    decision: { action: 'notify', reason: 'observe-mode', next_level: '' },
    timeline: [],
    related: [],
    ...over,
  };
}

function anAction(over: Partial<IncidentAction>): IncidentAction {
  return {
    action_id: 'act_1',
    kind: 'block',
    state: 'verified',
    reason: '',
    actor: 'policy',
    requested_at: AT,
    sent_at: AT,
    verified_at: AT,
    ...over,
  };
}

const ask = { action: 'ask', reason: 'needs-a-person', next_level: '' } as const;

describe('commands on offer', () => {
  it.each([
    { story: 'an open incident', over: {}, offered: ['block', 'acknowledge', 'resolve'] },
    {
      story: 'one that waits for a person',
      over: { decision: ask },
      offered: ['approve', 'deny', 'acknowledge', 'resolve'],
    },
    {
      story: 'one that waited, resolved',
      over: { decision: ask, status: 'resolved' },
      offered: ['block', 'reopen'],
    },
    {
      story: 'a blocked key',
      over: { containment: 'verified', status: 'acknowledged' },
      offered: ['restore', 'resolve'],
    },
    {
      story: 'a block not proven yet',
      over: { containment: 'accepted' },
      offered: ['restore', 'acknowledge', 'resolve'],
    },
    {
      story: 'a failed block',
      over: { containment: 'failed' },
      offered: ['block', 'restore', 'acknowledge', 'resolve'],
    },
    {
      story: 'a restored key',
      over: { containment: 'restored' },
      offered: ['block', 'acknowledge', 'resolve'],
    },
    {
      story: 'a block on its way',
      over: { containment: 'sent', actions: [anAction({ state: 'sent' })] },
      offered: ['restore', 'acknowledge', 'resolve'],
    },
    {
      story: 'a restore on its way',
      over: {
        containment: 'verified',
        actions: [anAction({}), anAction({ kind: 'restore', state: 'sent' })],
      },
      offered: ['acknowledge', 'resolve'],
    },
    { story: 'a team', over: { key_id: '' }, offered: ['acknowledge', 'resolve'] },
    {
      story: 'a foreign credential',
      over: { key_id: 'foreign:0123456789abcdef' },
      offered: ['acknowledge', 'resolve'],
    },
  ] satisfies { story: string; over: Partial<IncidentDetail>; offered: string[] }[])(
    '$story: $offered',
    ({ over, offered }) => {
      expect(availableCommands(anIncident(over))).toEqual(offered);
    },
  );

  it('never offers to block the master key', () => {
    expect(isBlockable(anIncident({ key_id: 'litellm_proxy_master_key' }))).toBe(false);
    expect(isBlockable(anIncident())).toBe(true);
  });

  it('asks for scope act where the gateway is touched', () => {
    expect((['block', 'restore', 'approve'] as const).map(neededScope)).toEqual(['act', 'act', 'act']);
    expect((['acknowledge', 'resolve', 'reopen', 'deny'] as const).map(neededScope)).toEqual(
      Array(4).fill('triage'),
    );
  });
});

describe('the result of a command', () => {
  it('is there when the status is reached, or when the timeline has grown', () => {
    const before = anIncident();
    expect(isAnswered('acknowledge', before, before)).toBe(false);
    expect(isAnswered('acknowledge', before, anIncident({ status: 'acknowledged' }))).toBe(true);
    expect(isAnswered('block', before, anIncident({ status: 'acknowledged' }))).toBe(false);
    const entry = { at: AT, change: 'block-refused', actor: 'policy', note: '' };
    expect(isAnswered('block', before, anIncident({ timeline: [entry] }))).toBe(true);
  });

  it('is the reason when it was refused, and only when that is new', () => {
    const refused = {
      at: AT,
      change: 'command-refused',
      actor: 'dana',
      note: 'block: The key is blocked already.',
    };
    const before = anIncident();
    expect(refusalSince(before, anIncident({ timeline: [refused] }))).toBe(refused.note);
    expect(
      refusalSince(anIncident({ timeline: [refused] }), anIncident({ timeline: [refused] })),
    ).toBeUndefined();
    expect(
      refusalSince(before, anIncident({ timeline: [{ ...refused, change: 'acknowledged' }] })),
    ).toBeUndefined();
  });

  it('is awaited from the newest action the gateway has not answered', () => {
    const open = anAction({ kind: 'restore', state: 'requested' });
    expect(actionUnderWay(anIncident({ actions: [anAction({}), open] }))).toBe(open);
    expect(actionUnderWay(anIncident({ actions: [anAction({})] }))).toBeUndefined();
  });
});
