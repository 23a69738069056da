import type { RelatedIncident } from '../../../../services/api/schema.ts';
import { Ago } from '../ago.tsx';
import { ContainmentBadge, SeverityBadge } from '../badges.tsx';
import { dollars } from '../format.ts';
import { incidentLink } from '../route.ts';
import { whose } from '../whose.ts';
import { KINDS, STATUSES, say } from '../words.ts';

interface IncidentRowProps {
  incident: Omit<RelatedIncident, 'why'>;
  /** What ties it to the incident beside which it is shown. */
  why?: string;
}

export function IncidentRow({ incident, why }: IncidentRowProps) {
  return (
    <li className={`row status-${incident.status}`}>
      <a href={incidentLink(incident.incident_id)}>
        <span className="row-severity">
          <SeverityBadge severity={incident.severity} />
        </span>
        <span className="row-what">
          <strong>{incident.title}</strong>
          <span className="dim">
            {say(KINDS, incident.kind)} · {whose(incident)}
            {why !== undefined && ` · ${why}`}
          </span>
        </span>
        <span className="row-money">
          <span>{dollars(incident.usd_lost)} lost</span>
          {incident.usd_per_hour > 0 && <span className="dim">{dollars(incident.usd_per_hour)} an hour</span>}
        </span>
        <span className="row-state">
          <ContainmentBadge containment={incident.containment} />
          <span className={`badge status-${incident.status}`}>{say(STATUSES, incident.status)}</span>
        </span>
        <span className="row-time dim">
          <Ago time={incident.opened_at} />
        </span>
      </a>
    </li>
  );
}
