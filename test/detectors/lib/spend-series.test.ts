import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SpendSeries } from '../../../detectors/lib/spend-series.ts';
import { DAY, HOUR, START } from '../../support/key-life.ts';

const MINUTE = 60_000;

/** Two weeks at a steady rate of dollars an hour, in calls of six minutes. */
function steady(usdPerHour: number, days = 14): SpendSeries {
  const series = new SpendSeries();
  for (let ts = START; ts < START + days * DAY; ts += 6 * MINUTE)
    series.add(ts, usdPerHour / 10, ts < START + 7 * DAY);
  return series;
}

function featuresAfter(
  series: SpendSeries,
  spend: readonly (readonly [ts: number, usd: number])[],
): string[] {
  for (const [ts, usd] of spend) series.add(ts, usd, false);
  return series.burning().map(({ window }) => window.feature);
}

const now = START + 14 * DAY;

describe('a window of five minutes', () => {
  // Usual: a tenth of a dollar in five minutes and $29 a day; so 20 times that is $2, and the floor of $5 decides.
  it.each([
    { usd: 5.05, burns: false },
    { usd: 5.11, burns: true },
  ])('with $usd dollars burns: $burns', ({ usd, burns }) => {
    expect(featuresAfter(steady(1.2), [[now, usd]]).includes('burn-5m')).toBe(burns);
  });

  it.each([
    { usd: 19.5, burns: false },
    { usd: 20.5, burns: true },
  ])('needs 20 times the usual dollar: $usd dollars burn $burns', ({ usd, burns }) => {
    expect(featuresAfter(steady(12), [[now, usd]]).includes('burn-5m')).toBe(burns);
  });
});

describe('a window of an hour', () => {
  it.each([
    { dayUsd: 2.4, usd: 1.5, burns: false },
    { dayUsd: 2.4, usd: 1.7, burns: true },
    { dayUsd: 7.2, usd: 2, burns: false },
    { dayUsd: 7.2, usd: 3.1, burns: true },
  ])(
    'has a floor that follows the usual day: $usd burn with $dayUsd a day: $burns',
    ({ dayUsd, usd, burns }) => {
      const parts = Array.from({ length: 10 }, (_, at) => [now + at * 6 * MINUTE, usd / 10] as const);
      expect(featuresAfter(steady(dayUsd / 24), parts).includes('burn-1h')).toBe(burns);
    },
  );

  it.each([
    { times: 9.5, burns: false },
    { times: 10.5, burns: true },
  ])('needs ten times the usual: $times times burn $burns', ({ times, burns }) => {
    const parts = Array.from({ length: 10 }, (_, at) => [now + at * 6 * MINUTE, times / 10] as const);
    expect(featuresAfter(steady(1), parts).includes('burn-1h')).toBe(burns);
  });

  it('says nothing about what is over already', () => {
    const burst = Array.from({ length: 5 }, (_, at) => [now + at * 6 * MINUTE, 4] as const);
    const series = steady(1);
    expect(featuresAfter(series, burst)).toContain('burn-1h');
    expect(featuresAfter(series, [[now + 45 * MINUTE, 0.01]])).not.toContain('burn-1h');
  });
});

describe('a window of a day', () => {
  it.each([
    { times: 2.8, burns: false },
    { times: 3.5, burns: true },
  ])('needs three times the usual: $times times burn $burns', ({ times, burns }) => {
    const parts = Array.from({ length: 24 }, (_, at) => [now + at * HOUR, times] as const);
    expect(featuresAfter(steady(1), parts).includes('burn-24h')).toBe(burns);
  });
});

describe('the learned tail', () => {
  it('keeps a key quiet that had such a day in the last two weeks', () => {
    const withPeak = () => {
      const series = new SpendSeries();
      for (let ts = START; ts < START + 14 * DAY; ts += HOUR) {
        const isPeak = ts >= START + 5 * DAY && ts < START + 5 * DAY + 6 * HOUR;
        series.add(ts, isPeak ? 4 : 0.05, ts < START + 7 * DAY);
      }
      return series;
    };
    const parts = Array.from({ length: 6 }, (_, at) => [now + at * HOUR, 4] as const);
    expect(featuresAfter(withPeak(), parts)).toEqual([]);
    expect(featuresAfter(steady(0.05), parts)).not.toEqual([]);
  });
});

