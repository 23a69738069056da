/** Evidence is weighed in bits: log2 of how much likelier an observation is with a thief than with the owner. */

/** How many sessions' worth of opinion the prior has, and what it says: one session in twenty shows something new. */
const PRIOR_SESSIONS = 7;
const PRIOR_RATE = 0.05;

export function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}

/** How often a key shows something new of a sort: a key that always roams learns a rate near 1 and stops to surprise. */
export function noveltyRate(firsts: number, sessions: number): number {
  return Math.min(1, (firsts + PRIOR_SESSIONS * PRIOR_RATE) / (sessions + PRIOR_SESSIONS));
}

/** Bits for something that a thief shows with chance `thief` and the owner with chance `owner`. */
export function bitsFor(thief: number, owner: number): number {
  return Math.log2(thief / owner);
}

/** One decimal is what people read; lines are rounded before they are added up, so that the sum they see is right. */
export function roundBits(bits: number): number {
  return Math.round(bits * 10) / 10;
}

export function sumBits(lines: readonly { bits: number }[]): number {
  let tenths = 0;
  for (const { bits } of lines) tenths += Math.round(bits * 10);
  return tenths / 10;
}
