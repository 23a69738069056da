import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { KeyId } from '../../detectors/event.ts';
import { parseJson } from '../json-text.ts';
import { answerAdmin } from './fake-admin.ts';
import type { AdminRequest, Answer } from './fake-admin.ts';
import { Calls } from './fake-calls.ts';
import type { Caller } from './fake-calls.ts';
import { KeyTable } from './fake-keys.ts';
import type { NewKey, StoredKey } from './fake-keys.ts';
import { LogShipper } from './log-shipper.ts';

/** What goes wrong at the gateway. */
export interface Faults {
  /** Every call of the key API waits so long. */
  delayMs: number;
  /** The key API answers with this status only. */
  status: number | undefined;
  /** The key API answers with this text instead of its own. */
  text: string | undefined;
  /** The key API sends its callers there. */
  redirectTo: string | undefined;
  /** Takes a connection and never answers. */
  isSilent: boolean;
  /** Says that a key is blocked and goes on serving it. */
  ignoresBlocks: boolean;
}

const NO_FAULTS: Faults = {
  delayMs: 0,
  status: undefined,
  text: undefined,
  redirectTo: undefined,
  isSilent: false,
  ignoresBlocks: false,
};

export interface LogReceiver {
  url: string;
  token: string;
  /** How often it gets what is there; 5 s when left out, as with the real one. */
  flushMs?: number;
}

export interface FakeGatewayOptions {
  /** Where log records go; left out, they can only be read from `records`. */
  logsTo?: LogReceiver;
  masterKey?: string;
  /** Processes of the gateway; each has its own memory of keys. Calls go to them in turn. */
  workers?: number;
  keyCacheMs?: number;
  now?: () => number;
}

export interface AdminCall {
  method: string;
  path: string;
  body: unknown;
  changedBy: string | undefined;
  at: number;
}

/** A gateway within this process that behaves like LiteLLM where it matters here: its key API, its gate, the memory of its
 *  workers, and its log. */
export interface FakeGateway {
  url: string;
  masterKey: string;
  createKey(key: NewKey): { key: string; keyId: KeyId };
  deleteKey(keyId: KeyId): void;
  /** One call; gives the status that the caller sees. */
  call(key: string | undefined, caller: Caller): number;
  /** A stream that is let in or not now and ends later: a block in between does not cut it. */
  openStream(key: string, caller: Caller): { status: number; end: () => void };
  setFaults(faults: Partial<Faults>): void;
  /** From now on log records go there. */
  sendLogsTo(receiver: LogReceiver): void;
  /** All keys, as the database has them. */
  keys: readonly StoredKey[];
  /** Every log record so far. */
  records: readonly Record<string, unknown>[];
  /** What was logged since the last time, or since the start; `records` is empty then. */
  takeRecords(): Record<string, unknown>[];
  adminCalls: readonly AdminCall[];
  /** Sends what is waiting; resolves when it has arrived. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

/** Listens on this machine only. */
export async function startFakeGateway(options: FakeGatewayOptions = {}): Promise<FakeGateway> {
  const gateway = new Gateway(options);
  await gateway.listen();
  return gateway;
}

const MAX_BODY_BYTES = 1_048_576;
class Gateway implements FakeGateway {
  readonly masterKey: string;
  readonly adminCalls: AdminCall[] = [];
  readonly #keys: KeyTable;
  readonly #calls: Calls;
  readonly #now: () => number;
  readonly #nextWorker: () => number;
  #shipper: LogShipper | undefined;
  readonly #server: Server;
  #faults: Faults = NO_FAULTS;

