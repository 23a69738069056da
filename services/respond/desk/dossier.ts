import type { Severity, IncidentSnapshot } from '../../incidents/incident.ts';
import type { PlannedAction } from './effects.ts';

/** Command ids remembered per incident: the same command twice is one command. */
const MAX_COMMANDS = 50;

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
  commandIds: string[];
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

/** What became of the newest block, restores included. */
export function lastBlockOf({ incident, open }: Dossier): 'none' | 'open' | 'failed' | 'restored' {
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
      return lastActionOf(incident, 'block') === undefined ? 'none' : 'failed';
  }
}
