/** Every error code: what it means, what to do about it, and whether trying again can help. `docs/errors.md` is made from
 *  this table. */
export const ERRORS = {
  E_INTERNAL: {
    status: 500,
    retry: false,
    help: 'A bug of gatewatch. Please report it with the log line of the same time.',
  },
  E_CONFIG: {
    status: 500,
    retry: false,
    help: 'Settings are wrong; the message names each of them. Correct them and start again.',
  },
  E_UNAUTHORIZED: {
    status: 401,
    retry: false,
    help: 'Send a valid token as "Authorization: Bearer …". `gatewatch token create` makes one.',
  },
  E_FORBIDDEN: {
    status: 403,
    retry: false,
    help: 'The token lacks the scope this needs. `gatewatch token create --scope …` makes another.',
  },
  E_TOO_MANY_ATTEMPTS: {
    status: 429,
    retry: true,
    help: 'Too many wrong tokens came from this address. Wait a minute; tokens of 32 characters and more are not held up.',
  },
  E_NOT_FOUND: { status: 404, retry: false, help: 'There is nothing with this id or at this path.' },
  E_BAD_REQUEST: {
    status: 400,
    retry: false,
    help: 'The request does not have the documented shape; see /openapi.json.',
  },
  E_UNKNOWN_FORMAT: {
    status: 404,
    retry: false,
    help: 'No gateway format has this name. The message lists those that exist.',
  },
  E_NOTHING_READABLE: {
    status: 400,
    retry: false,
    help: 'No record of the body could be read. Send one JSON object, an array of them, or one a line.',
  },
  E_BODY_TOO_LARGE: {
    status: 413,
    retry: false,
    help: 'The body is larger than 32 MiB after decompression. Lower the batch size of the gateway.',
  },
  E_BODY_ENCODING: {
    status: 415,
    retry: false,
    help: 'Only identity and gzip are read. Switch other compression off at the sender.',
  },
  E_BODY_TYPE: { status: 415, retry: false, help: 'Send the body as application/json.' },
  E_BUSY: {
    status: 503,
    retry: true,
    help: 'More is in hand than memory allows. Send it again after Retry-After seconds.',
  },
  E_TRANSPORT_UNAVAILABLE: {
    status: 503,
    retry: true,
    help: 'The log of events cannot be written. Check disk space and rights of the data folder; senders should try again.',
  },
  E_TRANSPORT_CORRUPT: {
    status: 500,
    retry: false,
    help: 'A stored entry of the log of events is damaged; reading stops before it. Check the disk, then restore the data folder from a backup or move its transport folder away to start an empty log.',
  },
  E_CHECKPOINT_UNAVAILABLE: {
    status: 503,
    retry: true,
    help: 'The state of the detectors cannot be saved. Check disk space and rights of the data folder; the next save is tried in any case.',
  },
  E_CHECKPOINT_LOST: {
    status: 503,
    retry: false,
    help: 'Another process has taken the state over. This one gives it up and, if its partition is still its own, takes it again by itself. Seen again and again, two processes run on the same group and do not see each other.',
  },
  E_CHECKPOINT_CORRUPT: {
    status: 500,
    retry: false,
    help: 'Saved detector state is damaged. Check the disk, then move the state folder out of the data folder: the state is learned again from the log of events.',
  },
  E_STORE_UNAVAILABLE: {
    status: 503,
    retry: true,
    help: 'ClickHouse cannot be reached or its folder is locked by another process. Detection goes on meanwhile.',
  },
  E_STORE_REFUSED: {
    status: 500,
    retry: false,
    help: 'The ClickHouse server answers but cannot be used as it is: wrong password, missing right, read-only, too old, or a schema that waits for "gatewatch migrate". The message says which; see docs/clickhouse.md.',
  },
  E_DATA_LOCKED: {
    status: 500,
    retry: false,
    help: 'Another gatewatch process uses this data folder. Stop it, or set GATEWATCH_DATA_DIR.',
  },
  E_SQL_REFUSED: {
    status: 400,
    retry: false,
    help: 'Only one SELECT on the documented tables is run; see docs/sql.md.',
  },
  E_SQL_INVALID: {
    status: 400,
    retry: false,
    help: 'ClickHouse does not understand the query; the message says where.',
  },
  E_SQL_TOO_LARGE: {
    status: 400,
    retry: false,
    help: 'The query needs more than 400 MB of memory, or its answer is larger than 16 MiB. Narrow it by ts or key_id, or ask for fewer columns.',
  },
  E_SQL_TIMEOUT: {
    status: 400,
    retry: false,
    help: 'The query took longer than 10 s. Narrow it by ts or key_id.',
  },
  E_REVOKER_DENIED: {
    status: 502,
    retry: false,
    help: 'The gateway refused our credential. Give it the right to block, unblock and read keys, then retry from the incident.',
  },
  E_REVOKER_UNKNOWN_KEY: {
    status: 502,
    retry: false,
    help: 'The gateway does not know this key. It may have been deleted, or the log came from somewhere else.',
  },
  E_REVOKER_UNAVAILABLE: {
    status: 502,
    retry: true,
    help: 'The gateway does not answer. The action is repeated with growing pauses for 15 minutes.',
  },
  E_NOTIFIER_REFUSED: {
    status: 502,
    retry: false,
    help: 'The receiver of notifications refused the message for good. Check address and credentials.',
  },
  E_NOTIFIER_UNAVAILABLE: {
    status: 502,
    retry: true,
    help: 'The receiver of notifications does not answer. The message is repeated.',
  },
  E_AUDIT_UNAVAILABLE: {
    status: 503,
    retry: true,
    help: 'The audit record cannot be written, so no action is taken. Check disk space and rights of the data folder.',
  },
  E_AUDIT_BROKEN: {
    status: 500,
    retry: false,
    help: 'The audit chain does not verify: records were changed, dropped or cut. See docs/runbook.md.',
  },
  E_GEO_DATA: {
    status: 500,
    retry: false,
    help: 'A mounted IP data file cannot be read. The packaged data stays in use.',
  },
  E_PORT_IN_USE: {
    status: 500,
    retry: false,
    help: 'Another program listens on this address. Stop it, or set GATEWATCH_LISTEN.',
  },
} as const satisfies Record<string, { status: number; retry: boolean; help: string }>;

