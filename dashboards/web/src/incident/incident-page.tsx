import { useCallback, useEffect, useState } from 'react';
import type { IncidentDetail, Session } from '../../../../services/api/schema.ts';
import { get } from '../api.ts';
import { Notice } from '../notice.tsx';
import { usePolled } from '../use-polled.ts';
import { Actions } from './actions.tsx';
import { CommandBar } from './command-bar.tsx';
import { Containment } from './containment.tsx';
import { Decision } from './decision.tsx';
import { Evidence } from './evidence.tsx';
import { Events } from './events.tsx';
import { Headline } from './headline.tsx';
import { Related } from './related.tsx';
import { Runbook } from './runbook.tsx';
import { Timeline } from './timeline.tsx';

const EVERY_MS = 3_000;
/** While the result of a command is awaited. */
const SOON_MS = 700;

interface IncidentPageProps {
  incidentId: string;
  session: Session;
}

export function IncidentPage({ incidentId, session }: IncidentPageProps) {
  const [isWaiting, setIsWaiting] = useState(false);
  const path = `/v1/incidents/${encodeURIComponent(incidentId)}`;
  const load = useCallback((signal: AbortSignal) => get<IncidentDetail>(path, signal), [path]);
  const { data: incident, error } = usePolled(load, isWaiting ? SOON_MS : EVERY_MS);
  useTitle(incident?.title);

  return (
    <article className="incident">
      <a className="back" href="#/incidents">
        ← All incidents
      </a>
      <Notice error={error} />
      {incident === undefined && error === undefined && <p className="wait">Loading…</p>}
      {incident !== undefined && (
        <>
          <Headline incident={incident} />
          <CommandBar incident={incident} session={session} path={path} onWaiting={setIsWaiting} />
          <div className="pair">
            <Containment incident={incident} />
            <Decision incident={incident} />
          </div>
          <Evidence incident={incident} />
          <Runbook incident={incident} />
          <div className="pair">
            <Timeline incident={incident} />
            <Actions actions={incident.actions} />
          </div>
          <Related related={incident.related} />
          <Events incident={incident} />
        </>
      )}
    </article>
  );
}

function useTitle(title: string | undefined): void {
  useEffect(() => {
    if (title !== undefined) document.title = `${title} · gatewatch`;
    return () => {
      document.title = 'gatewatch';
    };
  }, [title]);
}
