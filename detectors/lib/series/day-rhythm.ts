import { LEVEL_FLOATS, levelAt, moved, setLevel } from './level.ts';
import type { Level } from './level.ts';
import { COUNT_AT_MOST } from './limits.ts';
import type { SeriesSettings } from './settings.ts';

const HOURS = 24;
const HOUR_MS = 3_600_000;
/** Before it, a spread is made of too few points to clip by. */
const FEW_POINTS = 20;
const FEW_HOUR_POINTS = 5;

/** Numbers a rhythm takes: the level of the whole day, those of its hours, and how many points each hour had. */
export const RHYTHM_FLOATS = LEVEL_FLOATS + HOURS * LEVEL_FLOATS + HOURS;
const HOURS_AT = LEVEL_FLOATS;
const HOUR_POINTS_AT = HOURS_AT + HOURS * LEVEL_FLOATS;

/** Of the day, UTC. */
export function hourOf(timestampMs: number): number {
  const hour = Math.floor(timestampMs / HOUR_MS) % HOURS;
  return hour < 0 ? hour + HOURS : hour;
}

/** What an hour usually has, shrunk to the whole day's level while the hour is little known. */
export function usualAt(state: Float32Array, at: number, hour: number, by: SeriesSettings): Level {
  const points = state[at + HOUR_POINTS_AT + hour] ?? 0;
  const own = points / (points + by.hourShrinkPoints);
  const ofHour = levelAt(state, at + HOURS_AT + hour * LEVEL_FLOATS);
  const ofDay = levelAt(state, at);
  return {
    mean: own * ofHour.mean + (1 - own) * ofDay.mean,
    spread: own * ofHour.spread + (1 - own) * ofDay.spread + by.hourSpreadFloor * ofDay.spread,
  };
}

export interface HourPoint {
  hour: number;
  value: number;
  /** How many points there were, this one included. */
  points: number;
}

export function learnRhythm(state: Float32Array, at: number, point: HourPoint, by: SeriesSettings): void {
  const { value, points } = point;
  const day = points === 1 ? { mean: value, spread: 0 } : levelAt(state, at);
  const farthest = points > FEW_POINTS && day.spread > 0 ? by.clipSpreads * day.spread : Infinity;
  learnHour(state, at, { ...point, spreadOfDay: day.spread }, by);
  setLevel(state, at, moved(day, value, { rate: Math.max(1 / points, by.levelRate), farthest }));
}

function learnHour(
  state: Float32Array,
  at: number,
  { hour, value, spreadOfDay }: HourPoint & { spreadOfDay: number },
  by: SeriesSettings,
): void {
  const hourAt = at + HOURS_AT + hour * LEVEL_FLOATS;
  const points = Math.min((state[at + HOUR_POINTS_AT + hour] ?? 0) + 1, COUNT_AT_MOST);
  state[at + HOUR_POINTS_AT + hour] = points;
  if (points === 1) {
    setLevel(state, hourAt, { mean: value, spread: spreadOfDay });
    return;
  }
  const level = levelAt(state, hourAt);
  const spread = level.spread + spreadOfDay;
  const farthest = points > FEW_HOUR_POINTS && spread > 0 ? by.clipSpreads * spread : Infinity;
  setLevel(state, hourAt, moved(level, value, { rate: Math.max(1 / points, by.hourRate), farthest }));
}
