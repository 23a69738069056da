import type { IncidentDetail } from '../../../../services/api/schema.ts';
import { Ago } from '../ago.tsx';
import { SeverityBadge } from '../badges.tsx';
import { count, dollars, utc } from '../format.ts';
import { keyName } from '../whose.ts';
import { CERTAINTIES, KINDS, STATUSES, VERDICTS, say } from '../words.ts';

export function Headline({ incident }: { incident: IncidentDetail }) {
  return (
    <section className="headline">
      <p className="badges">
        <SeverityBadge severity={incident.severity} />
        <span className="badge">{say(KINDS, incident.kind)}</span>
        <span className={`badge status-${incident.status}`}>{say(STATUSES, incident.status)}</span>
        {incident.certainty !== null && (
          <span className="badge certain">{say(CERTAINTIES, incident.certainty)}</span>
        )}
      </p>
      <h1>{incident.title}</h1>
      <p className="lead">
        {count(incident.events, 'suspicious call')} from {utc(incident.first_event_at)} to{' '}
        {utc(incident.last_event_at)} (
        <Ago time={incident.last_event_at} />
        ).
        {incident.verdict !== '' && ` Verdict: ${say(VERDICTS, incident.verdict)}.`}
      </p>
      <dl className="facts">
        <Fact name="Lost so far" value={dollars(incident.usd_lost)} isLoud />
        <Fact name="At this rate" value={`${dollars(incident.usd_per_hour)} an hour`} isLoud />
        <Fact name="Key" value={keyName(incident)} title={incident.key_id} />
        <Fact name="Team" value={incident.team} />
        <Fact name="User" value={incident.user} />
        <Fact name="Gateway" value={incident.gateway} />
      </dl>
    </section>
  );
}

interface FactProps {
  name: string;
  value: string;
  title?: string;
  isLoud?: boolean;
}

function Fact({ name, value, title, isLoud = false }: FactProps) {
  if (value === '') return null;
  return (
    <div className={isLoud ? 'fact loud' : 'fact'}>
      <dt>{name}</dt>
      <dd title={title}>{value}</dd>
    </div>
  );
}
