import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCore } from '../../detectors/core.ts';
import type { Core, CoreSettings, Fact, Signal } from '../../detectors/detector.ts';
import type { Event, KeyId } from '../../detectors/event.ts';
import { DETECTORS } from '../../detectors/registry.ts';
import { anEvent } from '../support/events.ts';
import { DAY, HOUR, KeyLife, LEARNING, START } from '../support/key-life.ts';
import { addressIn, contextOf } from '../support/networks.ts';
import type { NetworkName } from '../support/networks.ts';

const keyId = '1f'.repeat(32) as KeyId;

interface Step {
  afterMs: number;
  key: number;
  on: NetworkName;
  client: string;
  model: string;
  costUsd: number;
  outcome: 'ok' | 'model_denied' | 'unknown_key' | 'blocked_key';
  fact: Fact['type'] | undefined;
}

const networks: NetworkName[] = ['home', 'office', 'phone', 'hotel', 'far', 'cloud', 'vps', 'vpn', 'inside'];
const aStep: fc.Arbitrary<Step> = fc.record({
  afterMs: fc.oneof(fc.integer({ min: -10 * 60_000, max: HOUR }), fc.integer({ min: 0, max: 2 * DAY })),
  key: fc.integer({ min: 0, max: 2 }),
  on: fc.constantFrom(...networks),
  client: fc.constantFrom('openai-python', 'curl', 'go', ''),
  model: fc.constantFrom('gpt-4o-mini', 'gpt-4o', 'o3'),
  costUsd: fc.double({ min: 0, max: 8, noNaN: true }),
  outcome: fc.constantFrom('ok', 'ok', 'ok', 'model_denied', 'unknown_key', 'blocked_key'),
  fact: fc.option(fc.constantFrom('leak', 'canary', 'revoked', 'restored', 'verdict'), {
    nil: undefined,
    freq: 12,
  }),
});
const aRun = fc.array(aStep, { minLength: 20, maxLength: 80 });

interface Moment {
  event: Event;
  on: NetworkName;
  fact: Fact | undefined;
}

function eventsOf(steps: readonly Step[]): Moment[] {
  let ts = START;
  return steps.map(({ afterMs, key, outcome, on, fact, ...rest }, at) => {
    ts = Math.max(START, ts + afterMs);
    const status = outcome === 'ok' ? ('success' as const) : ('failure' as const);
    const names = { keyId: `${key}a`.repeat(32) as KeyId, keyAlias: `key-${key}`, team: `team-${key % 2}` };
    return {
      event: anEvent({ eventId: `e${at}`, ts, ip: addressIn(on), outcome, status, ...names, ...rest }),
      on,
      fact: fact === undefined ? undefined : factOf(fact, names.keyId, ts),
    };
  });
}

function factOf(type: Fact['type'], id: KeyId, at: number): Fact {
  const one = { keyId: id, at, incidentId: 'inc_1' };
  const indicators = ['network:192.0.5.0/24', 'client:curl', 'spend'];
  switch (type) {
    case 'leak':
      return { type, ...one, source: 'gitleaks', url: '', foundAt: at - HOUR, isVerified: true };
    case 'canary':
      return { type, ...one, place: 'wiki', gateway: 'litellm' };
    case 'revoked':
      return { type, ...one, by: 'policy' };
    case 'restored':
      return { type, ...one, graceUntil: at + DAY };
    case 'verdict':
      return {
        type,
        ...one,
        verdict: at % 2 === 0 ? 'ours' : 'attack',
        indicators,
        until: at + 90 * DAY,
      };
  }
}

function judge(core: Core, { event, on, fact }: Moment): Signal[] {
  const signals = [...core.judge({ ...event }, contextOf(on))];
  if (fact !== undefined) signals.push(...core.applyFact({ ...fact }));
  core.tick(event.ts);
  for (const rollup of core.drainRollups()) core.takeRollup(rollup);
  for (const minute of core.closeMinutes(Infinity)) signals.push(...core.judgeRollup(minute));
  return signals;
}

function newCore(changes: Partial<CoreSettings> = {}): Core {
  const settings = { partition: 0, partitions: 1, learningMs: 2 * DAY, maxKeys: 1_000, maxReadyKeys: 1_000 };
  return createCore({ ...settings, ...changes });
}

