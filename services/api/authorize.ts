import type { FastifyRequest } from 'fastify';
import type { Sessions } from '../auth/sessions.ts';
import { includesScope } from '../auth/tokens.ts';
import type { Identity, Scope, Tokens } from '../auth/tokens.ts';
import { AppError } from '../errors.ts';
import { createAttempts } from './attempts.ts';
import { isSameOrigin } from './same-origin.ts';

/** Who asks: a bearer token, or a person who signed in with one. */
export type Actor = Identity & { via: 'token' | 'session' };

/** The second name can only be set over TLS, for this host alone. */
export const SESSION_COOKIES = { plain: 'gatewatch', secure: '__Host-gatewatch' } as const;

/** Longer tokens cannot be guessed in the lifetime of the universe, so whoever has one is never held up: a stranger
 *  behind the same proxy must not be able to shut out the gateway's logs. */
const GUESSABLE_BELOW = 32;

export interface Authorize {
  /** Rejects with `E_UNAUTHORIZED`, `E_FORBIDDEN` or `E_TOO_MANY_ATTEMPTS`. */
  (request: FastifyRequest, scope: Scope): Promise<Actor>;
  /** The identity of a token that came in a body. */
  signIn(request: FastifyRequest, text: string): Promise<Identity>;
}

/** Who comes over a socket of this machine has no address. */
function senderOf({ ip }: { ip: string | undefined }): string {
  return ip ?? 'local';
}

export interface AuthorizeDeps {
  tokens: Tokens;
  sessions: Sessions;
  publicUrl?: string | undefined;
  now?: () => number;
}

export function createAuthorize({ tokens, sessions, publicUrl, now = Date.now }: AuthorizeDeps): Authorize {
  const attempts = createAttempts(now);

  async function signIn(request: FastifyRequest, text: string): Promise<Identity> {
    if (text.length < GUESSABLE_BELOW && attempts.isOver(senderOf(request))) throw tooMany();
    const identity = await tokens.authenticate(text);
    if (identity !== undefined) return identity;
    const isOver = attempts.isOver(senderOf(request));
    attempts.noteFailure(senderOf(request));
    if (isOver) throw tooMany();
    throw new AppError('E_UNAUTHORIZED', 'The token is not known, or it has expired.');
  }

  async function fromSession(request: FastifyRequest): Promise<Actor> {
    const id = sessionIdOf(request);
    const session = id === undefined ? undefined : await sessions.find(id);
    if (session === undefined)
      throw new AppError('E_UNAUTHORIZED', 'Send a token as "Authorization: Bearer …", or sign in.');
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    if (!isRead && !isSameOrigin(request, publicUrl)) {
      throw new AppError('E_FORBIDDEN', 'The request does not come from the page of this server.');
    }
    return { ...session, via: 'session' };
  }

  async function authorize(request: FastifyRequest, scope: Scope): Promise<Actor> {
    const text = bearerOf(request.headers.authorization);
    const actor: Actor =
      text === undefined ? await fromSession(request) : { ...(await signIn(request, text)), via: 'token' };
    requireScope(actor, scope);
    return actor;
  }

  return Object.assign(authorize, { signIn });
}

export function requireScope(actor: Identity, scope: Scope): void {
  if (includesScope(actor.scope, scope)) return;
  throw new AppError('E_FORBIDDEN', `This needs scope ${scope}; the token has ${actor.scope}.`);
}

/** How an actor is named in commands and in the audit log. */
export function actorName({ name, id }: Identity): string {
  return `${name} (${id})`;
}

export function sessionIdOf({ cookies }: FastifyRequest): string | undefined {
  return cookies[SESSION_COOKIES.secure] ?? cookies[SESSION_COOKIES.plain];
}

function bearerOf(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  const match = /^bearer +(\S+) *$/i.exec(header);
  if (match?.[1] === undefined)
    throw new AppError('E_UNAUTHORIZED', 'The header must be "Authorization: Bearer …".');
  return match[1];
}

function tooMany(): AppError {
  return new AppError(
    'E_TOO_MANY_ATTEMPTS',
    'Too many wrong tokens came from this address. Try again in a minute.',
  );
}