export type ErrorCode = keyof typeof ERRORS;

/** An error that somebody can do something about. `details` must be free of secrets: it is logged. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, details: Record<string, unknown> & { cause?: unknown } = {}) {
    const { cause, ...rest } = details;
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'AppError';
    this.code = code;
    this.details = rest;
  }

  get mayRetry(): boolean {
    return ERRORS[this.code].retry;
  }
}

/** Their own messages say where things lie on this machine: that is for the log alone. */
const NOT_FOR_CALLERS: ReadonlySet<ErrorCode> = new Set([
  'E_TRANSPORT_UNAVAILABLE',
  'E_TRANSPORT_CORRUPT',
  'E_CHECKPOINT_UNAVAILABLE',
  'E_CHECKPOINT_CORRUPT',
  'E_STORE_UNAVAILABLE',
  'E_STORE_REFUSED',
  'E_DATA_LOCKED',
  'E_AUDIT_UNAVAILABLE',
  'E_AUDIT_BROKEN',
  'E_GEO_DATA',
]);

/** What somebody who sent a request is told of it. */
export function sayToCaller({ code, message }: AppError): string {
  return NOT_FOR_CALLERS.has(code) ? ERRORS[code].help : message;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** A failure of a system call; with `code`, of this one (`ENOENT`, `EEXIST`, …) only. */
export function isErrno(error: unknown, code?: string): error is NodeJS.ErrnoException {
  if (!(error instanceof Error) || !('syscall' in error) || !('code' in error)) return false;
  return code === undefined || error.code === code;
}

/** What a line of the log says of an error: its code, where it has one, and why. */
export function whyOf(error: unknown): { code?: ErrorCode; reason: string } {
  const reason = messageOf(error);
  return error instanceof AppError ? { code: error.code, reason } : { reason };
}
