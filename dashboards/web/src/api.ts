/** An answer that is not a success, in words a person can act on. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export function messageOf(failure: unknown): string {
  return failure instanceof Error ? failure.message : String(failure);
}

export const SESSION_PATH = '/v1/session';

/** Called when the server no longer knows the session. */
let onSignedOut: () => void = () => undefined;

export function whenSignedOut(handle: () => void): void {
  onSignedOut = handle;
}

type Method = 'GET' | 'POST' | 'DELETE';

interface Call {
  method: Method;
  path: string;
  body?: unknown;
  signal?: AbortSignal;
}

export async function call<Answer>({ method, path, body, signal }: Call): Promise<Answer> {
  const response = await reach(path, {
    method,
    credentials: 'same-origin',
    cache: 'no-store',
    ...(body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    ...(signal === undefined ? {} : { signal }),
  });
  if (!response.ok) {
    // A wrong token at the door ends no session.
    if (response.status === 401 && path !== SESSION_PATH) onSignedOut();
    throw await readError(response);
  }
  return (response.status === 204 ? undefined : await response.json()) as Answer;
}

async function reach(path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(path, init);
  } catch (cause) {
    if (init.signal?.aborted === true) throw cause;
    throw new ApiError(0, '', 'gatewatch does not answer. Is it running? Trying again.');
  }
}

async function readError(response: Response): Promise<ApiError> {
  const { error } = (await response.json().catch(() => ({}))) as {
    error?: { code: string; message: string };
  };
  const message = error?.message ?? `gatewatch answered with status ${response.status}.`;
  return new ApiError(response.status, error?.code ?? '', message);
}

export function get<Answer>(path: string, signal?: AbortSignal): Promise<Answer> {
  return call<Answer>({ method: 'GET', path, ...(signal === undefined ? {} : { signal }) });
}

export function post<Answer>(path: string, body: unknown): Promise<Answer> {
  return call<Answer>({ method: 'POST', path, body });
}
