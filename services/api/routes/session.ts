import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { AppError } from '../../errors.ts';
import { SESSION_COOKIES, sessionIdOf } from '../authorize.ts';
import { actorOf } from '../commands.ts';
import type { Api, ApiDeps } from '../deps.ts';
import { isFromBrowser, isSameOrigin, isSecure } from '../same-origin.ts';
import { sessionRequestSchema, sessionSchema } from '../schema.ts';

const tags = ['session'];

export function registerSession(app: Api, deps: ApiDeps): void {
  const { authorize, sessions, publicUrl, now } = deps;

  app.post(
    '/v1/session',
    {
      config: { access: 'public' },
      schema: {
        tags,
        summary: 'Sign in with a token; answers with a cookie',
        body: sessionRequestSchema,
        response: { 200: sessionSchema },
      },
    },
    async (request, reply) => {
      // Otherwise a foreign page could sign somebody in as somebody else.
      if (isFromBrowser(request) && !isSameOrigin(request, publicUrl)) {
        throw new AppError('E_FORBIDDEN', 'The request does not come from the page of this server.');
      }
      const identity = await authorize.signIn(request, request.body.token);
      if (identity.scope === 'ingest')
        throw new AppError('E_FORBIDDEN', 'A token of scope ingest cannot sign in.');
      const before = sessionIdOf(request);
      if (before !== undefined) sessions.close(before);
      const { id, session } = sessions.open(identity);
      setCookie(reply, {
        id,
        seconds: Math.floor((session.expiresAt - now()) / 1000),
        isSecure: isSecure(request, publicUrl),
      });
      return {
        name: session.name,
        scope: session.scope,
        expires_at: new Date(session.expiresAt).toISOString(),
      };
    },
  );

  registerSignedIn(app, deps);
}

function registerSignedIn(app: Api, { sessions }: ApiDeps): void {
  app.get(
    '/v1/session',
    {
      config: { access: 'read' },
      schema: { tags, summary: 'Who is signed in', response: { 200: sessionSchema } },
    },
    async (request) => {
      const { name, scope, via, expiresAt } = actorOf(request);
      const ends = via === 'session' && expiresAt !== undefined ? new Date(expiresAt).toISOString() : null;
      return { name, scope, expires_at: ends };
    },
  );

  app.delete(
    '/v1/session',
    {
      config: { access: 'read' },
      schema: { tags, summary: 'Sign out', response: { 204: z.null().describe('signed out') } },
    },
    async (request, reply) => {
      const id = sessionIdOf(request);
      if (id !== undefined) sessions.close(id);
      clearCookies(reply, request);
      return reply.code(204).send(null);
    },
  );
}

function setCookie(
  reply: FastifyReply,
  { id, seconds, isSecure: secure }: { id: string; seconds: number; isSecure: boolean },
) {
  const name = secure ? SESSION_COOKIES.secure : SESSION_COOKIES.plain;
  void reply.setCookie(name, id, { path: '/', httpOnly: true, sameSite: 'strict', secure, maxAge: seconds });
}

function clearCookies(reply: FastifyReply, { cookies }: FastifyRequest): void {
  for (const name of Object.values(SESSION_COOKIES)) {
    if (cookies[name] === undefined) continue;
    const secure = name === SESSION_COOKIES.secure;
    void reply.clearCookie(name, { path: '/', httpOnly: true, sameSite: 'strict', secure });
  }
}
