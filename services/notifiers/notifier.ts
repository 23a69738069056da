import type { IncidentSnapshot, Severity } from '../incidents/incident.ts';

export const TRANSITIONS = ['opened', 'escalated', 'contained', 'failed', 'restored', 'resolved'] as const;
export type Transition = (typeof TRANSITIONS)[number];

/** What is told to people. The same id is the same message: a receiver may use it to drop repeats. */
export interface Notification {
  notificationId: string;
  transition: Transition | 'caps-reached' | 'breaker' | 'frozen' | 'unfrozen' | 'digest';
  at: number;
  /** Undefined for messages about gatewatch itself. */
  incident: IncidentSnapshot | undefined;
  subject: string;
  /** What happened, in short sentences. */
  summary: string;
  /** What was done about it, and how to undo or do it. */
  whatWasDone: string;
  link: string;
  runbook: string;
  /** `sequence:hash` of the audit chain when it was written: an anchor outside our reach. */
  auditAnchor: string;
  /** Only of a digest, and always of one. */
  digest?: Digest;
}

/** Many messages that came within a short time, told as one. */
export interface Digest {
  messages: number;
  /** When the first of them came up. */
  since: number;
  bySeverity: Record<Severity, number>;
  /** Subjects of the worst few, worst first. */
  worst: readonly { severity: Severity; subject: string }[];
}

/** A way to reach people. `send` resolves when the message was taken over; it rejects with `E_NOTIFIER_REFUSED`
 *  (a retry cannot help) or `E_NOTIFIER_UNAVAILABLE` (it may, after `retryAfterMs` if the error carries it). */
export interface Notifier {
  name: string;
  send(notification: Notification, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}
