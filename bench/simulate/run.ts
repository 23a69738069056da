import type { IncidentSnapshot } from '../../services/incidents/incident.ts';
import { isAtLeast } from '../../services/incidents/severity.ts';
import type { Enricher } from '../../services/enrichment/enricher.ts';
import type { AddressBook } from './address-book.ts';
import { toEvent } from './call.ts';
import { createFleet } from './fleet.ts';
import type { SimulatedKey } from './fleet.ts';
import { Gatewatch } from './gatewatch.ts';
import type { Told } from './gatewatch.ts';
import { NaiveRules } from './naive-rules.ts';
import { Scoreboard } from './scoreboard.ts';
import { streamFleet } from './stream.ts';

export interface RunOptions {
  seed: number;
  keys: number;
  days: number;
  book: AddressBook;
  enricher: Enricher;
  poisons: boolean;
}

export interface RunResult {
  seed: number;
  board: Scoreboard;
  calls: number;
  /** How often five keys on one new network stopped automatic blocks. */
  breakerTrips: number;
  seconds: number;
}

export const WARM_UP_DAYS = 14;

/** One organisation from its first day to its last. */
export function runSeed(options: RunOptions): RunResult {
  const startedAt = performance.now();
  const fleet = createFleet(options);
  const board = new Scoreboard(fleet, WARM_UP_DAYS);
  const gatewatch = new Gatewatch(options.enricher, options.keys, (told) => score(board, told));
  const naive = new NaiveRules();
  let calls = 0;
  for (const { key, call, attack } of streamFleet(fleet)) {
    calls += 1;
    const event = toEvent(key, call, `call-${calls.toString()}`);
    if (attack !== undefined) board.attacked(attack.label, call.ts, call.usd);
    const context = gatewatch.take(event);
    for (const rule of naive.take(event, context)) scoreNaive(board, rule, key, call.ts);
  }
  gatewatch.finish();
  const { breakerTrips } = gatewatch;
  return { seed: options.seed, board, calls, breakerTrips, seconds: (performance.now() - startedAt) / 1_000 };
}

function scoreNaive(board: Scoreboard, rule: string, { keyId }: SimulatedKey, at: number): void {
  const story = `${keyId}/${at.toString()}`;
  board.alerted({ rule, at, keyId, team: undefined, story, evidence: '', bits: 0 });
}

/** What one state of an incident means for each thing that is measured. */
function score(board: Scoreboard, { at, incident, isMessage }: Told): void {
  const { entity, incidentId } = incident;
  const named = {
    keyId: entity.type === 'key' ? entity.keyId : undefined,
    team: entity.type === 'team' ? entity.team : undefined,
  };
  const about = { at, ...named, story: incidentId, bits: incident.scoreBits, evidence: evidenceOf(incident) };
  for (const rule of rulesOf(incident, isMessage)) board.alerted({ rule, ...about });
}

function rulesOf(incident: IncidentSnapshot, isMessage: boolean): string[] {
  const { kind, severity, decision, containment } = incident;
  const isIdentity = kind !== 'spend';
  // Enough to block; it waits behind the breaker, and is told by the breaker's page.
  const isHeld = decision.reason === 'breaker';
  const isGround = isHeld || decision.reason === 'three-families' || containment === 'simulated';
  const isTold = isMessage || isHeld;
  const rules: Record<string, boolean> = {
    // Shows what little was known of the attacks that were missed.
    'any evidence': true,
    'identity, 6 bits': isIdentity && isAtLeast(severity, 'low'),
    'identity, high': isIdentity && isAtLeast(severity, 'high'),
    identity: isIdentity && isTold,
    spend: !isIdentity && isTold,
    'any message': isTold,
    'three families': isGround,
    'held by the breaker': isHeld,
  };
  return Object.keys(rules).filter((rule) => rules[rule] === true);
}

function evidenceOf({ evidence }: IncidentSnapshot): string {
  const lines = evidence.flatMap((part) => part.lines).filter(({ bits }) => Math.abs(bits) >= 1);
  const texts = lines.map(({ feature, bits }) => `${feature} ${bits.toFixed(0)}`);
  return texts.length === 0 ? 'little' : [...new Set(texts)].sort().join(', ');
}
