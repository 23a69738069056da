import { describe, expect, it } from 'vitest';
import type { KeyId } from '../../../detectors/event.ts';
import { createCore } from '../../../detectors/core.ts';
import { FactBook } from '../../../detectors/lib/fact-book.ts';
import { newProfile } from '../../../detectors/profile.ts';
import { anEvent } from '../../support/events.ts';
import { contextOf } from '../../support/networks.ts';

const keyOf = (at: number) => at.toString(16).padStart(64, '0') as KeyId;
const leak = (at: number) =>
  ({ type: 'leak', keyId: keyOf(at), at, source: 's', url: '', foundAt: at, isVerified: true }) as const;

const NO_KEYS = { has: () => false, get: () => undefined };

describe('facts about keys', () => {
  it('are kept for a hundred thousand keys, and canaries for longer than reports', () => {
    const book = new FactBook(NO_KEYS);
    book.apply({ type: 'canary', keyId: keyOf(0), at: 0, place: 'wiki', gateway: 'litellm' }, undefined);
    for (let at = 1; at <= 100_005; at += 1) book.apply(leak(at), undefined);
    expect(book.get(keyOf(0))?.canary?.place).toBe('wiki');
    expect(book.get(keyOf(1))).toBeUndefined();
    expect(book.save(keyOf(1))).toBeUndefined();
    expect(book.get(keyOf(100_005))).toBeDefined();
  });

  it('stay about keys that are in use, however many leaks of other keys are reported', () => {
    const used = newProfile(anEvent());
    const book = new FactBook({
      has: (keyId) => keyId === keyOf(0),
      get: (keyId) => (keyId === keyOf(0) ? used : undefined),
    });
    for (let at = 0; at <= 100_005; at += 1) book.apply(leak(at), undefined);
    expect(book.get(keyOf(0))?.leak?.at).toBe(0);
    expect(book.get(keyOf(1))).toBeUndefined();
  });

  it('that make room are gone for the calls too, as they would be after a restart', () => {
    const core = createCore({
      partition: 0,
      partitions: 1,
      learningMs: 0,
      maxKeys: 1_000,
      maxReadyKeys: 1_000,
    });
    const use = (ts: number) =>
      core
        .judge(anEvent({ ts, keyId: keyOf(0) }), contextOf('home'))
        .filter(({ certainty }) => certainty !== undefined);
    const at = anEvent().ts;
    use(at);
    core.applyFact(leak(0));
    for (let other = 1; other < 100_000; other += 1)
      core.applyFact({ type: 'canary', keyId: keyOf(other), at: 0, place: 'wiki', gateway: 'litellm' });
    expect(use(at + 1)).toHaveLength(1);
    core.applyFact(leak(100_000));
    expect(core.save(`facts:${keyOf(0)}`)).toBeUndefined();
    expect(use(at + 2 * 3_600_000)).toEqual([]);
  });

  it('keep what was taken out of service, however many leaks are reported', () => {
    const book = new FactBook(NO_KEYS);
    book.apply({ type: 'revoked', keyId: keyOf(0), at: 1, incidentId: 'inc_1', by: 'policy' }, undefined);
    for (let at = 1; at <= 100_000; at += 1) book.apply(leak(at), undefined);
    expect(book.get(keyOf(0))?.revokedAt).toBe(1);
    expect(book.get(keyOf(1))).toBeUndefined();
  });

  it('are told as changed once each, also when they make room', () => {
    const book = new FactBook(NO_KEYS);
    for (let at = 0; at < 100_000; at += 1) book.apply(leak(at), undefined);
    book.takeChanged();
    book.apply(leak(100_000), undefined);
    expect(book.takeChanged().sort()).toEqual([keyOf(0), keyOf(100_000)]);
    expect(book.takeChanged()).toEqual([]);
  });

  it.each([
    { story: 'the newer of two sure reports', first: [1, true], second: [2, true], at: 2 },
    { story: 'the sure one before a newer unsure one', first: [1, true], second: [2, false], at: 1 },
    { story: 'a sure one after an unsure one', first: [2, false], second: [1, true], at: 1 },
  ] as const)('keep $story', ({ first, second, at }) => {
    const book = new FactBook(NO_KEYS);
    for (const [when, isVerified] of [first, second]) {
      book.apply({ ...leak(7), at: when, isVerified }, undefined);
    }
    expect(book.get(keyOf(7))?.leak?.at).toBe(at);
  });

  it('accept a bounded number of indicators, the newest ones', () => {
    const book = new FactBook(NO_KEYS);
    for (let at = 0; at < 100; at += 1) {
      const indicators = [`client:c${at}`, 'asn:64500', 'ip:192.0.2.1'];
      book.apply(
        { type: 'verdict', keyId: keyOf(1), at, incidentId: 'i', verdict: 'ours', indicators, until: 9 },
        undefined,
      );
    }
    const accepted = book.get(keyOf(1))?.accepted.map(({ indicator }) => indicator);
    expect(accepted).toHaveLength(64);
    expect(accepted?.at(-1)).toBe('client:c99');
    expect(accepted?.some((one) => one.startsWith('asn:') || one.startsWith('ip:'))).toBe(false);
  });

  it('drop a hostile network when a later verdict calls it ours', () => {
    const book = new FactBook(NO_KEYS);
    const told = { keyId: keyOf(1), at: 1, incidentId: 'i', indicators: ['network:a'], until: 9 };
    const verdict = { type: 'verdict' as const, ...told };
    expect(book.apply({ ...verdict, verdict: 'attack' }, undefined).hostile).toEqual(['network:a']);
    expect(book.apply({ ...verdict, verdict: 'ours' }, undefined).hostile).toEqual([]);
  });
});
