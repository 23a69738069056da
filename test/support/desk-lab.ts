import type { IncidentSnapshot } from '../../services/incidents/incident.ts';
import { createDesk } from '../../services/respond/desk/desk.ts';
import type { Desk, DeskSettings } from '../../services/respond/desk/desk.ts';
import type { Effect, FailureCode, PlannedAction } from '../../services/respond/desk/effects.ts';

export const SETTINGS: DeskSettings = {
  mode: 'certain',
  caps: { per10min: 3, perHour: 10, perDay: 20, fleetPercent: 2, teamPercent: 25 },
  protectedKeys: [],
  graceMs: 24 * 60 * 60_000,
  publicUrl: 'https://gatewatch.example.com',
  simulate: false,
};
const BIG_FLEET = { activeKeys: 10_000, keysByTeam: new Map([['team-search', 4_000]]) };

/** A desk in a fleet of ten thousand keys. */
export function aDesk(changes: Partial<DeskSettings> = {}): Desk {
  const desk = createDesk({ ...SETTINGS, ...changes });
  desk.setFleet(BIG_FLEET);
  return desk;
}

/** What a crash and a start make of a desk. */
export function restarted(desk: Desk): Desk {
  const after = aDesk();
  for (const name of desk.takeChanged()) after.restore(name, desk.save(name) ?? '');
  return after;
}

export const actsOf = (effects: readonly Effect[]): PlannedAction[] =>
  effects.flatMap((effect) => (effect.type === 'act' ? [effect.action] : []));
export const noticesOf = (effects: readonly Effect[]) =>
  effects.flatMap((effect) => (effect.type === 'notify' ? [effect.notification] : []));
export const toldOf = (effects: readonly Effect[]) => noticesOf(effects).map(({ transition }) => transition);

export function only(desk: Desk): IncidentSnapshot {
  const [incident, ...more] = [...desk.incidents()];
  if (incident === undefined || more.length > 0) throw new Error('Not one incident.');
  return incident;
}

/** Brings the planned action of these effects to the end that the gateway gave it. */
export function accept(desk: Desk, effects: readonly Effect[], at: number): Effect[] {
  const [action] = actsOf(effects);
  if (action === undefined) throw new Error('Nothing was planned.');
  const { actionId } = action;
  return [
    ...desk.actionResult({ actionId, state: 'sent', at, latencyMs: 40 }, at),
    ...desk.actionResult({ actionId, state: 'accepted', at, effectDeadlineMs: 90_000, note: 'Blocked.' }, at),
  ];
}

export interface Failure {
  state: 'failed' | 'refused';
  code: FailureCode;
  at: number;
}

export function fail(desk: Desk, effects: readonly Effect[], failure: Failure): Effect[] {
  const actionId = actsOf(effects)[0]?.actionId ?? '';
  return desk.actionResult({ actionId, note: 'Because.', ...failure }, failure.at);
}
