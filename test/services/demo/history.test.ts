import { describe, expect, it } from 'vitest';
import type { Event } from '../../../detectors/event.ts';
import { historyBodies } from '../../../services/demo/history.ts';
import { STORY_KEYS, THEFT } from '../../../services/demo/story.ts';
import { createAddressResolver } from '../../../services/gateways/client-address.ts';
import { litellmFormat } from '../../../services/gateways/litellm.ts';
import { readRecords } from '../../../services/ingest/records.ts';
import { Secret } from '../../../services/secret.ts';

const UNTIL = Date.UTC(2026, 10, 24, 12, 30);
const keys = STORY_KEYS.map((key, index) => ({
  ...key,
  hash: index.toString(16).repeat(64),
  tail: 'abcd',
  spendUsd: 0,
  isBlocked: false,
  isDeleted: false,
  createdAt: 0,
  models: [],
}));

function eventsOf(days: number): Event[] {
  const format = litellmFormat({ pepper: new Secret('p'), resolveAddress: createAddressResolver([], true) });
  const settings = { gateway: 'litellm', now: UNTIL, isImport: true };
  return [...historyBodies(keys, UNTIL, days)].flatMap(({ body }) =>
    [...readRecords(format, body, settings)].map(({ result }) => {
      if ('reason' in result) throw new Error(result.reason);
      return result;
    }),
  );
}

describe('the past of the demo', () => {
  it('is read as the gateway’s own log, in order of time, up to now', () => {
    const events = eventsOf(2);
    expect(events.length).toBeGreaterThan(1_000);
    expect(
      events.every(
        ({ outcome, isImport, ts }) =>
          outcome === 'ok' && isImport && ts < UNTIL && ts >= UNTIL - 2 * 86_400_000 - 3_600_000,
      ),
    ).toBe(true);
    expect(events.map(({ ts }) => ts)).toEqual(events.map(({ ts }) => ts).sort((a, b) => a - b));
    expect(new Set(events.map(({ keyAlias }) => keyAlias)).size).toBe(STORY_KEYS.length);
  });

  it('holds nothing of the thief', () => {
    const stolen = eventsOf(10).filter(({ keyAlias }) => keyAlias === THEFT.alias);
    expect(stolen.length).toBeGreaterThan(300);
    expect(stolen.some(({ ip, client }) => ip === THEFT.ip || client === 'python-requests')).toBe(false);
  });
});
