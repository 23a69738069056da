import type { ActionSnapshot, Containment } from '../../incidents/incident.ts';
import type { Dossier } from './dossier.ts';
import type { ActionResult, PlannedAction } from './effects.ts';
import { nextStepAfter } from './next-steps.ts';
import { groundsOf } from './policy.ts';
import type { Turn } from './turn.ts';

interface Order {
  actor: string;
  reason: string;
  isAutomatic: boolean;
  receivedAt: number;
}

/** Decides on a block: audited first, then handed over to be done. In a replay it is only noted. */
export function planBlock(turn: Turn, dossier: Dossier, order: Order): void {
  const action = newAction(turn, dossier, 'block', order);
  const { incident } = dossier;
  const isRepeat = incident.containment === 'failed' || incident.certainty === 'used-after-revocation';
  if (order.isAutomatic) {
    turn.situation.caps.note({ actionId: action.actionId, at: turn.now, team: incident.team });
  } else {
    // A person has seen the difference.
    dossier.doubt = undefined;
  }
  if (turn.simulate) {
    record(
      turn,
      dossier,
      { ...action, state: 'simulated' },
      { containment: 'simulated', change: 'block-simulated', note: order.reason },
    );
    return;
  }
  const planned = plannedOf(turn, dossier, action, { ...order, isRepeat });
  hand(turn, dossier, planned, action);
  record(turn, dossier, action, { containment: 'requested', change: 'block-requested', note: order.reason });
}

/** Decides on a restore; the containment changes only when it is done. */
export function planRestore(turn: Turn, dossier: Dossier, order: Order): void {
  const action = newAction(turn, dossier, 'restore', order);
  hand(turn, dossier, plannedOf(turn, dossier, action, { ...order, isRepeat: false }), action);
  const { containment } = dossier.incident;
  record(turn, dossier, action, { containment, change: 'restore-requested', note: order.reason });
}

/** The id tells which attempt it is, and nothing else: the same decision gives the same id. */
function newAction(
  turn: Turn,
  { incident }: Dossier,
  kind: 'block' | 'restore',
  order: Order,
): ActionSnapshot {
  const attempt = incident.actions.filter((one) => one.kind === kind).length + 1;
  return {
    actionId: `act_${incident.incidentId.replace(/^inc_/, '')}_${kind}_${attempt}`,
    kind,
    state: 'requested',
    reason: order.reason,
    actor: order.actor,
    requestedAt: turn.now,
    sentAt: null,
    verifiedAt: null,
  };
}

function plannedOf(
  turn: Turn,
  { incident }: Dossier,
  { actionId, kind }: ActionSnapshot,
  order: Order & { isRepeat: boolean },
): PlannedAction {
  const { keyId } = incident;
  if (keyId === '') throw new TypeError('Only a key can be blocked.');
  return {
    ...order,
    actionId,
    kind,
    incidentId: incident.incidentId,
    gateway: incident.gateway,
    keyId,
    claims: { keyAlias: incident.keyAlias, team: incident.team },
    requestedAt: turn.now,
  };
}

function hand(turn: Turn, dossier: Dossier, planned: PlannedAction, action: ActionSnapshot): void {
  const { incident } = dossier;
  turn.audit({
    actor: planned.actor,
    action: `${planned.kind}-requested`,
    target: planned.keyId,
    incidentId: incident.incidentId,
    detail: {
      ref: `${action.actionId}/requested`,
      action_id: action.actionId,
      reason: planned.reason,
      gateway: planned.gateway,
      ...evidenceDetail(dossier),
    },
  });
  turn.act(planned);
  dossier.open = [...dossier.open, planned];
}

function evidenceDetail({ incident }: Dossier) {
  const { certainty, families, bits } = groundsOf(incident.evidence);
  const findings = incident.evidence.map(({ findingId }) => findingId);
  return { certainty: certainty ?? null, families, bits, findings, severity: incident.severity };
}

interface Move {
  containment: Containment;
  change: string;
  note: string;
  latencyMs?: number;
}

function record(
  turn: Turn,
  dossier: Dossier,
  action: ActionSnapshot,
  { latencyMs = 0, ...move }: Move,
): void {
  turn.change(dossier, { type: 'act', at: turn.now, action, ...move });
  turn.actionRow(dossier, action, latencyMs);
}

/** What became of an action. Results of actions that are not open any more are repeats, and say nothing. */
export function handleResult(turn: Turn, dossier: Dossier, result: ActionResult, graceMs: number): void {
  const planned = dossier.open.find(({ actionId }) => actionId === result.actionId);
  const action = dossier.incident.actions.find(({ actionId }) => actionId === result.actionId);
  if (planned === undefined || action === undefined) return;
  switch (result.state) {
    case 'sent':
      if (action.state === 'requested') wasSent(turn, dossier, action, result);
      return;
    case 'accepted':
      dossier.open = dossier.open.filter((one) => one !== planned);
      if (planned.kind === 'block') wasBlocked(turn, dossier, action, result);
      else wasRestored(turn, dossier, action, { result, planned, graceMs });
      return;
    case 'failed':
    case 'refused':
      dossier.open = dossier.open.filter((one) => one !== planned);
      if (result.state === 'refused') turn.situation.caps.release(planned.actionId);
      wasNotDone(turn, dossier, action, { result, planned });
  }
}

