import type { RelatedIncident } from '../../../../services/api/schema.ts';
import { IncidentRow } from '../incidents/incident-row.tsx';

export function Related({ related }: { related: readonly RelatedIncident[] }) {
  if (related.length === 0) return null;
  return (
    <section className="related">
      <h2>Related incidents</h2>
      <ol className="incidents">
        {related.map((incident) => (
          <IncidentRow
            key={incident.incident_id}
            incident={incident}
            why={`same ${incident.why.join(', ')}`}
          />
        ))}
      </ol>
    </section>
  );
}
