import { describe, expect, it } from 'vitest';
import { Untold } from '../../../services/detect/untold.ts';

const use = (at: number) => ({ asn: at, key: 'key', team: 'team', ts: at });
const probe = (at: number) => ({ ip: `10.0.0.${at.toString()}`, credential: 'one', ts: at });
const numbers = (count: number) => Array.from({ length: count }, (_, at) => at);

describe('what was not told yet', () => {
  it('is told once, in pieces, oldest first', () => {
    const untold = new Untold();
    untold.add({ networks: numbers(3).map(use), probes: numbers(3).map(probe) });
    const end = untold.end();
    const told: number[] = [];
    while (untold.isBefore(end)) {
      const news = untold.some(2);
      told.push(...[...news.networks, ...news.probes].map(({ ts }) => ts));
      untold.add({ networks: [], probes: [probe(9)] });
      untold.wasTold(news);
    }
    expect(told).toEqual([0, 1, 2, 0, 1, 2]);
    expect(untold.some(9).probes.every(({ ts }) => ts === 9)).toBe(true);
  });

  it('is not taken for told because newer networks went before it', () => {
    const untold = new Untold();
    untold.add({ networks: [], probes: [probe(1)] });
    const end = untold.end();
    untold.add({ networks: numbers(5).map(use), probes: [] });
    untold.wasTold(untold.some(5));
    expect(untold.isBefore(end)).toBe(true);
    untold.wasTold(untold.some(5));
    expect(untold.isBefore(end)).toBe(false);
  });

  it('is bounded, and what was dropped is waited for no longer', () => {
    const untold = new Untold();
    untold.add({ networks: [], probes: numbers(1_000).map(probe) });
    const end = untold.end();
    const news = untold.some(500);
    untold.add({ networks: [], probes: numbers(1_700).map(probe) });
    untold.wasTold(news);
    untold.wasTold(untold.some(500));
    expect(untold.isBefore(end)).toBe(false);
    expect(untold.some(9_999).probes).toHaveLength(1_500);
  });
});
