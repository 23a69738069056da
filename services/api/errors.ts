import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { AppError, ERRORS, messageOf, sayToCaller } from '../errors.ts';
import type { ErrorCode } from '../errors.ts';
import type { Log } from '../log.ts';

const RETRY_AFTER_SECONDS = { 429: '60', 503: '2' } as const;

/** What a framework's refusal means in our words. */
const FRAMEWORK_CODES: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ['E_BODY_TOO_LARGE', 'The body is larger than this route takes.'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ['E_BODY_TYPE', ERRORS.E_BODY_TYPE.help],
  FST_ERR_CTP_INVALID_JSON_BODY: ['E_BAD_REQUEST', 'The body is not JSON.'],
  FST_ERR_CTP_EMPTY_JSON_BODY: ['E_BAD_REQUEST', 'The body is empty.'],
  FST_ERR_BAD_URL: ['E_BAD_REQUEST', 'The address cannot be read.'],
};

export interface Failure {
  status: number;
  code: ErrorCode;
  message: string;
}

export function errorBody({ code, message }: Pick<Failure, 'code' | 'message'>) {
  return { error: { code, message } };
}

/** What a caller gets to see of an error: never a stack, never a path, never the text of one we did not write. */
export function failureOf(error: unknown): Failure {
  if (error instanceof AppError)
    return { status: ERRORS[error.code].status, code: error.code, message: sayToCaller(error) };
  const { code = '', statusCode = 500 } = error as Partial<FastifyError>;
  // Only what a caller sent is the caller's mistake; a row of ours that does not fit is ours.
  if (error instanceof z.ZodError && statusCode === 400) return badRequest(explain(error));
  const known = FRAMEWORK_CODES[code];
  if (known !== undefined) return { status: ERRORS[known[0]].status, code: known[0], message: known[1] };
  if (statusCode >= 400 && statusCode < 500) return badRequest('The request cannot be read.');
  return {
    status: 500,
    code: 'E_INTERNAL',
    message: 'Something went wrong here. The log of the server says what.',
  };
}

function badRequest(message: string): Failure {
  return { status: 400, code: 'E_BAD_REQUEST', message };
}

/** The first mistakes, by the name of the field; never with the value, which may be a secret. */
function explain({ issues }: z.ZodError): string {
  const mistakes = issues.slice(0, 5).map(({ path, message }) => {
    const name = path.map(String).join('.');
    return name === '' ? message : `${name}: ${message}`;
  });
  return `${mistakes.join('; ')}.`;
}

export function sendError(log: Log, error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const failure = failureOf(error);
  const where = { method: request.method, route: request.routeOptions.url, code: failure.code };
  if (failure.status >= 500) {
    const stack = error instanceof Error ? error.stack : undefined;
    log.error(
      { ...where, reason: messageOf(error), ...(failure.code === 'E_INTERNAL' ? { stack } : {}) },
      'A request failed.',
    );
  }
  const retryAfter = RETRY_AFTER_SECONDS[failure.status as 429 | 503] as string | undefined;
  if (retryAfter !== undefined) void reply.header('retry-after', retryAfter);
  if (failure.status === 401) void reply.header('www-authenticate', 'Bearer');
  void reply
    .code(failure.status)
    .type('application/json; charset=utf-8')
    .send(JSON.stringify(errorBody(failure)));
}
