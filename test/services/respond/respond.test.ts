import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Fact } from '../../../detectors/detector.ts';
import type { Finding } from '../../../services/topics.ts';
import { aCertainFinding, aCommand, aFreeze, aKeyId, anObservation } from '../../support/findings.ts';
import { RespondWorld, SETTINGS } from '../../support/respond-lab.ts';
import type { Intercept } from '../../support/respond-lab.ts';

const patiently = { timeout: 8_000, interval: 10 };
const until = (look: () => void | Promise<void>) => vi.waitFor(look, patiently);

let world: RespondWorld;

beforeEach(() => {
  world = new RespondWorld(12);
});
afterEach(() => world.stop());

const theft = (changes: Partial<Finding> = {}) => {
  const at = world.now();
  return aCertainFinding({ ts: at, receivedAt: at, ...changes });
};
const theftOf = (number: number) =>
  theft({
    entity: { type: 'key', keyId: aKeyId(number) },
    findingId: `fnd_${number.toString().padStart(4, '0')}`,
  });

async function caught(): Promise<string> {
  await world.start();
  await world.finds(theft());
  await until(() => expect(world.incident()).toMatchObject({ containment: 'accepted' }));
  return String(world.incident()['incident_id']);
}

async function metric(name: string): Promise<string> {
  const text = await world.metrics.registry.getSingleMetricAsString(`gatewatch_${name}`);
  return text
    .split('\n')
    .filter((one) => !one.startsWith('#'))
    .join('\n');
}

describe('a verdict', () => {
  it('hands the incident on as people judged it, so that its events can be kept', async () => {
    const incidentId = await caught();
    await world.asks(aCommand(incidentId, 'resolve', { verdict: 'attack', at: world.now() }));
    await until(() => expect(world.judged).toHaveLength(1));
    expect(world.judged[0]).toMatchObject({ incidentId, verdict: 'attack', status: 'resolved' });
  });
});

describe('a theft', () => {
  it('is blocked at the gateway, after the audit record, and read back', async () => {
    await world.start(async (port, call) => {
      if (port === 'revoker.block') expect(world.audit.actions()).toEqual(['block-requested']);
      return call();
    });
    await world.finds(theft());
    await until(() =>
      expect(world.incident()).toMatchObject({ containment: 'accepted', severity: 'critical' }),
    );
    expect(world.revoker.calls.map(({ call }) => call)).toEqual(['inspect', 'block', 'inspect']);
    expect(world.revoker.keys.get(aKeyId())?.state).toBe('blocked');
  });

  it('is told with the evidence, the link and an anchor of the audit chain', async () => {
    await caught();
    await until(() => expect(world.notifier.transitions()).toEqual(['contained']));
    const [contained] = world.notifier.sent;
    expect(contained?.link).toContain('/#/incidents/inc_');
    expect(contained?.auditAnchor).toMatch(/^\d+:[0-9a-f]{64}$/);
    expect(contained?.incident?.evidence).toHaveLength(1);
  });

  it('can be asked in SQL: incident, history, finding, actions, audit', async () => {
    const incidentId = await caught();
    await until(() =>
      expect(world.store.rows('audit').map((row) => row['action'])).toEqual([
        'block-requested',
        'block-accepted',
      ]),
    );
    expect(world.store.rows('findings')).toMatchObject([
      { incident_id: incidentId, detector: 'leak-in-use', bits: 20 },
    ]);
    expect(world.store.rows('actions').map((row) => row['state'])).toEqual(['requested', 'sent', 'accepted']);
    expect(world.store.rows('incident_changes').map((row) => row['change'])).toEqual([
      'opened',
      'decided-block',
      'block-requested',
      'block-sent',
      'block-accepted',
    ]);
    expect(world.store.rows('audit').at(-1)).toMatchObject({ seq: 2, hash: world.audit.records[1]?.hash });
  });

  it('is proven by a denial that detect saw', async () => {
    await caught();
    expect(world.facts()).toMatchObject([{ type: 'revoked', keyId: aKeyId() }]);
    await world.asks(anObservation('denied', world.now() + 10));
    await until(() => expect(world.incident()).toMatchObject({ containment: 'verified' }));
  });

  it('is critical again when a call succeeds long after the block', async () => {
    await caught();
    world.skewMs += 100_000;
    await world.asks(anObservation('success', world.now()));
    await until(() => expect(world.notifier.transitions()).toEqual(['contained', 'failed']));
    expect(world.notifier.sent.at(-1)?.whatWasDone).toContain('Block ineffective');
  });

  it('is undone by a restore, which opens a time of grace', async () => {
    const incidentId = await caught();
    await world.asks(aCommand(incidentId, 'restore', { at: world.now() }));
    await until(() => expect(world.incident()).toMatchObject({ containment: 'restored' }));
    expect(world.revoker.keys.get(aKeyId())?.state).toBe('active');
    expect(world.facts().map(({ type }) => type)).toEqual(['revoked', 'restored']);
    await world.finds(theft({ events: 20 }));
    await until(() => expect(world.store.rows('findings')).toHaveLength(2));
    expect(world.revoker.count('block')).toBe(1);
  });

  it('shows in the metrics', async () => {
    await caught();
    await until(() => expect(world.notifier.sent).toHaveLength(1));
    expect(await metric('incidents_total')).toContain('transition="opened"} 1');
    expect(await metric('actions_total')).toContain('state="accepted"} 1');
    expect(await metric('action_latency_seconds')).toContain('action_latency_seconds_count 1');
    await until(async () => expect(await metric('notifications_total')).toContain('result="sent"} 1'));
  });
});

