import { createHash } from 'node:crypto';
import { TRANSITIONS } from './notifier.ts';
import type { Notification } from './notifier.ts';
import { renderMessage } from './render.ts';
import { inertText } from './text.ts';

/** Standard Webhooks asks for bodies below about 20 kB. */
const MAX_BYTES = 20_000;

/** The thin body of a message: what people need to decide whether to open the page. */
export function webhookBody(notification: Notification): string {
  const message = renderMessage(notification);
  const data = {
    notification_id: notification.notificationId,
    transition: notification.transition,
    ...incidentFields(notification),
    ...digestFields(notification),
    subject: message.subject,
    summary: message.summary,
    what_was_done: message.whatWasDone,
    evidence: [...message.evidence],
    evidence_omitted: message.moreEvidence,
    link: message.link,
    runbook: message.runbook,
    audit_anchor: message.auditAnchor,
  };
  const body = () =>
    JSON.stringify({ type: typeOf(notification), timestamp: new Date(notification.at).toISOString(), data });
  while (Buffer.byteLength(body()) > MAX_BYTES && data.evidence.pop() !== undefined)
    data.evidence_omitted += 1;
  return body();
}

/** Dotted, as the scheme advises: `incident.opened`, `gatewatch.caps_reached`. */
function typeOf({ transition }: Notification): string {
  const subject = (TRANSITIONS as readonly string[]).includes(transition) ? 'incident' : 'gatewatch';
  return `${subject}.${transition.replaceAll('-', '_')}`;
}

function incidentFields({ incident }: Notification) {
  if (incident === undefined) return {};
  return {
    incident_id: incident.incidentId,
    kind: incident.kind,
    severity: incident.severity,
    status: incident.status,
    containment: incident.containment,
    verdict: incident.verdict,
    certainty: incident.certainty ?? null,
    score_bits: incident.scoreBits,
    title: inertText(incident.title, 300),
    gateway: inertText(incident.gateway, 100),
    key_id: inertText(incident.keyId, 128),
    key_alias: inertText(incident.keyAlias, 128),
    team: inertText(incident.team, 128),
    user: inertText(incident.user, 128),
    usd_lost: incident.usdLost,
    usd_per_hour: incident.usdPerHour,
    events: incident.events,
    first_event_at: new Date(incident.firstEventAt).toISOString(),
    last_event_at: new Date(incident.lastEventAt).toISOString(),
  };
}

function digestFields({ digest }: Notification) {
  if (digest === undefined) return {};
  const { messages, since, bySeverity } = digest;
  return { digest: { messages, since: new Date(since).toISOString(), by_severity: bySeverity } };
}

/** The id of a message stays the same over all attempts. A dot would make the signed text ambiguous. */
export function webhookId(notificationId: string): string {
  return /^[\w-]{1,100}$/.test(notificationId)
    ? notificationId
    : `msg_${createHash('sha256').update(notificationId).digest('hex').slice(0, 40)}`;
}
