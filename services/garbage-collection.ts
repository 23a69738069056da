import { setFlagsFromString } from 'node:v8';

/** For a process of gatewatch, given to `node` at its start: V8 takes it then or never. With 16 MB, as V8 has it, half of
 *  what is young is still in use when it is looked through, in fetches and inserts under way. */
export const YOUNG_GENERATION = '--max-semi-space-size=64';

/** Suits V8 to a stream: much short-lived garbage beside a large memory of keys that hardly changes. */
export function tuneGarbageCollection(): void {
  // The heap may double before all of it is walked. V8 goes by how fast garbage comes and counts the buffers of the
  // network, which are gone a moment later: it would walk the memory of all keys ten times a second for nothing.
  setFlagsFromString('--heap-growing-percent=100');
  // Little survives a scavenge: waking three threads to look for it costs more than finding it.
  setFlagsFromString('--no-parallel-scavenge');
}