describe('a block that takes its time', () => {
  const held = () => {
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    const intercept: Intercept = async (port, call) => {
      if (port === 'revoker.inspect') await released;
      return call();
    };
    return { intercept, release };
  };

  it('is told when it has taken 15 seconds, and again when it is done', async () => {
    const { intercept, release } = held();
    await world.start(intercept);
    await world.finds(theft());
    await until(() => expect(world.audit.actions()).toEqual(['block-requested']));
    expect(world.notifier.sent).toEqual([]);
    world.skewMs += 15_000;
    await until(() => expect(world.notifier.transitions()).toEqual(['opened']));
    release();
    await until(() => expect(world.notifier.transitions()).toEqual(['opened', 'contained']));
  });

  it('is told after the next start when the process died meanwhile', async () => {
    await world.start(held().intercept);
    await world.finds(theft());
    await until(() => expect(world.incident()).toMatchObject({ containment: 'requested' }));
    await world.abandon();
    expect(world.notifier.sent).toEqual([]);
    world.skewMs += 15_000;
    const { intercept, release } = held();
    await world.start(intercept);
    await until(() => expect(world.notifier.transitions()).toEqual(['opened']));
    release();
    await until(() => expect(world.notifier.transitions()).toEqual(['opened', 'contained']));
  });
});

describe('the gateway is asked first', () => {
  it.each([
    {
      story: 'a key it does not know',
      change: () => world.revoker.keys.delete(aKeyId()),
      reason: 'unknown-key',
    },
    {
      story: 'a key of another team',
      change: () => world.revoker.has(aKeyId(), { team: 'team-other' }),
      reason: 'log-integrity',
    },
    {
      story: 'a key of another name',
      change: () => world.revoker.has(aKeyId(), { keyAlias: 'other' }),
      reason: 'log-integrity',
    },
    {
      story: 'a deleted key',
      change: () => world.revoker.has(aKeyId(), { state: 'deleted' }),
      reason: 'not-active',
    },
    {
      story: 'an expired key',
      change: () => world.revoker.has(aKeyId(), { state: 'expired' }),
      reason: 'not-active',
    },
  ])('and $story is not blocked, and waits for a person ($reason)', async ({ change, reason }) => {
    change();
    await world.start();
    await world.finds(theft());
    await until(() => expect(world.notifier.transitions()).toEqual(['failed']));
    expect(world.revoker.count('block')).toBe(0);
    await until(() => {
      const detail = JSON.parse(String(world.incident()['detail'])) as { decision: unknown };
      expect(world.incident()).toMatchObject({ containment: 'none', status: 'open' });
      expect(detail.decision).toMatchObject({ action: 'ask', reason });
    });
  });

  it('and a forged record that names another team does not shield a stolen key', async () => {
    await world.start();
    await world.finds(aCertainFinding({ ts: world.now(), team: 'team-of-nobody' }));
    await until(() => expect(world.notifier.transitions()).toEqual(['failed']));
    await world.finds(aCertainFinding({ ts: world.now() + 1_000, team: 'team-of-nobody' }));
    await world.finds(aCertainFinding({ ts: world.now() + 2_000 }));
    await until(() => expect(world.notifier.transitions()).toEqual(['failed', 'contained']));
    expect(world.revoker.keys.get(aKeyId())?.state).toBe('blocked');
    expect(world.revoker.count('inspect')).toBe(3);
  });

  it('and a name that ingest cleaned is the same name', async () => {
    world.revoker.has(aKeyId(), { keyAlias: 'search-prod\u202e\u200b' });
    await caught();
  });

  it('and a key that is blocked already is not blocked again', async () => {
    world.revoker.has(aKeyId(), { state: 'blocked' });
    await caught();
    expect(world.revoker.count('block')).toBe(0);
  });

  it('and a person who saw the difference may block all the same', async () => {
    world.revoker.has(aKeyId(), { team: 'team-other' });
    await world.start();
    await world.finds(theft());
    await until(() => expect(world.notifier.transitions()).toEqual(['failed']));
    await world.asks(aCommand(String(world.incident()['incident_id']), 'approve', { at: world.now() }));
    await until(() => expect(world.revoker.keys.get(aKeyId())?.state).toBe('blocked'));
  });
});

