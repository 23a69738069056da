import { once } from 'node:events';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { AppError, ERRORS, messageOf } from '../errors.ts';
import type { ErrorCode } from '../errors.ts';
import { parseJson } from '../json-text.ts';

const ANSWER_WITHIN_MS = 30_000;

interface Request {
  method: 'GET' | 'POST';
  headers: Record<string, string>;
  body?: string | undefined;
}

interface Answer {
  status: number;
  text: string;
}

type Exchange = (url: string, asked: Request) => Promise<Answer>;

interface ErrorBody {
  error?: { code?: string; message?: string };
}

/** `fetch` says only that it failed; why is in its cause. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  return messageOf(cause instanceof Error && cause.message !== '' ? cause : error);
}

/** The HTTP API, as the command line uses it. */
export class ApiClient {
  readonly #url: string;
  readonly #token: string;
  readonly #exchange: Exchange;

  constructor(url: string, token: string, exchange: Exchange = overNetwork) {
    this.#url = url.replace(/\/$/, '');
    this.#token = token;
    this.#exchange = exchange;
  }

  async post(path: string, body: unknown): Promise<unknown> {
    return this.#send(path, { method: 'POST', body: JSON.stringify(body) });
  }

  async get(path: string): Promise<unknown> {
    return this.#send(path, { method: 'GET' });
  }

  async #send(path: string, { method, body }: Pick<Request, 'method' | 'body'>): Promise<unknown> {
    const headers = { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json' };
    const { status, text } = await this.#ask(path, { method, headers, body });
    if (status >= 200 && status < 300) return text === '' ? undefined : (JSON.parse(text) as unknown);
    const { error } = (parseJson(text) ?? {}) as ErrorBody;
    const code = error?.code !== undefined && error.code in ERRORS ? (error.code as ErrorCode) : 'E_INTERNAL';
    throw new AppError(code, error?.message ?? `${this.#url} answered ${status.toString()}.`);
  }

  async #ask(path: string, asked: Request): Promise<Answer> {
    try {
      return await this.#exchange(`${this.#url}${path}`, asked);
    } catch (cause) {
      throw new AppError('E_BUSY', `${this.#url} does not answer: ${reasonOf(cause)}.`, { cause });
    }
  }
}

async function overNetwork(url: string, asked: Request): Promise<Answer> {
  const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
  const response = await fetch(url, { ...asked, body: asked.body ?? null, redirect: 'error', signal });
  return { status: response.status, text: await response.text() };
}

/** To a process of this machine, at a socket in its data folder. */
export function overSocket(socketPath: string): Exchange {
  return async (url, { method, headers, body }) => {
    const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
    const sent = request({ socketPath, path: new URL(url).pathname, method, headers, signal });
    sent.end(body);
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    const parts: Buffer[] = [];
    for await (const part of response) parts.push(part as Buffer);
    return { status: response.statusCode ?? 0, text: Buffer.concat(parts).toString() };
  };
}
