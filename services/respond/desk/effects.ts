import type { Fact } from '../../../detectors/detector.ts';
import type { KeyId } from '../../../detectors/event.ts';
import type { AuditEntry } from '../../audit/audit-log.ts';
import type { Claims, IncidentSnapshot } from '../../incidents/incident.ts';
import type { Notification } from '../../notifiers/notifier.ts';
import type { TableName } from '../../stores/tables.ts';

/** What the desk wants done. Effects of one call come in order: what must be audited stands before what needs it. */
export type Effect =
  | { type: 'audit'; entry: AuditEntry }
  | { type: 'act'; action: PlannedAction }
  | { type: 'notify'; notification: Omit<Notification, 'auditAnchor'> }
  | { type: 'fact'; fact: Fact }
  /** People judged an incident of a key: its events may become a case. */
  | { type: 'judged'; incident: IncidentSnapshot }
  /** `replaces`: rows with the same text stand for the same thing; only the newest one matters. */
  | { type: 'row'; table: TableName; row: string; replaces?: string }
  /** For the metrics. */
  | { type: 'count'; what: 'incident' | 'action'; kind: string; state: string };

/** Something to do at a gateway, once its audit record is on disk. */
export interface PlannedAction {
  /** A function of incident, kind and attempt: the same decision gives the same id. */
  actionId: string;
  kind: 'block' | 'restore';
  incidentId: string;
  gateway: string;
  keyId: KeyId;
  /** What the log says about the key; the gateway must agree before anything is done. Empty: the log did not say. */
  claims: Claims;
  actor: string;
  reason: string;
  isAutomatic: boolean;
  /** The block is said not to work: block again although the gateway calls the key blocked. */
  isRepeat: boolean;
  requestedAt: number;
  /** Arrival of the event that caused it; response times are measured from here. */
  receivedAt: number;
}

/** What became of a planned action. `refused`: nothing was done, on purpose. */
export type ActionResult =
  | { actionId: string; state: 'sent'; at: number; latencyMs: number }
  /** Done and read back. The proof is still to come, within `effectDeadlineMs`. */
  | { actionId: string; state: 'accepted'; at: number; effectDeadlineMs: number; note: string }
  | {
      actionId: string;
      state: 'failed' | 'refused';
      at: number;
      code: FailureCode;
      note: string;
      /** Whose key it is there, when it was refused because the log says otherwise. */
      atGateway?: Claims;
    };

export const FAILURE_CODES = [
  'audit-unavailable',
  'no-gateway',
  'gateway-unavailable',
  'gateway-denied',
  'unknown-key',
  'not-active',
  'log-integrity',
  'read-back-disagrees',
  'too-old',
  'frozen',
  'cancelled',
] as const;
export type FailureCode = (typeof FAILURE_CODES)[number];
