import { useCallback } from 'react';
import type { EventList, EventRow, IncidentDetail } from '../../../../services/api/schema.ts';
import { get } from '../api.ts';
import { dollars, utc } from '../format.ts';
import { Notice } from '../notice.tsx';
import { usePolled } from '../use-polled.ts';

const EVERY_MS = 8_000;
const LIMIT = 50;

export function Events({ incident }: { incident: IncidentDetail }) {
  const path = `/v1/events?${new URLSearchParams({ incident_id: incident.incident_id, limit: String(LIMIT) }).toString()}`;
  const load = useCallback((signal: AbortSignal) => get<EventList>(path, signal), [path]);
  const { data, error } = usePolled(load, EVERY_MS);
  return (
    <section className="card events">
      <h2>Calls since the first suspicious one</h2>
      <Notice error={error} />
      {data?.events.length === 0 && <p className="dim">None in the store yet.</p>}
      {data !== undefined && data.events.length > 0 && (
        <div className="scroll" role="region" aria-label="Calls" tabIndex={0}>
          <EventTable events={data.events} />
        </div>
      )}
      {typeof data?.next === 'string' && (
        <p className="dim">The newest {LIMIT} are shown. All of them: see SQL.</p>
      )}
      <p className="dim">In SQL:</p>
      <pre>{sqlOf(incident)}</pre>
    </section>
  );
}

function EventTable({ events }: { events: readonly EventRow[] }) {
  return (
    <table>
      <thead>
        <tr>
          {['Time (UTC)', 'Outcome', 'Model', 'Address', 'Place', 'Network', 'Program', 'Tokens', 'Cost'].map(
            (name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ),
          )}
        </tr>
      </thead>
      <tbody>
        {events.map((event) => (
          <tr key={event.event_id}>
            <td>{utc(event.ts).slice(0, 19)}</td>
            <td className={event.status === 'success' ? '' : 'bad'}>{event.outcome}</td>
            <td>{event.model}</td>
            <td>{event.ip}</td>
            <td>{placeOf(event)}</td>
            <td className="wraps">{networkOf(event)}</td>
            <td title={event.user_agent}>{event.client}</td>
            <td className="number">{event.total_tokens.toLocaleString('en-US')}</td>
            <td className="number">{dollars(event.cost_usd)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function placeOf({ city, country }: EventRow): string {
  return city === '' ? country : `${city} (approx.), ${country}`;
}

function networkOf({ as_org: organisation, asn, network_class: networkClass }: EventRow): string {
  if (asn === 0) return networkClass;
  return `${organisation} (AS${asn}, ${networkClass})`;
}

function sqlOf({ key_id: keyId, team, user, first_event_at: first }: IncidentDetail): string {
  const [column, value] = keyId !== '' ? ['key_id', keyId] : team !== '' ? ['team', team] : ['user', user];
  const quoted = value.replaceAll('\\', '\\\\').replaceAll("'", "\\'");
  return `SELECT * FROM events WHERE ${column} = '${quoted}' AND ts >= '${utc(first).slice(0, 19)}' ORDER BY ts DESC LIMIT ${LIMIT}`;
}