function wasSent(
  turn: Turn,
  dossier: Dossier,
  action: ActionSnapshot,
  result: ActionResult & { state: 'sent' },
): void {
  const { containment } = dossier.incident;
  record(
    turn,
    dossier,
    { ...action, state: 'sent', sentAt: result.at },
    {
      containment: action.kind === 'block' ? 'sent' : containment,
      change: `${action.kind}-sent`,
      note: '',
      latencyMs: result.latencyMs,
    },
  );
}

type Accepted = ActionResult & { state: 'accepted' };

function wasBlocked(turn: Turn, dossier: Dossier, action: ActionSnapshot, result: Accepted): void {
  const { incident } = dossier;
  if (incident.keyId === '') return;
  const sentAt = action.sentAt ?? result.at;
  dossier.proof = {
    actionId: action.actionId,
    since: result.at,
    deadlineMs: result.effectDeadlineMs,
    lastSuccessAt: sentAt,
    successes: 0,
    isIneffective: false,
  };
  auditResult(turn, dossier, action, 'accepted', result.note);
  turn.fact({
    type: 'revoked',
    keyId: incident.keyId,
    at: result.at,
    sentAt,
    incidentId: incident.incidentId,
    by: action.actor,
  });
  record(
    turn,
    dossier,
    { ...action, state: 'accepted' },
    { containment: 'accepted', change: 'block-accepted', note: result.note },
  );
  turn.notify(dossier, { transition: 'contained', of: action.actionId });
}

function wasRestored(
  turn: Turn,
  dossier: Dossier,
  action: ActionSnapshot,
  { result, planned, graceMs }: { result: Accepted; planned: PlannedAction; graceMs: number },
): void {
  const { incident } = dossier;
  const graceUntil = result.at + graceMs;
  turn.situation.forgiveness.forgive(planned.keyId, incident.evidence, graceUntil);
  auditResult(turn, dossier, action, 'accepted', result.note);
  const { incidentId } = incident;
  turn.fact({ type: 'restored', keyId: planned.keyId, at: result.at, incidentId, graceUntil });
  for (const other of turn.archive.of(incident.entity)) {
    if (other.proof !== undefined) turn.touch(other);
    other.proof = undefined;
  }
  record(
    turn,
    dossier,
    { ...action, state: 'accepted' },
    { containment: 'restored', change: 'restored', note: result.note },
  );
  turn.notify(dossier, { transition: 'restored', of: action.actionId });
}

/** The state that a failed or refused action leaves the key in. */
function containmentAfter(
  dossier: Dossier,
  kind: 'block' | 'restore',
  state: 'failed' | 'refused',
): Containment {
  const { containment } = dossier.incident;
  if (kind === 'restore') return containment;
  return state === 'failed' ? 'failed' : 'none';
}

type Failed = ActionResult & { state: 'failed' | 'refused' };

function wasNotDone(
  turn: Turn,
  dossier: Dossier,
  action: ActionSnapshot,
  { result, planned }: { result: Failed; planned: PlannedAction },
): void {
  auditResult(turn, dossier, action, result.state, result.note);
  record(
    turn,
    dossier,
    { ...action, state: result.state, reason: `${action.reason}: ${result.code}` },
    {
      containment: containmentAfter(dossier, action.kind, result.state),
      change: `${action.kind}-${result.state}`,
      note: `${result.code}: ${result.note}`,
    },
  );
  noteDoubt(turn, dossier, result);
  if (planned.isAutomatic) {
    const decision = {
      action: 'ask',
      reason: result.code,
      nextLevel: nextStepAfter(result.code, planned.kind),
    } as const;
    turn.change(dossier, { type: 'decide', at: turn.now, decision });
  }
  if (result.code === 'cancelled') return;
  const whatWasDone = `${planned.kind === 'block' ? 'The key is NOT blocked' : 'The key is NOT restored'}: ${result.note} ${nextStepAfter(result.code, planned.kind)}`;
  turn.notify(dossier, { transition: 'failed', of: action.actionId, whatWasDone });
}

function noteDoubt(turn: Turn, dossier: Dossier, { actionId, atGateway }: Failed): void {
  if (atGateway === undefined) return;
  const refusals = (dossier.doubt?.refusals ?? 0) + 1;
  dossier.doubt = { atGateway, actionId, refusedAt: turn.now, refusals };
}

function auditResult(
  turn: Turn,
  dossier: Dossier,
  action: ActionSnapshot,
  state: string,
  note: string,
): void {
  const { incidentId, keyId } = dossier.incident;
  turn.audit({
    actor: 'policy',
    action: `${action.kind}-${state}`,
    target: keyId,
    incidentId,
    detail: { ref: `${action.actionId}/${state}`, action_id: action.actionId, note },
  });
}
