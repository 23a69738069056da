import type { Papers } from './detector.ts';
import { foreignCountry } from './geography/foreign-country.ts';
import { canaryUsed } from './leaked-key/canary-used.ts';
import { leakInUse } from './leaked-key/leak-in-use.ts';
import { newParty } from './leaked-key/new-party.ts';
import { usedAfterRevocation } from './leaked-key/used-after-revocation.ts';
import { keyBurn } from './spend/key-burn.ts';
import { retryStorm } from './spend/retry-storm.ts';
import { teamBurn } from './spend/team-burn.ts';
import { tokenDrain } from './spend/token-drain.ts';

/** Every detector's papers, in the order in which the docs and the page show them. */
export const DETECTORS: readonly Papers[] = [
  canaryUsed,
  leakInUse,
  usedAfterRevocation,
  newParty,
  foreignCountry,
  keyBurn,
  teamBurn,
  tokenDrain,
  retryStorm,
];
