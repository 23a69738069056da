/** What a series goes by: one set for every stream. Time counts in points, because streams differ in how long one takes;
 *  a rate is the share of what is remembered that a point replaces. */
export interface SeriesSettings {
  /** Points before anything is said: the first ones have next to nothing to be compared with. */
  warmUpPoints: number;
  /** How fast the usual level follows. */
  levelRate: number;
  /** How fast the usual level of an hour of the day follows, by points of that hour. */
  hourRate: number;
  /** So many points of an hour weigh as much as what is known of the whole day. */
  hourShrinkPoints: number;
  /** What an hour's spread cannot go below, as a share of the whole day's. */
  hourSpreadFloor: number;
  /** A level learns from a point as if it lay at most so many spreads away. */
  clipSpreads: number;
  /** What lies above this quantile is measured in mean excesses over it. */
  quantile: number;
  /** How fast the mean excess follows, by points above the quantile. */
  excessRate: number;
  /** The range is that of the last one to two times so many points. */
  memoryPoints: number;
  /** Rarity of a value just outside the range, and what each whole range farther outside adds. */
  rangeRarity: number;
  rangeRarityPerSpan: number;
  /** The most that one signal says. */
  mostRarity: number;
  /** How signals add up: 1 would be their sum, infinity the strongest alone. */
  norm: number;
  /** After something odd, what is no odder belongs to it for so many points. */
  quietPoints: number;
  /** Half-life of how often something as odd was there, and what one more of it takes from a score. */
  habitPoints: number;
  habitShare: number;
}

/** Chosen on the Numenta Anomaly Benchmark from the middle of what works there; docs/accuracy.md says what else was tried
 *  and how little most of it matters. With points of five minutes they mean: a level of three days, an hour of eight, a
 *  memory of four weeks, one incident in eight hours. */
export const SERIES_SETTINGS: SeriesSettings = {
  warmUpPoints: 50,
  levelRate: 0.001,
  hourRate: 0.01,
  hourShrinkPoints: 2,
  hourSpreadFloor: 0.05,
  clipSpreads: 4,
  quantile: 0.97,
  excessRate: 0.01,
  memoryPoints: 8_064,
  rangeRarity: 2,
  rangeRarityPerSpan: 100,
  mostRarity: 8,
  norm: 3,
  quietPoints: 100,
  habitPoints: 2_016,
  habitShare: 0.2,
};
