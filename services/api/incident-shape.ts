import { entityText } from '../entity-text.ts';
import type { ActionSnapshot, EvidencePart, IncidentSnapshot } from '../incidents/incident.ts';
import type { EvidenceLine, Incident, IncidentAction, IncidentDetail, RelatedIncident } from './schema.ts';

/** From the shape of the code to the shape of the API. */

const iso = (ms: number): string => new Date(Math.round(ms)).toISOString();
const isoOrNull = (ms: number | null): string | null => (ms === null ? null : iso(ms));

function evidenceLines({ detector, findingId, kind, ts, lines }: EvidencePart): EvidenceLine[] {
  return lines.map(({ family, feature, observed, normal, bits, text, isWeak = false }) => {
    const said = { family, feature, observed, normal, bits, text, is_weak: isWeak };
    return { detector, finding_id: findingId, kind, ts: iso(ts), ...said };
  });
}

function toAction(action: ActionSnapshot): IncidentAction {
  return {
    action_id: action.actionId,
    kind: action.kind,
    state: action.state,
    reason: action.reason,
    actor: action.actor,
    requested_at: iso(action.requestedAt),
    sent_at: isoOrNull(action.sentAt),
    verified_at: isoOrNull(action.verifiedAt),
  };
}

export function indicatorsOf({ evidence }: IncidentSnapshot): string[] {
  return [...new Set(evidence.flatMap(({ indicators }) => indicators))];
}

export function toHead(incident: IncidentSnapshot): Omit<RelatedIncident, 'why'> {
  return {
    incident_id: incident.incidentId,
    opened_at: iso(incident.openedAt),
    updated_at: iso(incident.updatedAt),
    closed_at: isoOrNull(incident.closedAt),
    kind: incident.kind,
    severity: incident.severity,
    status: incident.status,
    containment: incident.containment,
    verdict: incident.verdict,
    title: incident.title,
    score_bits: incident.scoreBits,
    gateway: incident.gateway,
    key_id: incident.keyId,
    key_alias: incident.keyAlias,
    team: incident.team,
    user: incident.user,
    first_event_at: iso(incident.firstEventAt),
    last_event_at: iso(incident.lastEventAt),
    usd_lost: incident.usdLost,
    usd_per_hour: incident.usdPerHour,
    events: incident.events,
  };
}

export function toIncident(incident: IncidentSnapshot): Incident {
  const { action, reason, nextLevel } = incident.decision;
  return {
    ...toHead(incident),
    version: incident.version,
    entity: entityText(incident.entity),
    families: [...incident.families],
    certainty: incident.certainty ?? null,
    indicators: indicatorsOf(incident),
    evidence: incident.evidence.flatMap(evidenceLines),
    actions: incident.actions.map(toAction),
    decision: { action, reason, next_level: nextLevel },
  };
}

export function toDetail(incident: IncidentSnapshot, related: RelatedIncident[]): IncidentDetail {
  return {
    ...toIncident(incident),
    timeline: incident.timeline.map(({ at, change, actor, note }) => ({ at: iso(at), change, actor, note })),
    related,
  };
}
