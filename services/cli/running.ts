import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../config.ts';
import { AppError, ERRORS, isErrno, messageOf } from '../errors.ts';
import type { ErrorCode } from '../errors.ts';
import { parseJson } from '../json-text.ts';

/** What a running server leaves in its data folder for the command line: its address, and a token that is good for as
 *  long as it runs. Readable by the owner of the folder only. */
export interface Running {
  url: string;
  token: string;
  pid: number;
}

const fileIn = (dataDir: string) => join(dataDir, 'running.json');

export function writeRunning(dataDir: string, running: Running): void {
  rmSync(fileIn(dataDir), { force: true });
  writeFileSync(fileIn(dataDir), JSON.stringify(running), { mode: 0o600, flag: 'wx' });
}

export function removeRunning(dataDir: string): void {
  rmSync(fileIn(dataDir), { force: true });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return isErrno(error, 'EPERM');
  }
}

function readRunning(dataDir: string): Running | undefined {
  if (!existsSync(fileIn(dataDir))) return undefined;
  try {
    const running = JSON.parse(readFileSync(fileIn(dataDir), 'utf8')) as Running;
    return isAlive(running.pid) ? running : undefined;
  } catch {
    return undefined;
  }
}

/** The server to talk to: GATEWATCH_URL with GATEWATCH_TOKEN, else the one that runs on this data folder. */
export function findServer(config: Config, env: NodeJS.ProcessEnv): ApiClient | undefined {
  const url = env['GATEWATCH_URL'];
  const token = env['GATEWATCH_TOKEN'];
  if (url !== undefined && url !== '') {
    if (token === undefined || token === '') {
      throw new AppError('E_CONFIG', 'GATEWATCH_URL is set; set GATEWATCH_TOKEN as well.');
    }
    return new ApiClient(url, token);
  }
  const running = readRunning(config.dataDir);
  return running === undefined ? undefined : new ApiClient(running.url, running.token);
}

export function requireServer(config: Config, env: NodeJS.ProcessEnv): ApiClient {
  const server = findServer(config, env);
  if (server !== undefined) return server;
  throw new AppError(
    'E_NOT_FOUND',
    `No gatewatch runs on ${config.dataDir}. Start it with "gatewatch start", or set GATEWATCH_URL and GATEWATCH_TOKEN.`,
  );
}

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

  constructor(url: string, token: string) {
    this.#url = url.replace(/\/$/, '');
    this.#token = token;
  }

  async post(path: string, body: unknown): Promise<unknown> {
    return this.#send(path, { method: 'POST', body: JSON.stringify(body) });
  }

  async get(path: string): Promise<unknown> {
    return this.#send(path, { method: 'GET' });
  }

  async #send(path: string, init: RequestInit): Promise<unknown> {
    const headers = { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json' };
    const response = await this.#fetch(path, { ...init, headers, redirect: 'error' });
    const text = await response.text();
    if (response.ok) return text === '' ? undefined : (JSON.parse(text) as unknown);
    const { error } = (parseJson(text) ?? {}) as ErrorBody;
    const code = error?.code !== undefined && error.code in ERRORS ? (error.code as ErrorCode) : 'E_INTERNAL';
    throw new AppError(code, error?.message ?? `${this.#url} answered ${response.status.toString()}.`);
  }

  async #fetch(path: string, init: RequestInit): Promise<Response> {
    try {
      return await fetch(`${this.#url}${path}`, { ...init, signal: AbortSignal.timeout(30_000) });
    } catch (cause) {
      throw new AppError('E_BUSY', `${this.#url} does not answer: ${reasonOf(cause)}.`, { cause });
    }
  }
}
