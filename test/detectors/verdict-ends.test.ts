import { describe, expect, it } from 'vitest';
import type { KeyId } from '../../detectors/event.ts';
import { DAY, HOUR, KeyLife, START } from '../support/key-life.ts';

const MINUTE = 60_000;
const keyId = '1f'.repeat(32) as KeyId;
const STORY_AT = START + 12 * DAY + 22 * HOUR;
const EXCLUDED_MS = 5 * DAY;

function strangeNight(life: KeyLife, at: number): void {
  for (let call = 0; call < 5; call += 1) life.call(at + call * MINUTE, { on: 'vps', client: 'curl' });
}

/** A stranger in the night, called ours for five days; the owner goes on to work at home. */
function excludedLife(): KeyLife {
  const life = new KeyLife();
  life.work(0, 12);
  strangeNight(life, STORY_AT);
  const indicators = [...(life.signals.at(-1)?.indicators ?? [])];
  expect(indicators).not.toEqual([]);
  const one = { keyId, at: STORY_AT + HOUR, incidentId: 'i', verdict: 'ours' } as const;
  life.core.applyFact({ type: 'verdict', ...one, indicators, until: STORY_AT + EXCLUDED_MS });
  life.signals.length = 0;
  return life;
}

describe('the exclusion of a benign verdict', () => {
  it.each([
    { when: 'before its end', afterMs: EXCLUDED_MS - DAY, fires: false },
    { when: 'after its end', afterMs: EXCLUDED_MS + DAY, fires: true },
  ])('$when: the same thing is told: $fires', ({ afterMs, fires }) => {
    const life = excludedLife();
    life.work(13, Math.floor(afterMs / DAY) - 1);
    expect(life.signals).toEqual([]);
    strangeNight(life, STORY_AT + afterMs);
    expect(life.bits() >= 8).toBe(fires);
  });
});
