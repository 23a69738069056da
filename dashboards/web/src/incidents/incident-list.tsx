import { useCallback, useState } from 'react';
import type { IncidentList as Answer, SystemStatus } from '../../../../services/api/schema.ts';
import { get } from '../api.ts';
import { Notice } from '../notice.tsx';
import type { Filters } from '../route.ts';
import { usePolled } from '../use-polled.ts';
import { Empty } from './empty.tsx';
import { FilterBar } from './filter-bar.tsx';
import { IncidentRow } from './incident-row.tsx';

const EVERY_MS = 4_000;
const PAGE = 50;
/** The API gives no more at once; whoever needs more asks with SQL. */
const MAX = 500;

interface IncidentListProps {
  filters: Filters;
  status: SystemStatus | undefined;
}

export function IncidentList({ filters, status }: IncidentListProps) {
  const [limit, setLimit] = useState(PAGE);
  const query = new URLSearchParams({ ...filters, limit: String(limit) }).toString();
  const load = useCallback((signal: AbortSignal) => get<Answer>(`/v1/incidents?${query}`, signal), [query]);
  const { data, error } = usePolled(load, EVERY_MS);
  const isFiltered = Object.keys(filters).length > 0;

  return (
    <section className="list">
      <div className="list-head">
        <h1>Incidents</h1>
        <FilterBar filters={filters} />
      </div>
      <Notice error={error} />
      {data === undefined && error === undefined && <p className="wait">Loading…</p>}
      {data?.incidents.length === 0 && <Empty isFiltered={isFiltered} status={status} />}
      {data !== undefined && data.incidents.length > 0 && (
        <ol className="incidents">
          {data.incidents.map((incident) => (
            <IncidentRow key={incident.incident_id} incident={incident} />
          ))}
        </ol>
      )}
      {typeof data?.next === 'string' && limit < MAX && (
        <button onClick={() => setLimit(Math.min(MAX, limit * 2))}>Show older ones</button>
      )}
    </section>
  );
}
