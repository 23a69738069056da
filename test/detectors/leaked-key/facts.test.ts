import { describe, expect, it } from 'vitest';
import type { Fact } from '../../../detectors/detector.ts';
import type { KeyId, Outcome } from '../../../detectors/event.ts';
import { DAY, HOUR, KeyLife, START } from '../../support/key-life.ts';

const keyId = '1f'.repeat(32) as KeyId;
const now = START + 10 * DAY;

function leak(changes: Partial<Extract<Fact, { type: 'leak' }>> = {}): Fact {
  return {
    type: 'leak',
    keyId,
    at: now,
    source: 'gitleaks',
    url: '',
    foundAt: now - HOUR,
    isVerified: true,
    ...changes,
  };
}
const canary: Fact = { type: 'canary', keyId, at: now, place: 'wiki page', gateway: 'litellm' };
const revoked: Fact = { type: 'revoked', keyId, at: now, incidentId: 'inc_1', by: 'policy' };

describe('a canary', () => {
  it.each<Outcome>(['ok', 'model_denied', 'over_budget', 'expired_key', 'unknown_key'])(
    'is certain evidence when a call with it ends as %s',
    (outcome) => {
      const life = new KeyLife();
      life.core.applyFact(canary);
      const status = outcome === 'ok' ? 'success' : 'failure';
      const [signal] = life.call(now + HOUR, { outcome, status });
      expect(signal).toMatchObject({ detector: 'canary-used', certainty: 'canary-used', kind: 'leaked_key' });
      expect(signal?.lines[0]?.text).toContain('wiki page');
    },
  );

  it('says nothing when it is refused because it was blocked', () => {
    const life = new KeyLife();
    life.core.applyFact(canary);
    expect(life.call(now + HOUR, { outcome: 'blocked_key', status: 'failure' })).toEqual([]);
  });
});

describe('a key reported as leaked', () => {
  it.each([
    { story: 'used a millisecond after it was found', usedAt: now - HOUR + 1, certainty: 'leak-in-use' },
    { story: 'used at the moment it was found', usedAt: now - HOUR, certainty: undefined },
    { story: 'used before', usedAt: now - 2 * HOUR, certainty: undefined },
  ])('$story', ({ usedAt, certainty }) => {
    const life = new KeyLife();
    life.core.applyFact(leak());
    const signals = life.call(usedAt);
    expect(signals.find(({ detector }) => detector === 'leak-in-use')?.certainty).toBe(certainty);
  });

  it.each<[Outcome, boolean]>([
    ['ok', true],
    ['rate_limited', true],
    ['model_denied', true],
    ['expired_key', false],
    ['unknown_key', false],
  ])('counts as in use after a call that ends as %s: %s', (outcome, isInUse) => {
    const life = new KeyLife();
    life.call(now - 2 * DAY);
    life.core.applyFact(leak());
    const signals = life.call(now + HOUR, { outcome, status: outcome === 'ok' ? 'success' : 'failure' });
    expect(signals.some(({ certainty }) => certainty === 'leak-in-use')).toBe(isInUse);
  });

  it('is never certain when the reporter was not sure', () => {
    const life = new KeyLife();
    life.core.applyFact(leak({ isVerified: false }));
    const [signal] = life.call(now + HOUR);
    expect(signal).toMatchObject({ detector: 'leak-in-use', certainty: undefined });
    expect(signal?.lines[0]?.bits).toBe(8);
  });

  it('is certain at once when it was used since it was found, and high when it was not', () => {
    const used = new KeyLife();
    used.call(now - HOUR / 2);
    expect(used.core.applyFact(leak())[0]).toMatchObject({ certainty: 'leak-in-use' });
    const quiet = new KeyLife();
    quiet.call(now - 2 * DAY);
    const [signal] = quiet.core.applyFact(leak());
    expect(signal).toMatchObject({ certainty: undefined });
    expect(signal?.lines[0]).toMatchObject({ feature: 'leak-reported', bits: 12 });
  });

  it('is not reported when nobody here ever saw the key', () => {
    expect(new KeyLife().core.applyFact(leak())).toEqual([]);
  });

  it('is not raised again by an unsure report after a sure one', () => {
    const life = new KeyLife();
    life.core.applyFact(leak());
    life.core.applyFact(leak({ at: now + HOUR, isVerified: false, source: 'forum' }));
    expect(life.call(now + 2 * HOUR)[0]?.certainty).toBe('leak-in-use');
  });
});

