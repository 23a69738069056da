import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RateSeries } from '../../../../detectors/lib/series/rate-series.ts';
import { SERIES_SETTINGS } from '../../../../detectors/lib/series/settings.ts';
import { seededRandom } from '../../../support/seeded-random.ts';

const START = Date.UTC(2026, 0, 5);
const STEP_MS = 300_000;
const PER_HOUR = 12;
const PER_DAY = 288;
/** About the best threshold on NAB. */
const ODD = 0.2;
/** Short enough that a few hundred points cross it. */
const SHORT_MEMORY = { ...SERIES_SETTINGS, memoryPoints: 40 };

const at = (point: number) => START + point * STEP_MS;
const hourOf = (point: number) => Math.floor(point / PER_HOUR) % 24;

function chance(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** Requests in five minutes, as the detectors are to see them. */
type Requests = (point: number) => number;

function logCounts(points: number, requests: Requests, seed = 1): number[] {
  const random = seededRandom(seed);
  return Array.from({ length: points }, (_, point) => {
    const usual = requests(point);
    return Math.log1p(Math.max(0, Math.round(usual + Math.sqrt(usual) * chance(random))));
  });
}

function scoresOf(values: readonly number[], series = new RateSeries()): number[] {
  return values.map((value, point) => series.judge(at(point), value).score);
}

function oddPoints(values: readonly number[]): number[] {
  return scoresOf(values).flatMap((score, point) => (score >= ODD ? [point] : []));
}

const steady: Requests = () => 40;
const byDay: Requests = (point) => (hourOf(point) >= 8 && hourOf(point) < 18 ? 200 : 10);

describe('a stream that was steady for two weeks', () => {
  const before = 14 * PER_DAY;
  it.each<{ story: string; requests: Requests; usual: Requests; within: number }>([
    {
      story: 'one burst of ten times as many',
      usual: steady,
      requests: (point) => (point === before ? 400 : 40),
      within: 1,
    },
    {
      story: 'three times as many from then on',
      usual: steady,
      requests: (point) => (point < before ? 40 : 120),
      within: 1,
    },
    {
      story: 'half as many again',
      usual: steady,
      requests: (point) => (point < before ? 40 : 60),
      within: PER_HOUR,
    },
    {
      story: 'silence',
      usual: steady,
      requests: (point) => (point < before ? 40 : 0),
      within: 1,
    },
    {
      story: "the day's traffic at night",
      usual: byDay,
      requests: (point) => (point < before ? byDay(point) : 200),
      within: 1,
    },
    {
      story: "the night's traffic by day",
      usual: byDay,
      requests: (point) => (point < before ? byDay(point) : 10),
      within: 8 * PER_HOUR + 2,
    },
  ])('says within $within points that there is $story', ({ requests, within }) => {
    const odd = oddPoints(logCounts(before + within, requests));
    expect(odd.filter((point) => point >= before)).not.toEqual([]);
  });

  it.each<{ story: string; requests: Requests }>([
    { story: 'what varies by chance', requests: steady },
    { story: 'few calls', requests: () => 0.3 },
    { story: 'days and nights', requests: byDay },
    { story: 'nothing at all', requests: () => 0 },
  ])('says next to nothing of $story', ({ requests }) => {
    const weeks = [1, 2, 3].flatMap((seed) => oddPoints(logCounts(28 * PER_DAY, requests, seed)));
    expect(weeks.filter((point) => point > 7 * PER_DAY).length).toBeLessThan(3 * 21 * PER_DAY * 0.001);
  });
});

it('says nothing while it has next to nothing to compare with', () => {
  const values = logCounts(51, (point) => (point === 49 || point === 50 ? 4_000 : 40));
  const quiet = { ...SERIES_SETTINGS, warmUpPoints: 50 };
  const scores = scoresOf(values, new RateSeries(quiet));
  expect(scores[49]).toBe(0);
  expect(scores[50]).toBeGreaterThan(0);
  expect(scoresOf(values, new RateSeries({ ...quiet, warmUpPoints: 30 }))[49]).toBeGreaterThan(ODD);
});

it('gets used to a peak that comes each day', () => {
  const peaks: Requests = (point) => (point % PER_DAY === 100 ? 400 : 40);
  const ofPeaks = scoresOf(logCounts(35 * PER_DAY, peaks)).filter((_, point) => point % PER_DAY === 100);
  expect(Math.max(...ofPeaks.slice(0, 3))).toBeGreaterThan(0.6);
  expect(Math.max(...ofPeaks.slice(-14))).toBeLessThan(0.45);
});

it('speaks once of what goes on, and again when it becomes worse', () => {
  const start = 14 * PER_DAY;
  const worse = start + 30;
  const requests: Requests = (point) => (point < start ? 40 : point < worse ? 100 : 4_000);
  const scores = scoresOf(logCounts(start + 60, requests));
  const spoken = scores.flatMap((score, point) => (point >= start && score >= ODD ? [point] : []));
  expect(spoken[0]).toBe(start);
  expect(spoken).toContain(worse);
  expect(spoken.length).toBeLessThan(8);
});

it('says what is usual at the hour', () => {
  const series = new RateSeries();
  scoresOf(logCounts(14 * PER_DAY, byDay), series);
  const night = series.judge(at(14 * PER_DAY + 2 * PER_HOUR), Math.log1p(10)).usual;
  const day = series.judge(at(14 * PER_DAY + 12 * PER_HOUR), Math.log1p(200)).usual;
  expect(Math.expm1(night.mean)).toBeCloseTo(10, -1);
  expect(Math.expm1(day.mean)).toBeGreaterThan(150);
  expect(day.spread).toBeGreaterThan(0);
});

it('names what speaks against a point', () => {
  const series = new RateSeries();
  scoresOf(logCounts(14 * PER_DAY, byDay), series);
  const { rarity } = series.judge(at(14 * PER_DAY), Math.log1p(200));
  expect(rarity.hour).toBeGreaterThan(3);
  expect(rarity.range).toBe(0);
});

describe('memory', () => {
  it('is less than a kilobyte, in memory and as text, whatever came', () => {
    const series = new RateSeries();
    scoresOf(logCounts(60 * PER_DAY, byDay), series);
    expect(RateSeries.STATE_BYTES).toBeLessThan(1_000);
    expect(series.save().length).toBeLessThan(1_000);
  });

  it.each([
    { points: 39, isOutside: false },
    { points: 90, isOutside: true },
  ])('of the range after $points points: forgotten is $isOutside', ({ points, isOutside }) => {
    const series = new RateSeries(SHORT_MEMORY);
    scoresOf(
      logCounts(120, () => 40),
      series,
    );
    series.judge(at(0), 4.6);
    for (let point = 0; point < points; point += 1) series.judge(at(point), 3.7 + (point % 3) / 10);
    expect(series.judge(at(0), 4.4).rarity.range > 0).toBe(isOutside);
  });

  it('goes on the same after save and restore, at any moment', () => {
    const values = fc.array(fc.double({ min: -100, max: 1e6, noNaN: true }), { maxLength: 150 });
    fc.assert(
      fc.property(values, fc.nat(150), (points, cut) => {
        const one = new RateSeries(SHORT_MEMORY);
        let other = new RateSeries(SHORT_MEMORY);
        points.forEach((value, point) => {
          if (point === cut) {
            const saved = other.save();
            other = new RateSeries(SHORT_MEMORY);
            other.restore(saved);
          }
          expect(other.judge(at(point), value)).toEqual(one.judge(at(point), value));
        });
        expect(other.save()).toBe(one.save());
      }),
      { numRuns: 50 },
    );
  });
});

const ANY_NUMBER = fc.oneof(
  fc.double(),
  fc.double({ min: -10, max: 10 }),
  fc.constantFrom(0, -0, 1e15, -1e300),
);
const ANY_TIME = fc.oneof(fc.double(), fc.integer({ min: -8.64e15, max: 8.64e15 }));

describe('whatever comes', () => {
  it('no score looks ahead: that of a point is the same when nothing follows', () => {
    fc.assert(
      fc.property(fc.array(ANY_NUMBER, { maxLength: 200 }), fc.nat(200), (values, length) => {
        expect(scoresOf(values.slice(0, length))).toEqual(scoresOf(values).slice(0, length));
      }),
      { numRuns: 50 },
    );
  });

  it('scores lie between 0 and 1, and what is usual is a number', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(ANY_TIME, ANY_NUMBER), { maxLength: 200 }), (points) => {
        const series = new RateSeries(SHORT_MEMORY);
        for (const [timestampMs, value] of points) {
          const { score, usual } = series.judge(timestampMs, value);
          expect(score >= 0 && score <= 1).toBe(true);
          expect(Number.isFinite(usual.mean) && usual.spread >= 0 && Number.isFinite(usual.spread)).toBe(
            true,
          );
        }
      }),
      { numRuns: 200 },
    );
  });

  it.each([
    [at(0), NaN],
    [at(0), Infinity],
    [NaN, 1],
    [-Infinity, 1],
  ])('no number changes nothing: at %d the value %d', (timestampMs, value) => {
    const series = new RateSeries();
    scoresOf(logCounts(100, steady), series);
    const before = series.save();
    expect(series.judge(timestampMs, value).score).toBe(0);
    expect(series.save()).toBe(before);
  });

  it('one absurd value does not hide what comes after it', () => {
    const before = 14 * PER_DAY;
    const values = logCounts(before + PER_DAY, (point) => (point === before + 200 ? 4_000 : 40));
    values[before] = 1e300;
    expect(oddPoints(values)).toContain(before + 200);
  });

  it('a day without points is no reason to speak', () => {
    const series = new RateSeries();
    const values = logCounts(15 * PER_DAY, steady);
    const gap = (point: number) => (point < 14 * PER_DAY ? 0 : 3 * PER_DAY + 7);
    const scores = values.map((value, point) => series.judge(at(point + gap(point)), value).score);
    expect(Math.max(...scores.slice(14 * PER_DAY))).toBeLessThan(ODD);
  });
});
