import { refusalOf } from '../../incidents/lifecycle.ts';
import type { Verdict } from '../../../detectors/detector.ts';
import type { Command } from '../../topics.ts';
import { planBlock, planRestore } from './actions.ts';
import { noteCommand } from './dossier.ts';
import type { Dossier } from './dossier.ts';
import { freezeNotice } from './notices.ts';
import { isNeverBlocked, VERDICT_MS } from './policy.ts';
import type { Turn } from './turn.ts';

type IncidentCommand = Command & { type: 'incident' };
type Freeze = Command & { type: 'freeze' };

/** What a person asked for that long ago is not done any more: they may have decided otherwise since. */
const STALE_MS = 15 * 60_000;

export interface Answers {
  graceMs: number;
}

/** Does what a person asks, or says in the timeline why not. Nothing they ask vanishes. */
export function handleIncidentCommand(turn: Turn, command: IncidentCommand, { graceMs }: Answers): void {
  const dossier = turn.archive.get(command.incidentId);
  if (dossier === undefined) {
    auditCommand(turn, command, `${command.command}-refused`, 'There is no such incident.');
    return;
  }
  if (!noteCommand(dossier, command.commandId)) return;
  turn.touch(dossier);
  const refusal = refusalFor(turn, dossier, command);
  if (refusal !== undefined) {
    const { actor } = command;
    const note = `${command.command}: ${refusal}`;
    turn.change(dossier, { type: 'note', at: turn.now, change: 'command-refused', actor, note });
    auditCommand(turn, command, `${command.command}-refused`, refusal);
    return;
  }
  obey(turn, dossier, command, graceMs);
}

function refusalFor(turn: Turn, dossier: Dossier, { command, at }: IncidentCommand): string | undefined {
  const { incident } = dossier;
  switch (command) {
    case 'acknowledge':
    case 'resolve':
      return refusalOf(incident, command);
    case 'reopen': {
      const open = turn.archive.openOf(incident.entity);
      const isOther = open !== undefined && open !== dossier;
      return isOther ? `Incident ${open.incident.incidentId} is open for it.` : refusalOf(incident, command);
    }
    case 'block':
      return staleness(turn, at) ?? refusalToBlock(turn, dossier);
    case 'approve':
      return incident.decision.action === 'ask'
        ? (staleness(turn, at) ?? refusalToBlock(turn, dossier))
        : 'Nothing waits for an approval. Use block to block the key.';
    case 'deny':
      return incident.decision.action === 'ask' ? undefined : 'Nothing waits for an approval.';
    case 'restore':
      return staleness(turn, at) ?? refusalToRestore(turn, dossier);
  }
}

function staleness(turn: Turn, at: number): string | undefined {
  return turn.now - at > STALE_MS
    ? 'It was asked more than 15 minutes ago. Ask again if it is still needed.'
    : undefined;
}

function refusalToBlock(turn: Turn, { incident }: Dossier): string | undefined {
  if (incident.keyId === '') return 'There is no single key to block.';
  if (isNeverBlocked(incident.keyId)) return 'This credential is never blocked by gatewatch.';
  if (isBusy(turn, incident.keyId)) return 'An action on this key is under way.';
  const isBlocked = incident.containment === 'accepted' || incident.containment === 'verified';
  return isBlocked ? 'The key is blocked already.' : undefined;
}

function refusalToRestore(turn: Turn, { incident, open }: Dossier): string | undefined {
  if (incident.keyId === '') return 'There is no key to restore.';
  // A block under way can be called off; anything else must end first.
  if (open.some(({ kind }) => kind === 'block')) return undefined;
  if (isBusy(turn, incident.keyId)) return 'An action on this key is under way.';
  return ['accepted', 'verified', 'failed'].includes(incident.containment)
    ? undefined
    : 'The key was not blocked by this incident.';
}

function isBusy(turn: Turn, keyId: Dossier['incident']['keyId']): boolean {
  if (keyId === '') return false;
  return turn.archive.of({ type: 'key', keyId }).some(({ open }) => open.length > 0);
}