describe('whatever happens', () => {
  it('a core that was saved and restored says the same as one that was not', () => {
    fc.assert(
      fc.property(aRun, fc.array(fc.nat(150), { maxLength: 4 }), (steps, cuts) => {
        const whole = newCore();
        let cut = newCore();
        const saved = new Map<string, string>();
        eventsOf(steps).forEach((one, at) => {
          if (cuts.includes(at)) {
            for (const name of cut.takeChanged()) {
              const text = cut.save(name);
              if (text === undefined) saved.delete(name);
              else saved.set(name, text);
            }
            cut = newCore();
            for (const [name, text] of saved) cut.restore(name, text);
          }
          expect(judge(cut, one)).toEqual(judge(whole, one));
        });
      }),
      { numRuns: 25, endOnFailure: true },
    );
  });

  it('every signal has papers, plain lines with bits, and names its key', () => {
    const papers = new Map(DETECTORS.map((one) => [one.id, one]));
    fc.assert(
      fc.property(aRun, (steps) => {
        const core = newCore();
        for (const signal of eventsOf(steps).flatMap((one) => judge(core, one))) {
          const own = papers.get(signal.detector);
          expect(own?.kind).toBe(signal.kind);
          for (const line of signal.lines) {
            expect(own?.families).toContain(line.family);
            expect(line.text).toMatch(/^[A-Z].*\.$/);
            expect(line.bits * 10).toBeCloseTo(Math.round(line.bits * 10), 6);
            expect(Number.isFinite(line.bits)).toBe(true);
          }
          expect(signal.firstEventAt).toBeLessThanOrEqual(signal.ts);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('keys that were put aside meanwhile are judged as if they had not been', () => {
    fc.assert(
      fc.property(aRun, (steps) => {
        const [ready, aside] = [newCore(), newCore({ maxReadyKeys: 1 })];
        for (const one of eventsOf(steps)) expect(judge(aside, one)).toEqual(judge(ready, one));
      }),
      { numRuns: 30 },
    );
  });

  it('a late event moves no time backwards', () => {
    fc.assert(
      fc.property(aRun, fc.integer({ min: 1, max: 40 * DAY }), (steps, lateMs) => {
        const core = newCore();
        const events = eventsOf(steps);
        for (const one of events) judge(core, one);
        const last = events.at(-1);
        if (last === undefined) return;
        const before = core.describeKey(last.event.keyId)?.lastSeenAt ?? 0;
        // A key that was only guessed at becomes one by a report; then the late call is its first.
        if (before === 0) return;
        judge(core, { ...last, event: { ...last.event, eventId: 'late', ts: last.event.ts - lateMs } });
        expect(core.describeKey(last.event.keyId)?.lastSeenAt).toBe(before);
      }),
      { numRuns: 30 },
    );
  });

  it('a key’s state stays within bounds', () => {
    const life = new KeyLife();
    for (let at = 0; at < 3_000; at += 1) {
      const context = contextOf('far', {
        asn: 60_000 + at,
        country: 'KZ',
        range: `10.${at % 200}.${Math.floor(at / 200)}`,
      });
      life.call(START + at * 20 * 60_000, {
        context,
        on: 'far',
        ip: `10.9.8.${at}`,
        client: `other:${at}`,
        model: `model-${at}`,
      });
    }
    expect(life.core.save(`key:${keyId}`)?.length).toBeLessThan(40_000);
  });
});

describe('names of keys', () => {
  it('are told to events that lack them, because the gateway has deleted the key', () => {
    const core = newCore();
    core.judge(anEvent({ ts: START, teamAlias: 'search' }), contextOf('home'));
    const later = anEvent({
      ts: START + HOUR,
      keyAlias: '',
      team: '',
      teamAlias: '',
      user: '',
      outcome: 'unknown_key',
      status: 'failure',
    });
    core.judge(later, contextOf('home'));
    expect(later).toMatchObject({
      keyAlias: 'search-prod',
      team: 'team-search',
      teamAlias: 'search',
      user: 'dana',
    });
  });

  it('follow the newest event', () => {
    const core = newCore();
    core.judge(anEvent({ ts: START }), contextOf('home'));
    core.judge(anEvent({ ts: START + HOUR, keyAlias: 'renamed' }), contextOf('home'));
    expect(core.describeKey(keyId)?.keyAlias).toBe('renamed');
  });
});

describe('credentials that are no keys', () => {
  it.each([
    { story: 'no credential', keyId: '', outcome: 'no_key' },
    { story: 'a foreign one', keyId: 'foreign:0123456789abcdef', outcome: 'foreign_credential' },
    { story: 'an unknown key', keyId: '9d'.repeat(32), outcome: 'unknown_key' },
  ] as const)('leave no key behind: $story', ({ keyId: id, outcome }) => {
    const core = newCore();
    core.judge(
      anEvent({ ts: START, keyId: id as KeyId, outcome, status: 'failure', team: '' }),
      contextOf('vps'),
    );
    expect(core.describeKey(id as KeyId)).toBeUndefined();
    expect(core.takeChanged().filter((name) => name.startsWith('key:'))).toEqual([]);
  });
});

it('a key whose first event is a refusal is saved like any other', () => {
  const core = newCore();
  core.judge(anEvent({ ts: START, outcome: 'blocked_key', status: 'failure' }), contextOf('home'));
  expect(core.takeChanged()).toContain(`key:${keyId}`);
});

describe('learning', () => {
  it('keeps quiet about everything but facts and fixed limits in its first half', () => {
    const life = new KeyLife();
    life.work(0, 3);
    for (let call = 0; call < 50; call += 1)
      life.call(START + 3 * DAY + call * 60_000, { on: 'vps', client: 'curl', model: 'o3' });
    expect(life.signals).toEqual([]);
  });

  it.each([
    { day: 5, isLearning: true },
    { day: 8, isLearning: false },
  ])('is said of signals on day $day: $isLearning', ({ day, isLearning }) => {
    const life = new KeyLife();
    life.work(0, day);
    for (let call = 0; call < 5; call += 1)
      life.call(START + day * DAY + call * 60_000, { on: 'vps', client: 'curl' });
    expect(life.signals.length).toBeGreaterThan(0);
    expect(life.signals.every((signal) => signal.isLearning === isLearning)).toBe(true);
    expect(life.core.describeKey(keyId)?.isLearning).toBe(isLearning);
  });

  it('ends after the time it was given', () => {
    const core = createCore({
      partition: 0,
      partitions: 1,
      learningMs: LEARNING,
      maxKeys: 1_000,
      maxReadyKeys: 1_000,
    });
    core.judge(anEvent({ ts: START }), contextOf('home'));
    core.judge(anEvent({ ts: START + LEARNING - 1 }), contextOf('home'));
    expect(core.describeKey(keyId)?.isLearning).toBe(true);
    core.judge(anEvent({ ts: START + LEARNING }), contextOf('home'));
    expect(core.describeKey(keyId)?.isLearning).toBe(false);
  });
});

describe('forgetting', () => {
  it('makes room for new keys at the cost of those with the fewest calls, and counts them', () => {
    const core = createCore({ partition: 0, partitions: 1, learningMs: 0, maxKeys: 50, maxReadyKeys: 50 });
    const keyOf = (at: number) => at.toString(16).padStart(64, '0') as KeyId;
    const use = (at: number, ts: number) => core.judge(anEvent({ ts, keyId: keyOf(at) }), contextOf('home'));
    for (let at = 0; at < 10; at += 1)
      for (let call = 0; call < 3; call += 1) use(at, START + at + call * 1_000);
    core.applyFact({ type: 'canary', keyId: keyOf(10), at: START, place: 'wiki', gateway: 'litellm' });
    for (let at = 10; at < 1_000; at += 1) use(at, START + 10_000 + at);
    const known = Array.from({ length: 1_000 }, (_, at) => at).filter((at) => core.describeKey(keyOf(at)));
    expect(known).toHaveLength(50);
    expect(known.slice(0, 11)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(core.takeForgotten()).toBe(950);
    expect(core.takeForgotten()).toBe(0);
    expect(core.takeChanged()).toContain(`key:${keyOf(11)}`);
    expect(core.save(`key:${keyOf(11)}`)).toBeUndefined();
  });

  it('makes room for new teams at the cost of the newest ones', () => {
    const core = newCore();
    const spend = (team: number, minute: number) =>
      core.judgeRollup({
        team: `team-${team.toString()}`,
        minute: START + minute * 60_000,
        partition: 0,
        calls: 1,
        totalTokens: 1,
        costUsd: 1,
        keys: [],
      });
    spend(0, 0);
    for (let team = 1; team <= 20_100; team += 1) spend(team, team);
    expect(core.takeForgotten()).toBe(101);
    expect(core.save('team:team-0')).toBeDefined();
  });

  it('drops keys after more than a year of silence, unless a fact is known about them', () => {
    const core = newCore();
    const known = '2b'.repeat(32) as KeyId;
    core.judge(anEvent({ ts: START }), contextOf('home'));
    core.judge(anEvent({ ts: START, keyId: known }), contextOf('home'));
    core.applyFact({ type: 'canary', keyId: known, at: START, place: 'wiki', gateway: 'litellm' });
    core.takeChanged();
    core.tick(START + 399 * DAY);
    expect(core.describeKey(keyId)).toBeDefined();
    core.tick(START + 401 * DAY);
    expect(core.describeKey(keyId)).toBeUndefined();
    expect(core.describeKey(known)).toBeDefined();
    expect(core.takeChanged()).toContain(`key:${keyId}`);
    expect(core.save(`key:${keyId}`)).toBeUndefined();
  });
});
