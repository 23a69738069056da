import type { ActionSnapshot } from '../../incidents/incident.ts';
import type { Command } from '../../topics.ts';
import type { Dossier, Proof } from './dossier.ts';
import type { Turn } from './turn.ts';

type Observed = Command & { type: 'observed' };

/** A call on a key that was blocked: the proof that it is dead, or that it is not. */
export function handleObserved(turn: Turn, observed: Observed): void {
  const dossier = turn.archive
    .of({ type: 'key', keyId: observed.keyId })
    .findLast(({ proof }) => proof !== undefined);
  if (dossier?.proof === undefined) return;
  if (observed.outcome === 'denied') wasDenied(turn, dossier, dossier.proof, observed);
  else didSucceed(turn, dossier, dossier.proof, observed);
}

function actionOf({ incident }: Dossier, { actionId }: Proof): ActionSnapshot | undefined {
  return incident.actions.find((action) => action.actionId === actionId);
}

function wasDenied(turn: Turn, dossier: Dossier, proof: Proof, { endedAt }: Observed): void {
  if (endedAt < proof.lastSuccessAt) return;
  verify(turn, dossier, proof, 'The gateway denied a call with the key.');
}

/** Time for which no call has succeeded; long enough, it is a proof. */
export function checkSilence(turn: Turn, dossier: Dossier, proof: Proof): void {
  if (turn.now - Math.max(proof.since, proof.lastSuccessAt) < proof.deadlineMs) return;
  const seconds = Math.round(proof.deadlineMs / 1000);
  verify(turn, dossier, proof, `No call with the key succeeded for ${seconds} s.`);
}

function verify(turn: Turn, dossier: Dossier, proof: Proof, note: string): void {
  const action = actionOf(dossier, proof);
  if (action === undefined || action.state === 'verified') return;
  const verified: ActionSnapshot = { ...action, state: 'verified', verifiedAt: turn.now };
  turn.audit({
    actor: 'policy',
    action: 'block-verified',
    target: dossier.incident.keyId,
    incidentId: dossier.incident.incidentId,
    detail: { ref: `${action.actionId}/verified/${proof.successes}`, action_id: action.actionId, note },
  });
  const change = 'block-verified';
  turn.change(dossier, {
    type: 'act',
    at: turn.now,
    action: verified,
    containment: 'verified',
    change,
    note,
  });
  turn.actionRow(dossier, verified, 0);
}

/** Calls that began before the block may end well, and a gateway's workers may take until the deadline to hear of it;
 *  after that, or after a proof, a success means that the block does not work. */
function didSucceed(turn: Turn, dossier: Dossier, proof: Proof, observed: Observed): void {
  if (observed.startedAt <= proof.since) return;
  proof.successes += 1;
  proof.lastSuccessAt = Math.max(proof.lastSuccessAt, observed.startedAt);
  turn.touch(dossier);
  const isPending = actionOf(dossier, proof)?.state === 'accepted';
  const afterMs = observed.startedAt - proof.since;
  if (isPending && afterMs <= proof.deadlineMs) {
    if (proof.successes === 1) noteStray(turn, dossier, afterMs);
    return;
  }
  doesNotWork(turn, dossier, proof, afterMs);
}

function noteStray(turn: Turn, dossier: Dossier, afterMs: number): void {
  const note = `A call that began ${seconds(afterMs)} after the block succeeded; a worker of the gateway may still have the key in its cache.`;
  turn.change(dossier, { type: 'note', at: turn.now, change: 'success-after-block', actor: 'policy', note });
}

function doesNotWork(turn: Turn, dossier: Dossier, proof: Proof, afterMs: number): void {
  const { incident } = dossier;
  const action = actionOf(dossier, proof);
  const target = turn.archive.openOf(incident.entity) ?? dossier;
  if (action === undefined || action.state === 'failed' || target.open.length > 0) return;
  const note = `Block ineffective: a call that began ${seconds(afterMs)} after the block succeeded.`;
  turn.audit({
    actor: 'policy',
    action: 'block-ineffective',
    target: incident.keyId,
    incidentId: target.incident.incidentId,
    detail: { ref: `${proof.actionId}/ineffective/${proof.successes}`, action_id: proof.actionId, note },
  });
  const failed: ActionSnapshot = { ...action, state: 'failed' };
  if (target === dossier) {
    turn.change(dossier, { type: 'worsen', at: turn.now, note, action: failed });
  } else {
    const change = 'block-ineffective';
    turn.change(dossier, { type: 'act', at: turn.now, action: failed, containment: 'failed', change, note });
    turn.change(target, { type: 'worsen', at: turn.now, note, action: undefined });
  }
  turn.actionRow(dossier, failed, 0);
  if (proof.isIneffective) return;
  proof.isIneffective = true;
  turn.notify(target, {
    transition: 'failed',
    of: `${proof.actionId}_ineffective`,
    whatWasDone: `${note} Open the incident and press Block to have it done and proven again, or block the key by hand at the gateway.`,
  });
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