describe('when the gateway', () => {
  it('is away, it is asked again until it answers', async () => {
    world.revoker.mood = 'away';
    world.revoker.recoversAfter = 4;
    await caught();
    expect(world.revoker.count('inspect')).toBe(6);
    expect(world.notifier.transitions()).not.toContain('failed');
  });

  it.each([
    { mood: 'away', isWell: false },
    { mood: 'denies', isWell: false },
    { mood: 'well', isWell: true },
  ] as const)('$mood, it is known how it was when it was last asked', async ({ mood, isWell }) => {
    world.revoker.mood = mood;
    const respond = await world.start();
    expect(respond.gateways()).toEqual([]);
    await world.finds(theft());
    await until(() => expect(respond.gateways()).toMatchObject([{ gateway: 'litellm', isWell }]));
  });

  it('contradicts the log, it is well all the same', async () => {
    world.revoker.has(aKeyId(), { team: 'team-other' });
    const respond = await world.start();
    await world.finds(theft());
    await until(() => expect(respond.gateways()).toMatchObject([{ isWell: true }]));
  });

  it('is away for 15 minutes, a person is told', async () => {
    world.revoker.mood = 'away';
    await world.start();
    await world.finds(theft());
    await until(() => expect(world.notifier.transitions()).toEqual(['failed']));
    expect(world.skewMs).toBeGreaterThanOrEqual(15 * 60_000);
    expect(world.revoker.count('inspect')).toBeLessThan(60);
    await until(() => expect(world.incident()).toMatchObject({ containment: 'failed' }));
  });

  it('refuses our credential, a person is told at once', async () => {
    world.revoker.mood = 'denies';
    await world.start();
    await world.finds(theft());
    await until(() => expect(world.notifier.transitions()).toEqual(['failed']));
    expect(world.revoker.calls).toHaveLength(1);
    expect(world.skewMs).toBe(0);
  });

  it('takes a block over and forgets it, it is not called blocked', async () => {
    world.revoker.mood = 'deaf';
    await world.start();
    await world.finds(theft());
    await until(() => expect(world.notifier.transitions()).toEqual(['failed']));
    await until(() => expect(world.incident()).toMatchObject({ containment: 'failed' }));
    expect(world.notifier.sent.at(-1)?.whatWasDone).toContain('not blocked');
  });

  it('is not set up, the incident says so', async () => {
    await world.start();
    await world.finds(theft({ gateway: 'other' }));
    await until(() => expect(world.notifier.transitions()).toEqual(['failed']));
    expect(world.notifier.sent.at(-1)?.whatWasDone).toContain('“other”');
  });
});

describe('without an audit record', () => {
  it('nothing is called, the incident says so, and detection and messages go on', async () => {
    world.audit.isFull = true;
    await world.start();
    await world.finds(theft());
    await until(() => expect(world.notifier.transitions()).toEqual(['failed']));
    expect(world.revoker.calls).toEqual([]);
    await until(() => expect(String(world.incident()['detail'])).toContain('No audit record, no action'));
    await world.finds(theftOf(1));
    await until(() => expect(world.store.incidents().size).toBe(2));
    expect(world.revoker.calls).toEqual([]);
  });

  it('an action waits where that passes, as while brokers change who leads', async () => {
    world.audit.isAway = true;
    await world.start();
    await world.finds(theft());
    await until(() => expect(world.store.incidents().size).toBe(1));
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(world.revoker.calls).toEqual([]);
    world.audit.isAway = false;
    await until(() => expect(world.audit.actions()).toEqual(['block-requested', 'block-accepted']));
    expect(world.notifier.transitions()).toEqual(['contained']);
  });

  it('what happened meanwhile is audited as soon as it can be', async () => {
    world.audit.isFull = true;
    await world.start();
    await world.finds(theft());
    await until(() => expect(world.notifier.transitions()).toEqual(['failed']));
    world.audit.isFull = false;
    await world.asks(aCommand(String(world.incident()['incident_id']), 'block', { at: world.now() }));
    await until(() =>
      expect(world.audit.actions()).toEqual(['block-refused', 'block-requested', 'block-accepted']),
    );
    await until(() => expect(world.store.rows('audit')).toHaveLength(3));
  });
});

