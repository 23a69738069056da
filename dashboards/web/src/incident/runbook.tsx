import { useEffect, useState } from 'react';
import type { DetectorPapers, IncidentDetail } from '../../../../services/api/schema.ts';
import { get } from '../api.ts';

export function Runbook({ incident }: { incident: IncidentDetail }) {
  const detectors = useDetectors();
  const involved = new Set(incident.evidence.map(({ detector }) => detector));
  const papers = detectors.filter(({ id }) => involved.has(id));
  if (papers.length === 0) return null;
  return (
    <section className="card runbook">
      <h2>What to do</h2>
      {papers.map(({ id, title, runbook, known_false_positives: falsePositives }) => (
        <div key={id}>
          <h3>{title}</h3>
          <p>{runbook}</p>
          {falsePositives.length > 0 && (
            <p className="dim">Known false alarms: {falsePositives.join('; ')}.</p>
          )}
        </div>
      ))}
    </section>
  );
}

/** The hints are a help, not a need: without them the page still works. */
function useDetectors(): readonly DetectorPapers[] {
  const [detectors, setDetectors] = useState<readonly DetectorPapers[]>([]);
  useEffect(() => {
    const controller = new AbortController();
    get<{ detectors: DetectorPapers[] }>('/v1/detectors', controller.signal).then(
      (answer) => setDetectors(answer.detectors),
      () => undefined,
    );
    return () => controller.abort();
  }, []);
  return detectors;
}
