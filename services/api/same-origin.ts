import type { FastifyRequest } from 'fastify';

function hostOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).host : undefined;
}

/** True if a browser sent the request for a page of ours. Browsers name the origin of every request that may change
 *  something, so one without it is refused. Behind a proxy that changes Host, the public address counts. */
export function isSameOrigin({ headers }: FastifyRequest, publicUrl: string | undefined): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin') return false;
  const origin = hostOf(headers.origin ?? '');
  if (origin === undefined) return false;
  return (
    origin === headers.host?.toLowerCase() ||
    (publicUrl !== undefined && headers.origin === new URL(publicUrl).origin)
  );
}

/** True if a browser sent it at all. */
export function isFromBrowser({ headers }: FastifyRequest): boolean {
  return headers.origin !== undefined || headers['sec-fetch-site'] !== undefined;
}

/** True if the page was reached over TLS, even where a proxy in front of us ends it. */
export function isSecure(request: FastifyRequest, publicUrl: string | undefined): boolean {
  if (request.protocol === 'https') return true;
  const { origin } = request.headers;
  return origin === undefined ? publicUrl?.startsWith('https:') === true : origin.startsWith('https:');
}