describe('a storm', () => {
  it('of 500 certain thefts blocks exactly the cap and makes one page', async () => {
    const many = new RespondWorld(500);
    world = many;
    await many.start();
    await many.finds(...Array.from({ length: 500 }, (_, number) => theftOf(number)));
    await until(() => expect(many.store.incidents().size).toBe(500));
    await until(() =>
      expect(many.notifier.transitions().filter((one) => one === 'contained')).toHaveLength(3),
    );
    expect(many.revoker.count('block')).toBe(3);
    expect(many.notifier.transitions().sort()).toEqual([
      'caps-reached',
      'contained',
      'contained',
      'contained',
    ]);
    const waiting = [...many.store.incidents().values()].filter((row) =>
      String(row['detail']).includes('"reason":"caps-10-minutes"'),
    );
    expect(waiting).toHaveLength(497);
  });

  it('of messages and rows that cannot be delivered does not hold up the call at the gateway', async () => {
    world.settings = { ...SETTINGS, caps: { ...SETTINGS.caps, per10min: 100, perHour: 100, perDay: 100 } };
    const calledAt = new Map<string, number>();
    await world.start((port, call) => {
      if (port === 'revoker.block') calledAt.set(world.revoker.calls.at(-1)?.keyId ?? '', performance.now());
      return call();
    });
    world.store.isAway = true;
    world.notifier.mood = 'away';
    for (let number = 0; number < 10; number += 1) {
      const at = performance.now();
      await world.finds(theftOf(number));
      await until(() => expect(calledAt.has(aKeyId(number))).toBe(true));
      expect((calledAt.get(aKeyId(number)) ?? Infinity) - at).toBeLessThan(100);
    }
  });
});

describe('when the store is away', () => {
  it('keys are blocked and people told, and nothing is missing or double afterwards', async () => {
    world.store.isAway = true;
    await world.start();
    await world.finds(theft());
    await until(() => expect(world.notifier.transitions()).toEqual(['contained']));
    world.store.isAway = false;
    await until(() => expect(world.store.rows('audit')).toHaveLength(2));
    expect(world.store.rows('actions')).toHaveLength(3);
    expect(world.store.rows('findings')).toHaveLength(1);
  });

  it('rows wait over a restart', async () => {
    world.store.isAway = true;
    await world.start();
    await world.finds(theft());
    await until(() => expect(world.notifier.transitions()).toEqual(['contained']));
    await world.stop();
    expect(world.store.rows('incidents')).toEqual([]);
    world.store.isAway = false;
    await world.start();
    await until(() => expect(world.store.rows('audit')).toHaveLength(2));
    expect(world.store.rows('actions').map((row) => row['state'])).toEqual(['requested', 'sent', 'accepted']);
  }, 20_000);
});

