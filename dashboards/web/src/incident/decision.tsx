import type { IncidentDetail } from '../../../../services/api/schema.ts';
import { DECISIONS, REASONS, say } from '../words.ts';

export function Decision({ incident }: { incident: IncidentDetail }) {
  const { action, reason, next_level: nextLevel } = incident.decision;
  return (
    <section className="card decision">
      <h2>What the machine decided</h2>
      <p className="say">{say(DECISIONS, action)}</p>
      <dl>
        <dt>Why</dt>
        <dd>{say(REASONS, reason)}</dd>
        {nextLevel !== '' && (
          <>
            <dt>For the next level</dt>
            <dd>{nextLevel}</dd>
          </>
        )}
      </dl>
    </section>
  );
}
