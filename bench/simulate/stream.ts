import type { Call } from './call.ts';
import { HOUR_MS } from './call.ts';
import type { Attack } from './attacks/attack.ts';
import type { Fleet, SimulatedKey } from './fleet.ts';

export interface Streamed {
  key: SimulatedKey;
  call: Call;
  /** Undefined for the owner's own calls. */
  attack: Attack | undefined;
}

/** All calls of a fleet in the order of time. Only one hour of them is in memory. */
export function* streamFleet({ era, keys: all, attacks, isPartOf }: Fleet): Generator<Streamed> {
  const keys = all.filter(isPartOf);
  let waiting: Streamed[] = [];
  for (let hour = era.startAt / HOUR_MS; hour < era.endAt / HOUR_MS; hour += 1) {
    const endsAt = (hour + 1) * HOUR_MS;
    for (const key of keys) {
      if (key.bornAt >= endsAt) continue;
      const isUsed = hour * HOUR_MS < key.silentFrom;
      if (isUsed) for (const call of key.life.callsIn(hour)) waiting.push({ key, call, attack: undefined });
    }
    for (const attack of attacks) {
      if (endsAt <= attack.label.fromAt || hour * HOUR_MS >= attack.label.endAt) continue;
      for (const { key, call } of attack.callsIn(hour))
        if (isPartOf(key)) waiting.push({ key, call, attack });
    }
    waiting.sort((a, b) => a.call.ts - b.call.ts);
    // Retries of the hour's end belong to the next one.
    const due = waiting.findIndex(({ call }) => call.ts >= endsAt);
    yield* due === -1 ? waiting : waiting.slice(0, due);
    waiting = due === -1 ? [] : waiting.slice(due);
  }
}
