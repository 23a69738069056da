import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Event, KeyId } from '../../detectors/event.ts';
import { IP_TRUSTS, OUTCOMES } from '../../detectors/event.ts';
import { decodeEvent, encodeEvent } from '../../services/topics.ts';
import { anEvent } from '../support/events.ts';

const text = fc.string({ unit: 'grapheme', maxLength: 20 });
const whole = fc.nat({ max: 2 ** 50 });
const events: fc.Arbitrary<Event> = fc.record({
  eventId: text,
  gateway: text,
  ts: whole,
  durationMs: whole,
  receivedAt: whole,
  keyId: text.map((value) => value as KeyId),
  keyAlias: text,
  team: text,
  teamAlias: text,
  user: text,
  endUserHash: text,
  ip: fc.ipV6(),
  ipTrust: fc.constantFrom(...IP_TRUSTS),
  client: text,
  clientMajor: text,
  userAgent: text,
  model: text,
  provider: text,
  callType: text,
  status: fc.constantFrom('success', 'failure'),
  outcome: fc.constantFrom(...OUTCOMES),
  errorCode: text,
  promptTokens: whole,
  completionTokens: whole,
  cachedTokens: whole,
  totalTokens: whole,
  maxTokens: whole,
  costUsd: fc.double({ min: 0, max: 1_000, noNaN: true }),
  traceId: text,
  isImport: fc.boolean(),
});

describe('a record of the topic `events`', () => {
  it('gives back the event it was made of', () => {
    const property = fc.property(events, (event) => {
      expect(decodeEvent(encodeEvent(event))).toEqual(event);
    });
    fc.assert(property, { seed: 5, numRuns: 1_000 });
  });

  it('holds every field of an event', () => {
    const event = anEvent();
    for (const name of Object.keys(event) as (keyof Event)[]) {
      const other =
        typeof event[name] === 'number' ? 7_777 : typeof event[name] === 'boolean' ? true : 'changed';
      const changed = { ...event, [name]: other };
      expect(decodeEvent(encodeEvent(changed))?.[name]).toBe(other);
    }
  });

  it.each([
    ['nothing', ''],
    ['half a record', encodeEvent(anEvent()).slice(0, -20)],
    ['another shape', JSON.stringify(anEvent())],
    ['another version', encodeEvent(anEvent()).replace(/,1\]$/, ',2]')],
    ['too few cells', '[1]'],
    ['null', 'null'],
  ])('that is damaged (%s) is no event', (_story, value) => {
    expect(decodeEvent(value)).toBeUndefined();
  });
});
