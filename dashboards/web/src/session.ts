import { useCallback, useEffect, useState } from 'react';
import { ApiError, SESSION_PATH, call, get, whenSignedOut } from './api.ts';
import type { Session } from '../../../services/api/schema.ts';

export type SessionState =
  { state: 'asking' } | { state: 'signed-out'; why: string } | { state: 'signed-in'; session: Session };

export interface SessionControl {
  current: SessionState;
  signIn: (token: string) => Promise<void>;
  signOut: () => Promise<void>;
}

export function useSession(): SessionControl {
  const [current, setCurrent] = useState<SessionState>({ state: 'asking' });

  useEffect(() => {
    whenSignedOut(() => {
      setCurrent({ state: 'signed-out', why: 'The session has ended. Sign in again to go on here.' });
    });
    get<Session>(SESSION_PATH).then(
      (session) => setCurrent({ state: 'signed-in', session }),
      (error: unknown) => {
        const isExpected = error instanceof ApiError && error.status === 401;
        setCurrent({
          state: 'signed-out',
          why: isExpected || !(error instanceof Error) ? '' : error.message,
        });
      },
    );
  }, []);

  const signIn = useCallback(async (token: string) => {
    const session = await call<Session>({ method: 'POST', path: SESSION_PATH, body: { token } });
    setCurrent({ state: 'signed-in', session });
  }, []);
  const signOut = useCallback(async () => {
    await call({ method: 'DELETE', path: SESSION_PATH });
    setCurrent({ state: 'signed-out', why: 'You are signed out.' });
  }, []);
  return { current, signIn, signOut };
}

type Scope = Session['scope'];

/** Each scope includes the ones before it; `ingest` stands alone. */
const ORDER: readonly Scope[] = ['read', 'triage', 'act', 'admin'];

export function allows(session: Session, needed: Scope): boolean {
  return ORDER.indexOf(session.scope) >= ORDER.indexOf(needed);
}