describe('a revoked key', () => {
  it.each([
    { story: 'a call that began 90 s later', startsMs: 90_000, isCertain: false },
    { story: 'a call that began just over 90 s later', startsMs: 90_001, isCertain: true },
    { story: 'a stream that began before and ended long after', startsMs: -1_000, isCertain: false },
  ])('$story: certain is $isCertain', ({ startsMs, isCertain }) => {
    const life = new KeyLife();
    life.call(now - HOUR);
    life.core.applyFact(revoked);
    const durationMs = 10 * 60_000;
    const signals = life.call(now + startsMs + durationMs, { durationMs });
    expect(signals.some(({ certainty }) => certainty === 'used-after-revocation')).toBe(isCertain);
  });

  it('is not accused for being refused, and learns nothing from refusals', () => {
    const life = new KeyLife();
    life.work(0, 10);
    life.core.applyFact(revoked);
    const before = life.core.describeKey(keyId)?.profile;
    const denied = { outcome: 'blocked_key', status: 'failure', client: 'curl', on: 'vps' } as const;
    for (let minute = 0; minute < 60; minute += 1)
      expect(life.call(now + minute * 60_000, denied)).toEqual([]);
    expect(life.core.describeKey(keyId)?.profile).toEqual(before);
  });

  it('may be used again once it is restored', () => {
    const life = new KeyLife();
    life.call(now - HOUR);
    life.core.applyFact(revoked);
    life.core.applyFact({
      type: 'restored',
      keyId,
      at: now + HOUR,
      incidentId: 'inc_1',
      graceUntil: now + DAY,
    });
    expect(life.call(now + 2 * HOUR)).toEqual([]);
  });
});

describe('grace after a restore', () => {
  it('is quiet about the same leak until it ends, then speaks again', () => {
    const life = new KeyLife();
    life.core.applyFact(leak());
    life.call(now + 1);
    life.core.applyFact({
      type: 'restored',
      keyId,
      at: now + HOUR,
      incidentId: 'inc_1',
      graceUntil: now + DAY,
    });
    expect(life.call(now + DAY - 1)).toEqual([]);
    expect(life.call(now + DAY + HOUR)[0]?.certainty).toBe('leak-in-use');
  });
});

describe('a record that lies about whose key it is', () => {
  const owned = { team: 'payments', keyAlias: 'payments-api' };
  const forged = { team: 'somebody-else', keyAlias: 'payments-api' };

  it('does not keep quiet the genuine call that follows, and the genuine one is told under its own name', () => {
    const life = new KeyLife();
    life.work(0, 3, owned);
    life.core.applyFact(leak());
    const [lie] = life.call(now, forged);
    const [truth] = life.call(now + 60_000, owned);
    expect(lie?.team).toBe('somebody-else');
    expect(truth).toMatchObject({ team: 'payments', certainty: 'leak-in-use', dedupKey: lie?.dedupKey });
  });

  it('does not put its name on genuine calls by dating itself ahead', () => {
    const life = new KeyLife();
    life.work(0, 3, owned);
    life.core.applyFact(leak());
    life.call(now + 4 * 60_000, forged);
    expect(life.call(now + 5 * 60_000, owned)[0]?.team).toBe('payments');
    const other = new KeyLife();
    other.work(0, 3, owned);
    other.call(now + 4 * 60_000, forged);
    other.core.applyFact(leak());
    expect(other.call(now + 60_000, owned)[0]?.team).toBe('payments');
  });

  it('does not keep quiet genuine calls by coming again and again, dated ahead', () => {
    const life = new KeyLife();
    life.work(0, 3, owned);
    life.core.applyFact(leak());
    const told: number[] = [];
    for (let second = 0; second < 6 * 3_600; second += 10) {
      const ts = now + second * 1_000;
      if (second % 300 === 0)
        life.call(ts + 290_000, { ...forged, keyAlias: `forged-${String(second % 3_600)}` });
      if (life.call(ts, owned).some(({ team }) => team === 'payments')) told.push(second);
    }
    expect(told[0]).toBe(0);
    expect(told.length).toBeGreaterThanOrEqual(6);
  });

  it('makes no more of a story than one finding an hour for each name', () => {
    const life = new KeyLife();
    life.work(0, 3, owned);
    life.core.applyFact(leak());
    const told = Array.from({ length: 120 }, (_, second) =>
      life.call(now + second * 1_000, second % 2 === 0 ? owned : forged),
    ).flat();
    expect(told.filter(({ detector }) => detector === 'leak-in-use')).toHaveLength(2);
  });
});
