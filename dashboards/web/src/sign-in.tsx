import { useEffect, useState } from 'react';
import type { SyntheticEvent } from 'react';
import { messageOf } from './api.ts';
import { Footer } from './frame/footer.tsx';
import { Mark } from './frame/mark.tsx';
import { listLink } from './route.ts';
import { replaceHash } from './use-hash.ts';

interface SignInProps {
  why: string;
  /** From a link such as the one `gatewatch demo` prints; empty when there is none. */
  token: string;
  signIn: (token: string) => Promise<void>;
}

export function SignIn({ why, token, signIn }: SignInProps) {
  const [typed, setTyped] = useState('');
  const [error, setError] = useState('');
  const [isBusy, setIsBusy] = useState(false);

  const enter = async (secret: string) => {
    setIsBusy(true);
    setError('');
    try {
      await signIn(secret);
      if (location.hash.startsWith('#/sign-in')) replaceHash(listLink());
    } catch (failure) {
      setError(messageOf(failure));
      setIsBusy(false);
    }
  };

  useEffect(() => {
    if (token === '') return;
    replaceHash('#/sign-in');
    void enter(token);
  }, [token]);

  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    void enter(typed.trim());
  };

  return (
    <>
      <main className="sign-in">
        <h1>
          <Mark /> gatewatch
        </h1>
        {why !== '' && <p role="status">{why}</p>}
        <form onSubmit={submit}>
          <label htmlFor="token">Token</label>
          <input
            id="token"
            type="password"
            autoComplete="current-password"
            autoFocus
            required
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
          />
          <button className="primary" disabled={isBusy}>
            {isBusy ? 'Signing in…' : 'Sign in'}
          </button>
        </form>
        {error !== '' && (
          <p className="error" role="alert">
            {error}
          </p>
        )}
        <p className="hint">
          The first start of gatewatch prints a token to sign in with. Another one:{' '}
          <code>gatewatch token create --scope act</code>
        </p>
      </main>
      <Footer version={undefined} />
    </>
  );
}