function obey(turn: Turn, dossier: Dossier, command: IncidentCommand, graceMs: number): void {
  const { actor, note } = command;
  const at = turn.now;
  const order = { actor, isAutomatic: false, receivedAt: at };
  switch (command.command) {
    case 'acknowledge':
    case 'reopen':
      auditCommand(turn, command, command.command, note);
      turn.change(dossier, { type: command.command, at, actor, note });
      return;
    case 'resolve':
      resolve(turn, dossier, command);
      return;
    case 'block':
    case 'approve':
      planBlock(turn, dossier, {
        ...order,
        reason: command.command === 'approve' ? 'approved' : 'asked-by-a-person',
      });
      return;
    case 'deny':
      auditCommand(turn, command, 'deny', note);
      turn.situation.forgiveness.forgive(dossier.incident.keyId, dossier.incident.evidence, at + graceMs);
      turn.change(dossier, { type: 'note', at, change: 'denied', actor, note });
      turn.change(dossier, {
        type: 'decide',
        at,
        decision: { action: 'none', reason: 'denied', nextLevel: 'New evidence.' },
      });
      return;
    case 'restore':
      callOffBlocks(turn, dossier, actor);
      planRestore(turn, dossier, { ...order, reason: 'asked-by-a-person' });
      return;
  }
}

function resolve(turn: Turn, dossier: Dossier, command: IncidentCommand): void {
  const { actor, note, verdict } = command;
  auditCommand(turn, command, 'resolve', note);
  turn.change(dossier, { type: 'resolve', at: turn.now, actor, note, verdict: verdict ?? 'unclear' });
  if (verdict !== undefined) tellVerdict(turn, dossier, verdict);
  turn.notify(dossier, { transition: 'resolved', of: command.commandId });
}

/** Detectors learn from what people say about this key, and about nothing else. */
function tellVerdict(turn: Turn, dossier: Dossier, verdict: Verdict): void {
  const { incident } = dossier;
  const { keyId, incidentId, evidence } = incident;
  if (keyId === '') return;
  const indicators = [...new Set(evidence.flatMap((part) => part.indicators))];
  turn.fact({
    type: 'verdict',
    keyId,
    at: turn.now,
    incidentId,
    verdict,
    indicators,
    until: turn.now + VERDICT_MS,
  });
  turn.judged(dossier);
}

/** The executor asks before each step whether it may go on; what it did already, the restore undoes. */
function callOffBlocks(turn: Turn, dossier: Dossier, actor: string): void {
  for (const { actionId } of dossier.open.filter(({ kind }) => kind === 'block')) {
    const action = dossier.incident.actions.find((one) => one.actionId === actionId);
    if (action === undefined) continue;
    turn.situation.caps.release(actionId);
    const refused = { ...action, state: 'refused' as const };
    const note = `Called off by ${actor}.`;
    turn.change(dossier, {
      type: 'act',
      at: turn.now,
      action: refused,
      containment: 'none',
      change: 'block-refused',
      note,
    });
    turn.actionRow(dossier, refused, 0);
  }
  dossier.open = dossier.open.filter(({ kind }) => kind !== 'block');
}

function auditCommand(turn: Turn, command: IncidentCommand, action: string, note: string): void {
  const { actor, commandId, incidentId, verdict } = command;
  const target = turn.archive.get(incidentId)?.incident.keyId ?? '';
  turn.audit({
    actor,
    action,
    target,
    incidentId,
    detail: { ref: commandId, verdict: verdict ?? null, note },
  });
}

/** Stops or resumes all automatic actions. Resuming also closes the breaker. */
export function handleFreeze(turn: Turn, { on, actor, commandId }: Freeze): void {
  const { situation, now } = turn;
  if (on === (situation.hold === 'frozen') && situation.hold !== 'breaker') return;
  turn.audit({
    actor,
    action: on ? 'freeze' : 'unfreeze',
    target: '',
    incidentId: '',
    detail: { ref: commandId },
  });
  situation.hold = on ? 'frozen' : 'no';
  if (!on) situation.breaker.reset();
  turn.announce(freezeNotice(on, { at: now, actor, commandId, publicUrl: turn.publicUrl() }));
}
