import type { Kind, Line } from '../../detectors/detector.ts';
import type { IncidentSnapshot, Severity } from '../incidents/incident.ts';

/** What `replay --out` writes for each notification; the names are a contract with whoever reads the file. */
export interface NotificationLine {
  /** Epoch seconds of the stream. */
  ts: number;
  kind: Kind;
  key_id: string | null;
  key_hash: string | null;
  team: string | null;
  user: string | null;
  severity: Severity;
  score: number;
  incident_id: string;
  title: string;
  would: 'none' | 'notify' | 'block';
  evidence: readonly Line[];
}

export function notificationLine(at: number, incident: IncidentSnapshot): NotificationLine {
  const { entity } = incident;
  const keyId = entity.type === 'key' ? entity.keyId : null;
  return {
    ts: at / 1000,
    kind: incident.kind,
    key_id: keyId,
    // LiteLLM's key id is the hash as logged. A foreign credential was logged in clear; its stand-in is no hash of a key.
    key_hash: keyId?.startsWith('foreign:') === true ? null : keyId,
    // A team's incident is nobody's in particular, and the other way round.
    team: entity.type === 'team' ? entity.team : orNull(incident.team),
    user: entity.type === 'user' ? entity.user : entity.type === 'team' ? null : orNull(incident.user),
    severity: incident.severity,
    score: Math.round(incident.scoreBits * 10) / 10,
    incident_id: incident.incidentId,
    title: incident.title,
    would: wouldOf(incident),
    evidence: incident.evidence.flatMap(({ lines }) => lines),
  };
}

/** What the machine would have done by itself in the simulated mode. */
function wouldOf({ containment, decision }: IncidentSnapshot): NotificationLine['would'] {
  if (containment === 'simulated' || decision.action === 'block') return 'block';
  return decision.action === 'none' ? 'none' : 'notify';
}

function orNull(text: string): string | null {
  return text === '' ? null : text;
}
