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
export function* streamFleet(fleet: Fleet): Generator<Streamed> {
  const { startAt, endAt } = fleet.era;
  let waiting: Streamed[] = [];
  for (let hour = startAt / HOUR_MS; hour < endAt / HOUR_MS; hour += 1) {
    addOwnersCalls(fleet, hour, waiting);
    addAttacks(fleet, hour, waiting);
    waiting.sort((a, b) => a.call.ts - b.call.ts);
    // Retries of the hour's end belong to the next one.
    const due = waiting.findIndex(({ call }) => call.ts >= (hour + 1) * HOUR_MS);
    yield* due === -1 ? waiting : waiting.slice(0, due);
    waiting = due === -1 ? [] : waiting.slice(due);
  }
}

function addOwnersCalls({ keys, isPartOf }: Fleet, hour: number, into: Streamed[]): void {
  for (const key of keys) {
    const isUsed = key.bornAt < (hour + 1) * HOUR_MS && hour * HOUR_MS < key.silentFrom;
    if (!isUsed || !isPartOf(key)) continue;
    for (const call of key.life.callsIn(hour)) into.push({ key, call, attack: undefined });
  }
}

function addAttacks({ attacks, isPartOf }: Fleet, hour: number, into: Streamed[]): void {
  for (const attack of attacks) {
    const { fromAt, endAt } = attack.label;
    if ((hour + 1) * HOUR_MS <= fromAt || hour * HOUR_MS >= endAt) continue;
    for (const { key, call } of attack.callsIn(hour)) if (isPartOf(key)) into.push({ key, call, attack });
  }
}
