import { floatsToText, textToFloats } from '../float-text.ts';
import { HABIT_FLOATS, judgeHabit } from './habit.ts';
import { LEVEL_FLOATS, levelAt, moved, setLevel } from './level.ts';
import type { Level } from './level.ts';
import { SERIES_SETTINGS } from './settings.ts';
import type { SeriesSettings } from './settings.ts';
import { TAIL_FLOATS, judgeTail } from './tail.ts';

const HOURS = 24;
const HOUR_MS = 3_600_000;
/** Values beyond it count as it: far above any rate, far below the largest Float32. */
const LARGEST = 1e15;
/** Spreads below this share of the level are rounding of Float32. */
const ROUNDING = 1e-6;
const LEAST_SPREAD = 1e-12;
/** Before it, spreads are made of too few points to clip or to measure by. */
const FEW_POINTS = 20;
const FEW_HOUR_POINTS = 5;
const COUNT_AT_MOST = 1e6;

const POINTS = 0;
const MEMORY_POINTS = 1;
/** Lowest and highest value of this span of memory, then of the one before. */
const LOW = 2;
const HIGH = 3;
const OLDER_LOW = 4;
const OLDER_HIGH = 5;
/** The oddest point of what goes on, and for how many points less odd ones belong to it. */
const ODDEST = 6;
const QUIET_LEFT = 7;
const LEVEL_AT = 8;
const HOURS_AT = LEVEL_AT + LEVEL_FLOATS;
const HOUR_POINTS_AT = HOURS_AT + HOURS * LEVEL_FLOATS;
const ABOVE_AT = HOUR_POINTS_AT + HOURS;
const BELOW_AT = ABOVE_AT + TAIL_FLOATS;
const HABIT_AT = BELOW_AT + TAIL_FLOATS;
const FLOATS = HABIT_AT + HABIT_FLOATS;

/** What speaks against a point, each as -log10 of how rare it is. */
export interface Rarity {
  /** Its distance from what this hour of the day usually has. */
  hour: number;
  /** That it lies outside all that there was. */
  range: number;
}

export interface Judgement {
  /** 0 is nothing to say, 1 the most there is to say. Of counts that vary by chance alone, one in some 1,000 gets 0.2, one
   *  in 5,000 gets 0.4. */
  score: number;
  /** What is usual at this hour of the day, in the unit of the values, before this point was learned. */
  usual: Level;
  rarity: Rarity;
}

/** Says how odd each value of one stream is, given the values before it: rates, tokens, anything that is counted again and
 *  again; counts best as log(1 + count). Judges first, then learns. It takes the same memory however long the stream runs,
 *  and knows nothing of its length, unit or pace; the clock only says which hour of the day it is (UTC). */
export class RateSeries {
  static readonly STATE_BYTES = FLOATS * Float32Array.BYTES_PER_ELEMENT;
  readonly #state = new Float32Array(FLOATS);
  readonly #settings: SeriesSettings;

  constructor(settings = SERIES_SETTINGS) {
    this.#settings = settings;
  }

