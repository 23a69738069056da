import { SEVERITIES } from '../../incidents/incident.ts';
import type { Severity } from '../../incidents/incident.ts';
import { isAtLeast } from '../../incidents/severity.ts';
import type { Digest, Notification } from '../../notifiers/notifier.ts';
import { MAX_SINGLES, WINDOW_MS } from './send-window.ts';

const WORST = 10;

/** Messages on top of those that may go one by one, on their way to be one. Its size does not grow with their number. */
export interface Gathering {
  /** When the window was found full; from here its time runs. */
  startedAt: number;
  digest: Digest;
  /** The newest of all. */
  auditAnchor: string;
}

export function newGathering(startedAt: number): Gathering {
  const bySeverity = { info: 0, low: 0, medium: 0, high: 0, critical: 0 };
  return { startedAt, digest: { messages: 0, since: startedAt, bySeverity, worst: [] }, auditAnchor: '' };
}

export function gather(gathering: Gathering, notification: Notification): Gathering {
  const { startedAt, digest } = gathering;
  const { at, subject } = notification;
  const severity = severityOf(notification);
  const bySeverity = { ...digest.bySeverity, [severity]: digest.bySeverity[severity] + 1 };
  const worst = [...digest.worst, { severity, subject }].sort(
    (a, b) => SEVERITIES.indexOf(b.severity) - SEVERITIES.indexOf(a.severity),
  );
  return {
    startedAt,
    digest: {
      messages: digest.messages + 1,
      since: Math.min(digest.since, at),
      bySeverity,
      worst: worst.slice(0, WORST),
    },
    auditAnchor: newer(gathering.auditAnchor, notification.auditAnchor),
  };
}

/** The critical ones are kept longest, so messages are not gathered in the order in which they came up. */
function newer(a: string, b: string): string {
  return Number.parseInt(b) >= (Number.parseInt(a) || 0) ? b : a;
}

/** The one message that stands for all of them. Its id says when it began, so a repeat is the same message. */
export function digestNotification(
  { startedAt, digest, auditAnchor }: Gathering,
  { at, name, publicUrl }: { at: number; name: string; publicUrl: string },
): Notification {
  const counted = countsOf(digest);
  const since = clock(digest.since);
  const messages = digest.messages === 1 ? '1 more message' : `${digest.messages} more messages`;
  return {
    notificationId: `ntf_digest_${name}_${Math.round(startedAt)}`,
    transition: 'digest',
    at,
    incident: undefined,
    subject: `${messages} about incidents since ${since}: ${counted}`,
    summary: `${messages} about incidents came up since ${since}: ${counted}. Only ${MAX_SINGLES} are sent one by one within ${WINDOW_MS / 60_000} minutes, the critical ones first.`,
    whatWasDone: 'What was done about each of them stands on the page.',
    link: publicUrl,
    runbook:
      'Open the page and begin with the critical ones. One network, client or country in many of them points at a change of yours; otherwise handle them one by one.',
    auditAnchor,
    digest,
  };
}

function countsOf({ bySeverity }: Digest): string {
  return SEVERITIES.toReversed()
    .filter((severity) => bySeverity[severity] > 0)
    .map((severity) => `${bySeverity[severity]} ${severity}`)
    .join(', ');
}

function severityOf({ incident }: Notification): Severity {
  return incident?.severity ?? 'info';
}

/** Messages about gatewatch itself are pages, and good news is never urgent. */
export function isUrgent({ incident, transition }: Notification): boolean {
  if (incident === undefined) return transition !== 'digest';
  return isAtLeast(incident.severity, 'critical') && transition !== 'resolved' && transition !== 'restored';
}

function clock(ms: number): string {
  return `${new Date(ms).toISOString().slice(11, 16)} UTC`;
}
