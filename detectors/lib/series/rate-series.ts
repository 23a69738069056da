import { floatsToText, textToFloats } from '../float-text.ts';
import { RHYTHM_FLOATS, hourOf, learnRhythm, usualAt } from './day-rhythm.ts';
import { HABIT_FLOATS, judgeHabit } from './habit.ts';
import type { Level } from './level.ts';
import { COUNT_AT_MOST, roundingOf } from './limits.ts';
import { SERIES_SETTINGS } from './settings.ts';
import type { SeriesSettings } from './settings.ts';
import { TAIL_FLOATS, judgeTail } from './tail.ts';
import { RANGE_FLOATS, beginRange, judgeRange, learnRange } from './value-range.ts';

/** Values beyond it count as it: far above any rate, far below the largest Float32. */
const LARGEST = 1e15;
/** Before it, spreads are made of too few points to measure by. */
const FEW_POINTS = 20;

const POINTS = 0;
/** The oddest point of what goes on, and for how many points less odd ones belong to it. */
const ODDEST = 1;
const QUIET_LEFT = 2;
const RANGE_AT = 3;
const RHYTHM_AT = RANGE_AT + RANGE_FLOATS;
const ABOVE_AT = RHYTHM_AT + RHYTHM_FLOATS;
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
    if (!Number.isFinite(timestampMs) || !Number.isFinite(value)) return silent({ mean: 0, spread: 0 });
    const hour = hourOf(timestampMs);
    const counted = Math.max(-LARGEST, Math.min(LARGEST, value));
    const points = Math.min(this.#get(POINTS) + 1, COUNT_AT_MOST);
    if (points === 1) {
      beginRange(this.#state, RANGE_AT, counted);
      this.#learn(hour, counted, points);
      return silent({ mean: counted, spread: 0 });
    }
    const usual = usualAt(this.#state, RHYTHM_AT, hour, this.#settings);
    const rarity = {
      hour: this.#judgeDistance(points > FEW_POINTS ? distance(counted, usual) : 0, points),
      range: judgeRange(this.#state, RANGE_AT, counted, this.#settings),
    };
    this.#learn(hour, counted, points);
    return { score: points > this.#settings.warmUpPoints ? this.#newlyOdd(rarity) : 0, usual, rarity };
  }

  save(): string {
    return floatsToText(this.#state);
  }

  /** Of text that `save` gave. */
  restore(text: string): void {
    textToFloats(text, this.#state);
  }

  /** Above and below are two streams: a fall of a busy stream is small beside its peaks. */
  #judgeDistance(spreads: number, points: number): number {
    return Math.max(
      judgeTail(this.#state, ABOVE_AT, { size: Math.max(spreads, 0), points }, this.#settings),
      judgeTail(this.#state, BELOW_AT, { size: Math.max(-spreads, 0), points }, this.#settings),
    );
  }

  #learn(hour: number, value: number, points: number): void {
    this.#state[POINTS] = points;
    const isBounded = points > this.#settings.warmUpPoints;
    if (points > 1) learnRange(this.#state, RANGE_AT, { value, isBounded }, this.#settings);
    learnRhythm(this.#state, RHYTHM_AT, { hour, value, points }, this.#settings);
  }

  #newlyOdd(rarity: Rarity): number {
    return judgeHabit(this.#state, HABIT_AT, this.#unlessKnown(this.#together(rarity)), this.#settings);
  }

  #together({ hour, range }: Rarity): number {
    const { norm, mostRarity } = this.#settings;
    return ((hour ** norm + range ** norm) / 2) ** (1 / norm) / mostRarity;
  }

  /** One incident speaks once, and again only when it becomes odder. */
  #unlessKnown(score: number): number {
    const quietLeft = Math.max(this.#get(QUIET_LEFT) - 1, 0);
    this.#state[QUIET_LEFT] = quietLeft;
    if (score === 0 || (quietLeft > 0 && score <= this.#get(ODDEST))) return 0;
    this.#state[ODDEST] = score;
    this.#state[QUIET_LEFT] = this.#settings.quietPoints;
    return score;
  }

  #get(at: number): number {
    return this.#state[at] ?? 0;
  }
}

function distance(value: number, { mean, spread }: Level): number {
  return (value - mean) / (spread + roundingOf(mean));
}

function silent(usual: Level): Judgement {
  return { score: 0, usual, rarity: { hour: 0, range: 0 } };
}
