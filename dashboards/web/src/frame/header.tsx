import { useState } from 'react';
import type { Session, SystemStatus } from '../../../../services/api/schema.ts';
import { messageOf } from '../api.ts';
import { allows } from '../session.ts';
import type { Polled } from '../use-polled.ts';
import { MODES, say } from '../words.ts';
import { Freeze } from './freeze.tsx';
import { Health } from './health.tsx';
import { Mark } from './mark.tsx';

interface HeaderProps {
  status: Polled<SystemStatus>;
  session: Session;
  signOut: () => Promise<void>;
}

export function Header({ status, session, signOut }: HeaderProps) {
  const { data, error, refresh } = status;
  const [signOutError, setSignOutError] = useState('');
  const leave = () => {
    signOut().catch((failure: unknown) => setSignOutError(messageOf(failure)));
  };
  return (
    <header>
      <div className="bar">
        <a className="brand" href="#/incidents">
          <Mark /> gatewatch
        </a>
        {data !== undefined && (
          <span className="mode" title={say(MODES, data.mode)}>
            mode <strong>{data.mode}</strong>
          </span>
        )}
        <Health status={data} error={error} />
        <span className="space" />
        {data !== undefined && (
          <Freeze frozen={data.frozen} canAct={allows(session, 'act')} refresh={refresh} />
        )}
        <span className="who" title={`scope ${session.scope}`}>
          token “{session.name}”
        </span>
        <button onClick={leave}>Sign out</button>
      </div>
      {data?.frozen === true && (
        <p className="banner warn" role="status">
          Frozen: gatewatch takes no action by itself. It goes on watching and telling; people can still block
          and restore.
        </p>
      )}
      {signOutError !== '' && (
        <p className="banner bad" role="alert">
          Not signed out: {signOutError}
        </p>
      )}
    </header>
  );
}