  constructor({ logsTo, masterKey, workers = 1, keyCacheMs = 60_000, now = Date.now }: FakeGatewayOptions) {
    this.masterKey = masterKey ?? `sk-${randomBytes(16).toString('base64url')}`;
    this.#now = now;
    let turn = 0;
    this.#nextWorker = () => (turn = (turn + 1) % workers);
    this.#keys = new KeyTable({ masterKey: this.masterKey, workers, keyCacheMs, now });
    const onRecord = (record: unknown) => this.#shipper?.add(record);
    this.#calls = new Calls({ keys: this.#keys, now, nextWorker: this.#nextWorker, onRecord });
    if (logsTo !== undefined) this.sendLogsTo(logsTo);
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch(() => response.destroy());
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port.toString()}`;
  }

  get keys(): readonly StoredKey[] {
    return this.#keys.all();
  }

  get records(): readonly Record<string, unknown>[] {
    return this.#calls.records;
  }

  takeRecords(): Record<string, unknown>[] {
    return this.#calls.records.splice(0);
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  createKey(wanted: NewKey): { key: string; keyId: KeyId } {
    const { key, stored } = this.#keys.create(wanted);
    return { key, keyId: stored.hash as KeyId };
  }

  deleteKey(keyId: KeyId): void {
    const stored = this.#keys.find(keyId);
    if (stored !== undefined) this.#keys.change(stored, { isDeleted: true }, 0);
  }

  call(key: string | undefined, caller: Caller): number {
    const { status, end } = this.#calls.open(key, caller, false);
    end();
    return status;
  }

  openStream(key: string, caller: Caller): { status: number; end: () => void } {
    return this.#calls.open(key, caller, true);
  }

  setFaults(faults: Partial<Faults>): void {
    this.#faults = { ...this.#faults, ...faults };
    this.#keys.ignoresBlocks = this.#faults.ignoresBlocks;
  }

  sendLogsTo(receiver: LogReceiver): void {
    this.#shipper = new LogShipper({ flushMs: 5_000, ...receiver });
  }

  async flush(): Promise<void> {
    await this.#shipper?.flush();
  }

  async close(): Promise<void> {
    await this.#shipper?.close();
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname: path, searchParams: query } = new URL(request.url ?? '/', 'http://gateway');
    const text = await readBody(request);
    const credential = request.headers.authorization?.replace(/^Bearer /i, '');
    if (path === '/v1/chat/completions' || path === '/chat/completions') {
      send(response, this.#chat(credential, text, request));
      return;
    }
    const [method = 'GET', body] = [request.method, parseJson(text)];
    const changedBy = request.headers['litellm-changed-by']?.toString();
    this.adminCalls.push({ method, path, body, changedBy, at: this.#now() });
    if (this.#faults.isSilent) return;
    if (this.#faults.delayMs > 0) await pause(this.#faults.delayMs);
    if (!answerFaultily(response, this.#faults))
      send(response, this.#admin({ method, path, query, credential, body }));
  }

  #admin(request: Omit<AdminRequest, 'worker'>): Answer {
    if (request.path === '/health/liveliness') return { status: 200, body: "I'm alive!" };
    if (request.path === '/health/readiness')
      return { status: 200, body: { status: 'healthy', db: 'connected' } };
    const admin = { keys: this.#keys, masterKey: this.masterKey, now: this.#now };
    const answer = answerAdmin(admin, { ...request, worker: this.#nextWorker() });
    return answer ?? { status: 404, body: { detail: 'Not Found' } };
  }

  #chat(credential: string | undefined, text: string, request: IncomingMessage): Answer {
    const body = parseJson(text) as { model?: unknown; 'no-log'?: unknown } | undefined;
    const caller = {
      ip: request.headers['x-forwarded-for']?.toString() ?? request.socket.remoteAddress ?? '',
      userAgent: request.headers['user-agent'] ?? '',
      ...(typeof body?.model === 'string' ? { model: body.model } : {}),
      isNotLogged: body?.['no-log'] === true,
    };
    const { status, message, type = null, end } = this.#calls.open(credential, caller, false);
    end();
    const answer = {
      object: 'chat.completion',
      choices: [{ message: { role: 'assistant', content: 'ok' } }],
    };
    if (status === 200) return { status, body: answer };
    return { status, body: { error: { message, type, param: 'None', code: String(status) } } };
  }
}

/** Answers in place of the key API if a fault says so. */
function answerFaultily(response: ServerResponse, { status, text, redirectTo }: Faults): boolean {
  if (redirectTo !== undefined) response.writeHead(302, { location: redirectTo }).end();
  else if (text !== undefined)
    response.writeHead(status ?? 200, { 'content-type': 'application/json' }).end(text);
  else if (status !== undefined) {
    const error = { message: 'fault', type: 'internal_server_error', param: null, code: String(status) };
    send(response, { status, body: { error } });
  } else return false;
  return true;
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new Error('Too large.');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function send(response: ServerResponse, { status, body }: Answer): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
