import type { Claims, IncidentSnapshot, Severity } from '../../incidents/incident.ts';
import type { PlannedAction } from './effects.ts';

/** Command ids remembered per incident: the same command twice is one command. */
const MAX_COMMANDS = 50;

/** The first evidence that agrees with the gateway asks it again at once. Only a gateway that changed its word refuses
 *  that too; then it is asked once in five minutes, until it has refused six times in all. */
const ASK_AGAIN_MS = 5 * 60_000;
const MAX_REFUSALS = 6;

/** The gateway called the log's claims about the key wrong: from then on only evidence that agrees with it counts, so a
 *  record that names a wrong owner can neither block the key nor stand in for genuine evidence. */
export interface Doubt {
  atGateway: Claims;
  actionId: string;
  refusedAt: number;
  refusals: number;
}

/** What is being waited for after a block: a denial, or silence. */
export interface Proof {
  actionId: string;
  /** When the gateway took the block over; calls that began before may still end well. */
  since: number;
  deadlineMs: number;
  /** Start of the newest call that succeeded after the block, else when the gateway was told to block. */
  lastSuccessAt: number;
  successes: number;
  /** It was told that the block does not work; told once. */
  isIneffective: boolean;
}

/** An incident with all that only the desk needs to know about it. Plain data that survives JSON. */
export interface Dossier {
  incident: IncidentSnapshot;
  /** Worst severity that people were told; undefined: nothing was told yet. */
  toldSeverity: Severity | undefined;
  toldKind: string;
  /** Until then what is new waits for the outcome of an automatic block, so that one message tells it all. */
  tellAt: number | undefined;
  /** Ids of the messages about it; each goes out once. */
  told: string[];
  /** Actions not yet accepted, failed or refused. */
  open: PlannedAction[];
  proof: Proof | undefined;
  doubt: Doubt | undefined;
  commandIds: string[];
  /** Rules and detectors that are in the ledger. Missing: it was kept by a version without a ledger. */
  ledger?: string[];
}

export function newDossier(incident: IncidentSnapshot): Dossier {
  return {
    incident,
    toldSeverity: undefined,
    toldKind: '',
    tellAt: undefined,
    told: [],
    open: [],
    proof: undefined,
    doubt: undefined,
    commandIds: [],
  };
}

/** True the first time a command is seen. */
export function noteCommand(dossier: Dossier, commandId: string): boolean {
  if (dossier.commandIds.includes(commandId)) return false;
  dossier.commandIds = [...dossier.commandIds, commandId].slice(-MAX_COMMANDS);
  return true;
}

export function lastActionOf(incident: IncidentSnapshot, kind: 'block' | 'restore') {
  return incident.actions.findLast((action) => action.kind === kind);
}

export type LastBlock = 'none' | 'open' | 'failed' | 'doubted' | 'restored';

/** What became of the newest block, restores included. `doubted`: the gateway is not to be asked again now. */
export function lastBlockOf(dossier: Dossier, now: number): LastBlock {
  const { incident, open } = dossier;
  if (open.some(({ kind }) => kind === 'block')) return 'open';
  switch (incident.containment) {
    case 'accepted':
    case 'verified':
    case 'simulated':
    case 'requested':
    case 'sent':
      return 'open';
    case 'failed':
      return 'failed';
    case 'restored':
      return 'restored';
    case 'none':
      return lastUndoneOf(dossier, now);
  }
}

function lastUndoneOf({ incident, doubt }: Dossier, now: number): LastBlock {
  const last = lastActionOf(incident, 'block');
  if (last === undefined) return 'none';
  if (last.actionId !== doubt?.actionId) return 'failed';
  const { refusals, refusedAt } = doubt;
  const isDue = refusals === 1 || (refusals < MAX_REFUSALS && now - refusedAt >= ASK_AGAIN_MS);
  return isDue ? 'none' : 'doubted';
}
