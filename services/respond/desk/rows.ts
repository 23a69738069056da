import { bitsOf, familiesOf, toPart } from '../../incidents/evidence.ts';
import type { ActionSnapshot, IncidentSnapshot, TimelineEntry } from '../../incidents/incident.ts';
import type { AuditRecord } from '../../audit/audit-log.ts';
import type { Fact } from '../../../detectors/detector.ts';
import { entityText } from '../../entity-text.ts';
import { encodeRow } from '../../stores/tables.ts';
import type { Finding } from '../../topics.ts';
import type { Effect } from './effects.ts';
import type { Mode, Rule } from './policy.ts';

type Row = Effect & { type: 'row' };

export function incidentRow(incident: IncidentSnapshot): Row {
  const row = encodeRow('incidents', {
    incident_id: incident.incidentId,
    version: incident.version,
    opened_at: incident.openedAt,
    updated_at: incident.updatedAt,
    closed_at: incident.closedAt,
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
    first_event_at: incident.firstEventAt,
    last_event_at: incident.lastEventAt,
    usd_lost: incident.usdLost,
    usd_per_hour: incident.usdPerHour,
    events: incident.events,
    detail: JSON.stringify(incident),
  });
  return { type: 'row', table: 'incidents', row, replaces: incident.incidentId };
}

export function changeRow(incident: IncidentSnapshot, { at, change, actor, note }: TimelineEntry): Row {
  const row = encodeRow('incident_changes', {
    ts: at,
    incident_id: incident.incidentId,
    change,
    status: incident.status,
    containment: incident.containment,
    severity: incident.severity,
    actor,
    note,
  });
  return { type: 'row', table: 'incident_changes', row };
}

export function findingRow(finding: Finding, incidentId: string): Row {
  const { entity } = finding;
  const row = encodeRow('findings', {
    ts: finding.ts,
    finding_id: finding.findingId,
    incident_id: incidentId,
    detector: finding.detector,
    kind: finding.kind,
    entity: entityText(entity),
    key_id: entity.type === 'key' ? entity.keyId : '',
    team: finding.team,
    user: finding.user,
    bits: bitsOf(finding.lines),
    family: familiesOf([toPart(finding, true)]).join(','),
    evidence: JSON.stringify(finding.lines),
  });
  return { type: 'row', table: 'findings', row };
}

export function actionRow(
  incident: IncidentSnapshot,
  action: ActionSnapshot,
  { at, latencyMs }: { at: number; latencyMs: number },
): Row {
  const row = encodeRow('actions', {
    ts: at,
    action_id: action.actionId,
    incident_id: incident.incidentId,
    kind: action.kind,
    target: incident.keyId,
    state: action.state,
    reason: action.reason,
    actor: action.actor,
    latency_ms: Math.max(0, Math.round(latencyMs)),
  });
  return { type: 'row', table: 'actions', row };
}

export interface LedgerEntry {
  at: number;
  rule: Rule;
  detector: string;
  mode: Mode;
}

export function ledgerRow(incident: IncidentSnapshot, { at, rule, detector, mode }: LedgerEntry): Row {
  const row = encodeRow('ledger', {
    ts: at,
    incident_id: incident.incidentId,
    detector,
    action: 'block',
    rule,
    mode,
    key_id: incident.keyId,
    bits: incident.scoreBits,
    usd_lost: incident.usdLost,
    usd_per_hour: incident.usdPerHour,
    indicators: JSON.stringify([...new Set(incident.evidence.flatMap((part) => part.indicators))]),
  });
  return { type: 'row', table: 'ledger', row };
}

export function auditRow(record: AuditRecord): Row {
  const row = encodeRow('audit', {
    seq: record.seq,
    ts: record.ts,
    actor: record.actor,
    action: record.action,
    target: record.target,
    incident_id: record.incidentId,
    detail: JSON.stringify(record.detail),
    prev_hash: record.prevHash,
    hash: record.hash,
  });
  return { type: 'row', table: 'audit', row };
}

export function leakedKeyRow(fact: Fact & { type: 'leak' | 'canary' }): Row {
  const isLeak = fact.type === 'leak';
  const row = encodeRow('leaked_keys', {
    key_id: fact.keyId,
    type: fact.type,
    reported_at: fact.at,
    found_at: isLeak ? fact.foundAt : fact.at,
    source: isLeak ? fact.source : fact.gateway,
    url: isLeak ? fact.url : '',
    is_verified: isLeak && !fact.isVerified ? 0 : 1,
    place: isLeak ? '' : fact.place,
  });
  return { type: 'row', table: 'leaked_keys', row };
}
