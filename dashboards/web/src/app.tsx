import { Footer } from './frame/footer.tsx';
import { Header } from './frame/header.tsx';
import { useStatus } from './frame/use-status.ts';
import { IncidentPage } from './incident/incident-page.tsx';
import { IncidentList } from './incidents/incident-list.tsx';
import { parseRoute } from './route.ts';
import type { Route } from './route.ts';
import { useSession } from './session.ts';
import { SignIn } from './sign-in.tsx';
import { useHash } from './use-hash.ts';
import type { Session } from '../../../services/api/schema.ts';

export function App() {
  const route = parseRoute(useHash());
  const { current, signIn, signOut } = useSession();
  if (current.state === 'asking') return <p className="wait">Loading…</p>;
  if (current.state === 'signed-out' || route.screen === 'sign-in') {
    const why = current.state === 'signed-out' ? current.why : '';
    return <SignIn why={why} token={route.screen === 'sign-in' ? route.token : ''} signIn={signIn} />;
  }
  return <SignedIn route={route} session={current.session} signOut={signOut} />;
}

interface SignedInProps {
  route: Exclude<Route, { screen: 'sign-in' }>;
  session: Session;
  signOut: () => Promise<void>;
}

function SignedIn({ route, session, signOut }: SignedInProps) {
  const status = useStatus();
  return (
    <>
      <a className="skip" href="#main" onClick={skipToMain}>
        Skip to content
      </a>
      <Header status={status} session={session} signOut={signOut} />
      <main id="main" tabIndex={-1}>
        {route.screen === 'incident' ? (
          <IncidentPage key={route.incidentId} incidentId={route.incidentId} session={session} />
        ) : (
          <IncidentList filters={route.filters} status={status.data} />
        )}
      </main>
      <Footer version={status.data?.version} />
    </>
  );
}

/** The fragment holds the route, so a plain link to #main would leave the screen. */
function skipToMain(event: React.MouseEvent): void {
  event.preventDefault();
  document.getElementById('main')?.focus();
}
