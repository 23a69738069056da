import { isAtLeast } from '../../incidents/severity.ts';
import type { Dossier } from './dossier.ts';
import { isHeldBack } from './policy.ts';
import type { Turn } from './turn.ts';

/** A gateway that is well has blocked and read back, or said why not, long before. After that people should know. */
const OUTCOME_MS = 15_000;

/** Tells people what is new about an incident: at once, or with the outcome of an automatic block that has just begun,
 *  so that one message tells it all. */
export function tellNews(turn: Turn, dossier: Dossier): void {
  const { incident } = dossier;
  if (!isAtLeast(incident.severity, 'medium') || isHeldBack(incident.decision) || !isNews(dossier)) return;
  const outcomeBy = outcomeDueAt(dossier);
  if (turn.now < outcomeBy) dossier.tellAt ??= outcomeBy;
  else notifyNews(turn, dossier);
}

/** For news whose outcome takes longer than people should wait, or never came. */
export function tellOverdue(turn: Turn, dossier: Dossier): void {
  if (dossier.tellAt === undefined || turn.now < dossier.tellAt) return;
  dossier.tellAt = undefined;
  turn.touch(dossier);
  if (isNews(dossier)) notifyNews(turn, dossier);
}

function isNews({ incident, toldSeverity, toldKind }: Dossier): boolean {
  return (
    toldSeverity === undefined || !isAtLeast(toldSeverity, incident.severity) || toldKind !== incident.kind
  );
}

/** Long ago when no automatic block is under way. */
function outcomeDueAt({ open }: Dossier): number {
  const block = open.find(({ isAutomatic }) => isAutomatic);
  return block === undefined ? -Infinity : block.requestedAt + OUTCOME_MS;
}

function notifyNews(turn: Turn, dossier: Dossier): void {
  const { severity, kind } = dossier.incident;
  if (dossier.toldSeverity === undefined) turn.notify(dossier, { transition: 'opened', of: '1' });
  else turn.notify(dossier, { transition: 'escalated', of: `${severity}_${kind}` });
}
