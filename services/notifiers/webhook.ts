import { request as httpRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import { AppError } from '../errors.ts';
import type { Secret } from '../secret.ts';
import { checkedAddresses, readReceiver, systemLookup } from './egress.ts';
import type { Address, Lookup, Receiver } from './egress.ts';
import type { Notifier } from './notifier.ts';
import { createSign } from './webhook-signature.ts';
import { webhookBody, webhookId } from './webhook-body.ts';

export interface WebhookSettings {
  url: string;
  secret: Secret;
  /** Lets the name resolve to private and loopback addresses, also without TLS. */
  allowPrivate: boolean;
}

export interface WebhookParts {
  now: () => number;
  lookup?: Lookup;
  timeoutMs?: number;
}

const MAX_RESPONSE_BYTES = 65_536;
const MAX_RETRY_AFTER_MS = 86_400_000;
/** Addresses of one name that are tried in one attempt. */
const MAX_ADDRESSES = 4;

/** A POST signed by the Standard Webhooks scheme. Never follows redirects, never shows what the receiver answered. */
export function webhookNotifier(
  { url, secret, allowPrivate }: WebhookSettings,
  { now, lookup = systemLookup, timeoutMs = 15_000 }: WebhookParts,
): Notifier {
  const receiver = readReceiver(url, allowPrivate);
  const sign = createSign(secret);
  const closing = new AbortController();
  return {
    name: 'webhook',
    async send(notification, signal) {
      const id = webhookId(notification.notificationId);
      const body = webhookBody(notification);
      const timestamp = Math.floor(now() / 1000);
      const headers = {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        'user-agent': 'gatewatch',
        'webhook-id': id,
        'webhook-timestamp': String(timestamp),
        'webhook-signature': sign(id, timestamp, body),
      };
      const whole = AbortSignal.any([signal, closing.signal, AbortSignal.timeout(timeoutMs)]);
      const answer = await postToAny(receiver, lookup, { headers, body, signal: whole });
      judge(answer, receiver.host, now());
    },
    async close() {
      closing.abort();
    },
  };
}

interface Post {
  headers: Record<string, string | number>;
  body: string;
  signal: AbortSignal;
}
interface Answer {
  status: number;
  retryAfter: string | undefined;
}

async function postToAny(receiver: Receiver, lookup: Lookup, post: Post): Promise<Answer> {
  try {
    const addresses = await orAbort(checkedAddresses(receiver, lookup), post.signal);
    return await tryEach(addresses.slice(0, MAX_ADDRESSES), receiver, post);
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError(
      'E_NOTIFIER_UNAVAILABLE',
      'The webhook’s receiver does not answer. The message is sent again.',
      {
        cause: error,
        host: receiver.host,
      },
    );
  }
}

/** Goes on to the next address only while nothing was sent: twice must not happen here. */
async function tryEach(
  [first, ...rest]: readonly Address[],
  receiver: Receiver,
  post: Post,
): Promise<Answer> {
  if (first === undefined) throw new Error('No address left to try.');
  const attempt = { hasConnected: false };
  try {
    return await postTo(first, receiver, post, attempt);
  } catch (error) {
    if (attempt.hasConnected || post.signal.aborted || rest.length === 0) throw error;
    return tryEach(rest, receiver, post);
  }
}

function postTo(
  { address }: Address,
  { url, host }: Receiver,
  post: Post,
  attempt: { hasConnected: boolean },
): Promise<Answer> {
  const isTls = url.protocol === 'https:';
  const options = {
    method: 'POST',
    host: address,
    port: url.port === '' ? (isTls ? 443 : 80) : Number(url.port),
    path: `${url.pathname}${url.search}`,
    headers: { ...post.headers, host: url.host },
    // The certificate must be the name's, though we connect to the address that was checked.
    ...(isTls && isIP(host) === 0 ? { servername: host } : {}),
    agent: false as const,
    signal: post.signal,
  };
  return new Promise((resolve, reject) => {
    const request = isTls ? httpsRequest(options) : httpRequest(options);
    request.once('socket', (socket) => {
      socket.once(isTls ? 'secureConnect' : 'connect', () => {
        attempt.hasConnected = true;
      });
    });
    request.once('response', (response) => {
      readAway(response);
      resolve({ status: response.statusCode ?? 0, retryAfter: response.headers['retry-after'] });
    });
    // Stays after the answer: what breaks later concerns nobody.
    request.on('error', reject);
    request.end(post.body);
  });
}

/** Lets the receiver finish, but not for ever; what it says is not looked at. */
function readAway(response: IncomingMessage): void {
  let seenBytes = 0;
  response.on('data', (chunk: Buffer) => {
    seenBytes += chunk.length;
    if (seenBytes > MAX_RESPONSE_BYTES) response.destroy();
  });
  response.on('error', () => response.destroy());
}

function judge({ status, retryAfter }: Answer, host: string, nowMs: number): void {
  if (status >= 200 && status < 300) return;
  if (status === 408 || status === 429 || status >= 500) {
    const retryAfterMs = readRetryAfter(retryAfter, nowMs);
    throw new AppError(
      'E_NOTIFIER_UNAVAILABLE',
      'The webhook’s receiver is busy. The message is sent again.',
      {
        host,
        status,
        ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      },
    );
  }
  const why =
    status >= 300 && status < 400
      ? 'answered with a redirect, which is never followed'
      : 'refused the message';
  throw new AppError('E_NOTIFIER_REFUSED', `The webhook’s receiver ${why}. Check its URL and secret.`, {
    host,
    status,
  });
}

/** Seconds or an HTTP date. */
function readRetryAfter(text: string | undefined, nowMs: number): number | undefined {
  if (text === undefined) return undefined;
  const ms = /^\d+$/.test(text.trim()) ? Number(text) * 1000 : Date.parse(text) - nowMs;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), MAX_RETRY_AFTER_MS);
}

/** Names are looked up by a system call that cannot be stopped; we stop waiting for it. */
function orAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason instanceof Error ? signal.reason : new Error('Stopped.'));
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}
