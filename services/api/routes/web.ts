import { existsSync } from 'node:fs';
import { join } from 'node:path';
import serveStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';
import type { ApiDeps } from '../deps.ts';

/** Names of built files change with their content; the page that names them does not. */
const ASSETS = /[\\/]assets[\\/]/;

const NO_PAGE = 'gatewatch runs, but its page was not built. Run "npm run build", then start again.\n';

export async function registerWeb(
  app: FastifyInstance,
  { webRoot }: Pick<ApiDeps, 'webRoot'>,
): Promise<void> {
  if (!existsSync(join(webRoot, 'index.html'))) {
    app.get('/', { config: { access: 'public' }, schema: { hide: true } }, (_request, reply) =>
      reply.type('text/plain; charset=utf-8').send(NO_PAGE),
    );
    return;
  }
  await app.register(serveStatic, {
    root: webRoot,
    // Only what was there at the start is served, each under its own route.
    wildcard: false,
    cacheControl: false,
    setHeaders: (reply, path) => {
      void reply.header(
        'cache-control',
        ASSETS.test(path) ? 'public, max-age=31536000, immutable' : 'no-cache',
      );
    },
  });
}
