import type { Call } from '../call.ts';
import type { SimulatedKey } from '../fleet.ts';

export const IDENTITY_SCENARIOS = [
  'server elsewhere',
  'residential pool',
  'line abroad',
  'same country, other provider',
  'same cloud',
  'ten days of warm-up, then burst',
  'probe, then burst',
  'dormant key',
  'dumped set of keys',
  'relay',
] as const;
export const SPEND_SCENARIOS = [
  '$50 an hour for 6 h',
  '10 times for 12 h',
  '4 times for 24 h',
  '$1 an hour for 5 days',
  '2 times for 6 h',
  'ramp to 20 times in 24 h',
  'tokens that cost nothing',
  'retry storm',
  'release of a whole team',
] as const;
export type IdentityScenario = (typeof IDENTITY_SCENARIOS)[number];
export type SpendScenario = (typeof SPEND_SCENARIOS)[number];

/** What is true about an attack: for scoring only. Times are epoch milliseconds. */
export interface Label {
  id: number;
  family: 'identity' | 'spend';
  scenario: IdentityScenario | SpendScenario;
  keys: readonly SimulatedKey[];
  /** Set where a whole team is concerned. */
  team: string | undefined;
  /** First moment at which anything of it can be seen, warm-up included. */
  fromAt: number;
  startAt: number;
  endAt: number;
  /** How it goes about it: said when a miss is explained. */
  manner: string;
}

export interface Attack {
  label: Label;
  callsIn(hour: number): { key: SimulatedKey; call: Call }[];
}
