import { createCore } from '../../detectors/core.ts';
import type { Context, Core, Line, Signal } from '../../detectors/detector.ts';
import type { Event } from '../../detectors/event.ts';
import { anEvent } from './events.ts';
import { addressIn, contextOf } from './networks.ts';
import type { NetworkName } from './networks.ts';

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
export const LEARNING = 7 * DAY;
/** A Monday, midnight UTC. */
export const START = Date.UTC(2026, 7, 31);

type Changes = Partial<Event> & { on?: NetworkName; context?: Context };

/** A core, and what it has said so far. Times are in days or hours after START. */
export class KeyLife {
  readonly core: Core;
  readonly signals: Signal[] = [];
  count = 0;

  constructor(
    core: Core = createCore({
      partition: 0,
      partitions: 1,
      learningMs: LEARNING,
      maxKeys: 1_000,
      maxReadyKeys: 1_000,
    }),
  ) {
    this.core = core;
  }

  call(ts: number, { on = 'home', context = contextOf(on), ...changes }: Changes = {}): readonly Signal[] {
    this.count += 1;
    const event = anEvent({ eventId: `life-${this.count}`, ts, ip: addressIn(on), ...changes });
    const signals = this.core.judge(event, context);
    this.signals.push(...signals);
    return signals;
  }

  /** Working hours at home or in the office, `callsAnHour` of them, from a day on. */
  work(
    fromDay: number,
    days: number,
    changes: Changes & { callsAnHour?: number; hours?: readonly [number, number] } = {},
  ): void {
    const { callsAnHour = 3, hours = [8, 17], ...rest } = changes;
    for (let day = fromDay; day < fromDay + days; day += 1) {
      for (let hour = hours[0]; hour < hours[1]; hour += 1) {
        for (let call = 0; call < callsAnHour; call += 1) {
          this.call(START + day * DAY + hour * HOUR + (call * HOUR) / callsAnHour, rest);
        }
      }
    }
  }

  /** Newest lines of a detector. */
  lines(detector: string): readonly Line[] {
    return this.signals.findLast((signal) => signal.detector === detector)?.lines ?? [];
  }

  bits(): number {
    const newest = new Map(this.signals.map((signal) => [`${signal.detector}/${signal.dedupKey}`, signal]));
    return [...newest.values()].flatMap(({ lines }) => lines).reduce((sum, { bits }) => sum + bits, 0);
  }
}

export function features(lines: readonly Line[]): string[] {
  return lines.map(({ feature }) => feature);
}
