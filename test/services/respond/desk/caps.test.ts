import { describe, expect, it } from 'vitest';
import { CapCounter } from '../../../../services/respond/desk/caps.ts';

const NOW = 1_790_000_000_000;
const NO_LIMIT = { per10min: 99, perHour: 99, perDay: 99, fleetPercent: 100, teamPercent: 100 };

function afterOneBlock(caps: Partial<typeof NO_LIMIT>): CapCounter {
  const counter = new CapCounter({ ...NO_LIMIT, ...caps });
  counter.note({ actionId: 'act_1', at: NOW, team: 'search' });
  return counter;
}

describe('a share of keys whose number is not known yet', () => {
  it.each([
    { caps: { fleetPercent: 99 }, reached: 'caps-fleet' },
    { caps: { fleetPercent: 100 }, reached: undefined },
    { caps: { teamPercent: 99 }, reached: 'caps-team' },
    { caps: { teamPercent: 100 }, reached: undefined },
  ])('allows one block, and any number when it is the whole: $caps', ({ caps, reached }) => {
    expect(afterOneBlock(caps).reached('search', NOW)).toBe(reached);
  });
});