describe('a key whose days differ much', () => {
  const days = (usdOf: (day: number) => number) => {
    const series = new SpendSeries();
    for (let ts = START; ts < START + 14 * DAY; ts += HOUR)
      series.add(ts, usdOf(Math.floor((ts - START) / DAY)) / 24, ts < START + 7 * DAY);
    return featuresAfter(
      series,
      Array.from({ length: 24 }, (_, at) => [now + at * HOUR, 11 / 24] as const),
    );
  };

  it('may have a day that would be told of a key whose days are alike', () => {
    expect(days(() => 3)).toContain('burn-24h');
    expect(days((day) => (day % 4 === 0 ? 5 : 1))).toEqual([]);
  });
});

describe('what a spike teaches', () => {
  it('is bounded: the day after, the same spike burns again', () => {
    const series = steady(0.1);
    const spike = (from: number) =>
      Array.from({ length: 6 }, (_, at) => [from + at * 10 * MINUTE, 3] as const);
    expect(featuresAfter(series, spike(now))).not.toEqual([]);
    const meanUsd = series.meanDayUsd();
    for (let ts = now + HOUR; ts < now + DAY; ts += HOUR) series.add(ts, 0.1, false);
    expect(series.meanDayUsd()).toBeLessThan(meanUsd * 1.2);
    expect(featuresAfter(series, spike(now + DAY))).not.toEqual([]);
  });

  it('is all of it when a person says that the level is normal', () => {
    const series = steady(0.1);
    const day = (from: number) => Array.from({ length: 24 }, (_, at) => [from + at * HOUR, 1] as const);
    expect(featuresAfter(series, day(now))).toContain('burn-24h');
    series.acceptLevel();
    expect(featuresAfter(series, day(now + DAY))).toEqual([]);
  });

  it('lets a tripled level become twice the normal within two weeks', () => {
    const series = steady(0.5);
    for (let ts = now; ts < now + 14 * DAY; ts += HOUR) series.add(ts, 1.5, false);
    expect(series.meanDayUsd()).toBeGreaterThan(24);
  });
});

describe('late calls', () => {
  it('count in the window they belong to', () => {
    const series = steady(0.1);
    featuresAfter(series, [[now + 40 * MINUTE, 0.01]]);
    expect(
      featuresAfter(series, [
        [now + 20 * MINUTE, 9],
        [now + 41 * MINUTE, 0.6],
      ]),
    ).toContain('burn-1h');
  });

  it('of yesterday and before change nothing', () => {
    const series = steady(0.1);
    featuresAfter(series, [[now, 0.01]]);
    const before = series.save();
    series.add(now - DAY - 10 * MINUTE, 50, false);
    expect(series.save()).toEqual(before);
  });
});

it('goes on the same after save and restore, at any moment', () => {
  const calls = fc.array(
    fc.tuple(fc.integer({ min: 0, max: 3 * HOUR }), fc.double({ min: 0, max: 20, noNaN: true })),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(calls, fc.nat(60), (steps, cut) => {
      const one = steady(0.3, 8);
      let other = steady(0.3, 8);
      let ts = START + 8 * DAY;
      steps.forEach(([stepMs, usd], at) => {
        ts += stepMs;
        if (at === cut) {
          const saved = JSON.parse(JSON.stringify(other.save())) as ReturnType<SpendSeries['save']>;
          other = new SpendSeries();
          other.restore(saved);
        }
        one.add(ts, usd, false);
        other.add(ts, usd, false);
        expect(other.burning()).toEqual(one.burning());
      });
      expect(other.save()).toEqual(one.save());
    }),
    { numRuns: 40 },
  );
});