describe('messages', () => {
  it('are sent again until they are taken, each once', async () => {
    world.notifier.mood = 'away';
    await world.start();
    await world.finds(theft());
    await until(() => expect(world.notifier.attempts).toBeGreaterThan(0));
    world.notifier.mood = 'takes';
    world.skewMs += 10_000;
    await until(() => expect(world.notifier.transitions()).toEqual(['contained']));
    const ids = world.notifier.sent.map(({ notificationId }) => notificationId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it.each([
    { mood: 'away', isFailing: true, story: 'is away' },
    { mood: 'refuses', isFailing: true, story: 'refuses for good' },
    { mood: 'takes', isFailing: false, story: 'takes them' },
  ] as const)('it is known how a channel does that $story', async ({ mood, isFailing }) => {
    world.notifier.mood = mood;
    const respond = await world.start();
    expect(respond.channels()).toEqual([{ channel: 'memory', waiting: 0, isFailing: false }]);
    await world.finds(theft());
    await until(() => {
      world.skewMs += 60_000;
      expect(respond.channels()).toMatchObject([{ isFailing }]);
    });
    world.notifier.mood = 'takes';
    await world.finds(theftOf(1));
    await until(() => {
      world.skewMs += 60_000;
      expect(respond.channels()).toEqual([{ channel: 'memory', waiting: 0, isFailing: false }]);
    });
  });

  it('that are refused for good are counted and not sent again', async () => {
    world.notifier.mood = 'refuses';
    await world.start();
    await world.finds(theft());
    await until(() => expect(world.notifier.attempts).toBe(1));
    expect(await metric('notifications_total')).toContain('result="refused"} 1');
    await world.stop();
    world.notifier.mood = 'takes';
    await world.start();
    await world.finds(theftOf(1));
    await until(() => expect(world.notifier.sent).toHaveLength(1));
    expect(world.notifier.sent.every(({ incident }) => incident?.keyId === aKeyId(1))).toBe(true);
  });

  it('wait over a restart and keep their ids', async () => {
    world.notifier.mood = 'away';
    await world.start();
    await world.finds(theft());
    await until(() => expect(world.incident()).toMatchObject({ containment: 'accepted' }));
    await world.stop();
    world.notifier.mood = 'takes';
    await world.start();
    await until(() => expect(world.notifier.transitions()).toEqual(['contained']));
  });
});

describe('freezing', () => {
  it('stops what waits for the gateway, is told, and stays over a restart', async () => {
    world.revoker.mood = 'away';
    const respond = await world.start();
    await world.asks(aFreeze(true));
    await until(() => expect(respond.isFrozen()).toBe(true));
    await world.finds(theft());
    await until(() => expect(world.notifier.transitions()).toEqual(['frozen', 'opened']));
    expect(world.revoker.calls).toEqual([]);
    expect(await metric('frozen')).toContain('frozen 1');
    await world.stop();
    expect((await world.start()).isFrozen()).toBe(true);
  });
});

describe('facts of others', () => {
  it('are audited and kept: leak reports and canaries', async () => {
    const leak: Fact = {
      type: 'leak',
      keyId: aKeyId(),
      at: world.now(),
      source: 'github',
      url: 'https://git.example.com/x',
      foundAt: world.now(),
      isVerified: true,
    };
    await world.start();
    await world.outside.append('facts', [{ key: leak.keyId, id: 'leak-1', value: JSON.stringify(leak) }]);
    await world.finds();
    await world.asks(aCommand('inc_none', 'acknowledge'));
    await world.stop();
    await world.start();
    await until(() => expect(world.audit.actions()).toContain('leak-reported'));
    await until(() =>
      expect(world.store.rows('leaked_keys')).toMatchObject([
        { key_id: aKeyId(), source: 'github', is_verified: 1 },
      ]),
    );
  });
});

describe('a canary', () => {
  it('is not minted when its audit record comes too late for whoever asked', async () => {
    const respond = await world.start();
    const known = world.revoker.keys.size;
    world.audit.isAway = true;
    const created = respond.createCanary({ gateway: 'litellm', place: 'wiki', actor: 'dana' });
    const refused = expect(created).rejects.toMatchObject({ code: 'E_BUSY' });
    world.skewMs += 16_000;
    world.audit.isAway = false;
    await refused;
    expect(world.revoker.keys.size).toBe(known);
    expect(world.facts()).toEqual([]);
  });

  it('is audited, minted at the gateway, and told to detect', async () => {
    const respond = await world.start();
    const canary = await respond.createCanary({ gateway: 'litellm', place: 'wiki', actor: 'dana' });
    expect(world.revoker.keys.has(canary.keyId)).toBe(true);
    expect(world.facts()).toMatchObject([{ type: 'canary', keyId: canary.keyId, place: 'wiki' }]);
    await until(() => expect(world.audit.actions()).toEqual(['canary-requested', 'canary-created']));
    await until(() =>
      expect(world.store.rows('leaked_keys')).toMatchObject([
        { key_id: canary.keyId, type: 'canary', place: 'wiki' },
      ]),
    );
    expect(
      JSON.stringify([world.audit.records, world.facts(), world.store.rows('leaked_keys')]),
    ).not.toContain(canary.key);
  });

  it('is not minted without an audit record', async () => {
    world.audit.isFull = true;
    const respond = await world.start();
    await expect(
      respond.createCanary({ gateway: 'litellm', place: 'wiki', actor: 'dana' }),
    ).rejects.toMatchObject({ code: 'E_AUDIT_UNAVAILABLE' });
    expect(world.revoker.keys.size).toBe(12);
  });

  it('names the gateways there are when asked for another', async () => {
    const respond = await world.start();
    await expect(
      respond.createCanary({ gateway: 'other', place: 'wiki', actor: 'dana' }),
    ).rejects.toMatchObject({ code: 'E_NOT_FOUND', message: expect.stringContaining('litellm') as unknown });
  });
});

describe('a damaged record', () => {
  it('is left out and counted, and the next one is handled', async () => {
    await world.start();
    await world.outside.append('findings', [{ key: '', id: 'x', value: '{"torn' }]);
    await world.finds(theft());
    await until(() => expect(world.incident()).toMatchObject({ containment: 'accepted' }));
    expect(await metric('records_rejected_total')).toContain('damaged_record');
  });
});
