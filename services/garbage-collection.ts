import { setFlagsFromString } from 'node:v8';

/** Lets the heap double before all of it is walked. V8 decides by how fast garbage comes, and counts the network's
 *  buffers, which are gone by themselves a moment later: with the memory of many keys in the heap it would walk them ten
 *  times a second, on a thread of its own, for nothing. */
export function letHeapGrow(): void {
  setFlagsFromString('--heap-growing-percent=100');
}
