import { describe, expect, it } from 'vitest';
import type { KeyId } from '../../../detectors/event.ts';
import { ContainmentWatch } from '../../../services/detect/containment-watch.ts';
import { anEvent } from '../../support/events.ts';

const keyId = 'a'.repeat(64) as KeyId;
const blockedAt = 1_000_000;
const revoked = { type: 'revoked', keyId, at: blockedAt, incidentId: 'inc_1', by: 'policy' } as const;

function watching(): ContainmentWatch {
  const watch = new ContainmentWatch();
  watch.applyFact(revoked);
  return watch;
}

describe('ContainmentWatch', () => {
  it('reports the first denial of a blocked key, and only the first', () => {
    const watch = watching();
    const denied = anEvent({ keyId, outcome: 'blocked_key', status: 'failure', ts: blockedAt + 5_000 });
    expect(watch.observe(denied)).toMatchObject({ outcome: 'denied' });
    expect(watch.observe(denied)).toBeUndefined();
  });

  it.each([
    { story: 'of an earlier block', afterMs: -1, isProof: false },
    { story: 'from the moment the gateway was told', afterMs: 0, isProof: true },
    { story: 'before the gateway showed the block', afterMs: 40, isProof: true },
  ])('takes a denial $story for a proof: $isProof', ({ afterMs, isProof }) => {
    const watch = new ContainmentWatch();
    const sentAt = blockedAt - 50;
    watch.applyFact({ ...revoked, sentAt });
    const denial = { keyId, outcome: 'blocked_key', status: 'failure', ts: sentAt + afterMs } as const;
    expect(watch.observe(anEvent(denial)) !== undefined).toBe(isProof);
  });

  it.each([
    { story: 'of before the gateway was told', afterMs: -1, isProof: false },
    { story: 'that came here before the fact of the block', afterMs: 10, isProof: true },
  ])('takes a denial $story for a proof: $isProof', ({ afterMs, isProof }) => {
    const before = new ContainmentWatch();
    const sentAt = blockedAt - 50;
    const denial = anEvent({ keyId, outcome: 'blocked_key', status: 'failure', ts: sentAt + afterMs });
    expect(before.observe(denial)).toBeUndefined();
    const watch = new ContainmentWatch();
    watch.restore(before.save());
    const proof = watch.applyFact({ ...revoked, sentAt });
    expect(proof?.type === 'observed' && proof.outcome === 'denied').toBe(isProof);
    const next = anEvent({ keyId, outcome: 'blocked_key', status: 'failure', ts: blockedAt + 1_000 });
    expect(watch.observe(next) !== undefined).toBe(!isProof);
  });

  it('reports a denial again after a success', () => {
    const watch = watching();
    const denial = { keyId, outcome: 'blocked_key', status: 'failure' } as const;
    expect(watch.observe(anEvent({ ...denial, ts: blockedAt + 1_000 }))).toBeDefined();
    expect(watch.observe(anEvent({ keyId, ts: blockedAt + 3_000, durationMs: 0 }))).toBeDefined();
    expect(watch.observe(anEvent({ ...denial, ts: blockedAt + 4_000 }))).toMatchObject({ outcome: 'denied' });
  });

  it('reports a success that began after the block', () => {
    const success = anEvent({ keyId, ts: blockedAt + 5_000, durationMs: 1_000 });
    expect(watching().observe(success)).toMatchObject({ outcome: 'success', startedAt: blockedAt + 4_000 });
  });

  it('does not take a stream that was running when the key was blocked for a breach', () => {
    const stream = anEvent({ keyId, ts: blockedAt + 5_000, durationMs: 9_000 });
    expect(watching().observe(stream)).toBeUndefined();
  });

  it('does not flood respond while a block has no effect', () => {
    const watch = watching();
    const reported = Array.from({ length: 100 }, (_, index) =>
      watch.observe(anEvent({ keyId, ts: blockedAt + 1_000 + index * 10, durationMs: 0 })),
    );
    expect(reported.filter((one) => one !== undefined)).toHaveLength(3);
  });

  it('forgets a key that was given back', () => {
    const watch = watching();
    watch.applyFact({
      type: 'restored',
      keyId,
      at: blockedAt + 1,
      incidentId: 'inc_1',
      graceUntil: blockedAt + 2,
    });
    expect(watch.observe(anEvent({ keyId, ts: blockedAt + 5_000 }))).toBeUndefined();
  });

  it('remembers what it watches over a restart', () => {
    const watch = new ContainmentWatch();
    watch.restore(watching().save());
    expect(watch.observe(anEvent({ keyId, ts: blockedAt + 5_000 }))).toBeDefined();
  });

  it('tells successes apart whose call id the caller chose to be the same', () => {
    const watch = watching();
    const success = { keyId, eventId: 'chosen', durationMs: 10 } as const;
    const first = watch.observe(anEvent({ ...success, ts: blockedAt + 1_000 }));
    const second = watch.observe(anEvent({ ...success, ts: blockedAt + 2_000 }));
    expect(first?.commandId).not.toBe(second?.commandId);
  });
});