  /** Points are judged in the order they come, at irregular times too. What is no number says and changes nothing.
   *  `timestampMs`: epoch milliseconds. */
  judge(timestampMs: number, value: number): Judgement {
    if (!Number.isFinite(timestampMs) || !Number.isFinite(value))
      return silent(levelAt(this.#state, LEVEL_AT));
    const hour = hourOf(timestampMs);
    const counted = Math.max(-LARGEST, Math.min(LARGEST, value));
    if (this.#get(POINTS) === 0) return this.#begin(hour, counted);
    const points = Math.min(this.#get(POINTS) + 1, COUNT_AT_MOST);
    this.#state[POINTS] = points;
    const usual = this.#usual(hour);
    const rarity = { hour: this.#deviation(counted, usual), range: this.#beyondRange(counted) };
    this.#learn(hour, counted);
    if (points <= this.#settings.warmUpPoints) return { score: 0, usual, rarity };
    const newlyOdd = this.#newlyOdd(this.#together(rarity));
    return { score: judgeHabit(this.#state, HABIT_AT, newlyOdd, this.#settings), usual, rarity };
  }

  save(): string {
    return floatsToText(this.#state);
  }

  /** Of text that `save` gave. */
  restore(text: string): void {
    textToFloats(text, this.#state);
  }

  #begin(hour: number, value: number): Judgement {
    const level = { mean: value, spread: 0 };
    this.#state[POINTS] = 1;
    this.#state.fill(value, LOW, OLDER_HIGH + 1);
    setLevel(this.#state, LEVEL_AT, level);
    this.#learnHour(hour, value, 0);
    return silent(level);
  }

  /** What an hour usually has, shrunk to the whole day's level while the hour is little known. */
  #usual(hour: number): Level {
    const points = this.#get(HOUR_POINTS_AT + hour);
    const own = points / (points + this.#settings.hourShrinkPoints);
    const ofHour = levelAt(this.#state, HOURS_AT + hour * LEVEL_FLOATS);
    const ofDay = levelAt(this.#state, LEVEL_AT);
    return {
      mean: own * ofHour.mean + (1 - own) * ofDay.mean,
      spread: own * ofHour.spread + (1 - own) * ofDay.spread + this.#settings.hourSpreadFloor * ofDay.spread,
    };
  }

  /** Above and below are two streams: a fall of a busy stream is small beside its peaks. */
  #deviation(value: number, { mean, spread }: Level): number {
    const isEarly = this.#get(POINTS) <= FEW_POINTS;
    const distance = isEarly ? 0 : (value - mean) / (spread + ROUNDING * Math.abs(mean) + LEAST_SPREAD);
    return Math.max(
      this.#tail(ABOVE_AT, Math.max(distance, 0)),
      this.#tail(BELOW_AT, Math.max(-distance, 0)),
    );
  }

  #tail(at: number, size: number): number {
    return judgeTail(this.#state, at, { size, points: this.#get(POINTS) }, this.#settings);
  }

  #range(): { low: number; high: number } {
    return {
      low: Math.min(this.#get(LOW), this.#get(OLDER_LOW)),
      high: Math.max(this.#get(HIGH), this.#get(OLDER_HIGH)),
    };
  }

  #beyondRange(value: number): number {
    const { rangeRarity, rangeRarityPerSpan, mostRarity } = this.#settings;
    const { low, high } = this.#range();
    const beyond = Math.max(value - high, low - value);
    if (beyond <= 0) return 0;
    const span = high - low + ROUNDING * Math.abs(value) + LEAST_SPREAD;
    return Math.min(mostRarity, rangeRarity + (rangeRarityPerSpan * beyond) / span);
  }

  #together({ hour, range }: Rarity): number {
    const { norm, mostRarity } = this.#settings;
    return ((hour ** norm + range ** norm) / 2) ** (1 / norm) / mostRarity;
  }

  /** One incident speaks once, and again only when it becomes odder. */
  #newlyOdd(score: number): number {
    const quietLeft = Math.max(this.#get(QUIET_LEFT) - 1, 0);
    this.#state[QUIET_LEFT] = quietLeft;
    if (quietLeft > 0 && score <= this.#get(ODDEST)) return 0;
    if (score === 0) return 0;
    this.#state[ODDEST] = score;
    this.#state[QUIET_LEFT] = this.#settings.quietPoints;
    return score;
  }

  #learn(hour: number, value: number): void {
    const { spread } = levelAt(this.#state, LEVEL_AT);
    this.#learnRange(value);
    this.#turn(value);
    this.#learnLevel(value, spread);
    this.#learnHour(hour, value, spread);
  }

  #learnLevel(value: number, spread: number): void {
    const { clipSpreads, levelRate } = this.#settings;
    const points = this.#get(POINTS);
    const isFree = points <= FEW_POINTS || spread === 0;
    const how = { rate: Math.max(1 / points, levelRate), farthest: isFree ? Infinity : clipSpreads * spread };
    setLevel(this.#state, LEVEL_AT, moved(levelAt(this.#state, LEVEL_AT), value, how));
  }

  #learnHour(hour: number, value: number, spreadOfDay: number): void {
    const { clipSpreads, hourRate } = this.#settings;
    const at = HOURS_AT + hour * LEVEL_FLOATS;
    const points = Math.min(this.#get(HOUR_POINTS_AT + hour) + 1, COUNT_AT_MOST);
    this.#state[HOUR_POINTS_AT + hour] = points;
    if (points === 1) {
      setLevel(this.#state, at, { mean: value, spread: spreadOfDay });
      return;
    }
    const level = levelAt(this.#state, at);
    const spread = level.spread + spreadOfDay;
    const isFree = points <= FEW_HOUR_POINTS || spread === 0;
    const how = { rate: Math.max(1 / points, hourRate), farthest: isFree ? Infinity : clipSpreads * spread };
    setLevel(this.#state, at, moved(level, value, how));
  }

  /** One point at most doubles the range: an absurd value does not hide all that come after it. */
  #learnRange(value: number): void {
    const { low, high } = this.#range();
    const span = this.#get(POINTS) > this.#settings.warmUpPoints && high > low ? high - low : Infinity;
    this.#state[HIGH] = Math.max(this.#get(HIGH), Math.min(value, high + span));
    this.#state[LOW] = Math.min(this.#get(LOW), Math.max(value, low - span));
  }

  #turn(value: number): void {
    this.#state[MEMORY_POINTS] = this.#get(MEMORY_POINTS) + 1;
    if (this.#get(MEMORY_POINTS) < this.#settings.memoryPoints) return;
    this.#state[MEMORY_POINTS] = 0;
    this.#state[OLDER_LOW] = this.#get(LOW);
    this.#state[OLDER_HIGH] = this.#get(HIGH);
    this.#state[LOW] = value;
    this.#state[HIGH] = value;
  }

  #get(at: number): number {
    return this.#state[at] ?? 0;
  }
}

function silent(usual: Level): Judgement {
  return { score: 0, usual, rarity: { hour: 0, range: 0 } };
}

function hourOf(timestampMs: number): number {
  const hour = Math.floor(timestampMs / HOUR_MS) % HOURS;
  return hour < 0 ? hour + HOURS : hour;
}
