import { AppError } from '../errors.ts';
import { parseJson } from '../json-text.ts';
import type { Log } from '../log.ts';
import type { Secret } from '../secret.ts';

export interface LitellmSettings {
  name: string;
  url: string;
  key: Secret;
}

export interface ClientParts {
  log: Log;
  timeoutMs?: number;
}

export interface AdminRequest {
  method: 'GET' | 'POST';
  path: string;
  body?: Readonly<Record<string, unknown>>;
  /** For the gateway's own audit log: on whose behalf. */
  note?: string;
  /** The health routes need none, so they get none. */
  isAnonymous?: boolean;
}

export interface AdminAnswer {
  status: number;
  body: unknown;
}

const MAX_ANSWER_BYTES = 262_144;
const MAX_NOTE = 200;

/** Calls LiteLLM's key API: one attempt, bounded in time and size, never following a redirect, because our credential
 *  would go along. Anything that is no answer is `E_REVOKER_UNAVAILABLE`. */
export class LitellmClient {
  readonly #settings: LitellmSettings;
  readonly #base: string;
  readonly #log: Log;
  readonly #timeoutMs: number;

  constructor(settings: LitellmSettings, { log, timeoutMs = 5_000 }: ClientParts) {
    const { name, url, key } = settings;
    // What fetch would say about these quotes them.
    if (!/^[\x21-\x7e]+$/.test(key.reveal()))
      throw new AppError(
        'E_CONFIG',
        `The key of gateway ${name} holds spaces or other characters that no key has.`,
      );
    const { username, password } = new URL(url);
    if (username !== '' || password !== '')
      throw new AppError('E_CONFIG', `The url of gateway ${name} must not hold a user or password.`);
    this.#settings = settings;
    this.#base = url.replace(/\/+$/, '');
    this.#log = log;
    this.#timeoutMs = timeoutMs;
  }

  async send(request: AdminRequest, signal: AbortSignal): Promise<AdminAnswer> {
    const { name } = this.#settings;
    const path = request.path.split('?')[0];
    const startedAt = performance.now();
    try {
      const answer = await this.#fetch(
        request,
        AbortSignal.any([signal, AbortSignal.timeout(this.#timeoutMs)]),
      );
      const latencyMs = Math.round(performance.now() - startedAt);
      this.#log.debug({ gateway: name, path, status: answer.status, latencyMs }, 'The gateway answered.');
      return answer;
    } catch (error) {
      if (error instanceof AppError) throw error;
      const reason = reasonOf(error);
      throw new AppError(
        'E_REVOKER_UNAVAILABLE',
        `Gateway ${name} does not answer (${reason}). Check its address and whether it runs.`,
        { cause: error, gateway: name, path, reason },
      );
    }
  }

  async #fetch(
    { method, path, body, note, isAnonymous = false }: AdminRequest,
    signal: AbortSignal,
  ): Promise<AdminAnswer> {
    const { name, key } = this.#settings;
    const response = await fetch(`${this.#base}${path}`, {
      method,
      redirect: 'manual',
      signal,
      headers: {
        accept: 'application/json',
        ...(isAnonymous ? {} : { authorization: `Bearer ${key.reveal()}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(note === undefined ? {} : { 'litellm-changed-by': headerText(note) }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await readBounded(response);
    const parsed = text === undefined ? undefined : parseJson(text);
    if (response.ok && parsed === undefined) {
      throw new AppError(
        'E_REVOKER_UNAVAILABLE',
        `Gateway ${name} answered something else than JSON. Does its url lead to LiteLLM itself?`,
        { gateway: name, path, status: response.status },
      );
    }
    return { status: response.status, body: parsed };
  }
}

/** Only what may stand in a header. */
function headerText(note: string): string {
  return `gatewatch ${note}`.replace(/[^\x20-\x7e]/g, '?').slice(0, MAX_NOTE);
}

/** Undefined when there is more than a key API has to say. */
async function readBounded(response: Response): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    sizeBytes += chunk.length;
    // Leaving the loop gives the connection up.
    if (sizeBytes > MAX_ANSWER_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  if (error.name === 'TimeoutError' || error.name === 'AbortError') return 'no answer in time';
  const { cause } = error;
  return cause instanceof Error && 'code' in cause ? String(cause.code) : 'connection failed';
}
