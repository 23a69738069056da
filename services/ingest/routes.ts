import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { AppError, ERRORS, messageOf, sayToCaller } from '../errors.ts';
import type { ErrorCode } from '../errors.ts';
import type { Metrics } from '../metrics.ts';
import { BodyMemory, GrowingBody } from './body-memory.ts';
import type { Ingest } from './ingest.ts';

const MAX_BODY_BYTES = 32 * 1024 * 1024;
/** Bodies in hand at once, over all requests. */
const MAX_BYTES_IN_HAND = 256 * 1024 * 1024;
const UNPACKED_CHUNK_BYTES = 64 * 1024;
const RETRY_AFTER_SECONDS = '2';

export interface IngestRouteDeps {
  ingest: Ingest;
  /** Rejects with `E_UNAUTHORIZED` or `E_FORBIDDEN`. Asked before a byte of the body is read. */
  authorize(request: FastifyRequest, scope: 'ingest'): Promise<unknown>;
  metrics: Metrics;
}

/** `POST /v1/logs/{format}`. The body stays bytes: a framework that builds objects of 7 MB of JSON on the event loop
 *  holds up everything else. LiteLLM throws a batch away on any 4xx, so whatever may pass is 503. */
export async function registerIngest(app: FastifyInstance, deps: IngestRouteDeps): Promise<void> {
  const room = { inHand: new BytesInHand(), memory: new BodyMemory() };
  await app.register((scope, _options, done) => {
    keepBytes(scope, room);
    scope.post<{ Params: { format: string }; Querystring: { gateway?: string | string[] } }>(
      '/v1/logs/:format',
      {
        bodyLimit: MAX_BODY_BYTES,
        onRequest: async (request) => {
          await deps.authorize(request, 'ingest');
          // What a sender says about the type does not matter, and must not get a body refused.
          request.raw.headers['content-type'] = 'application/octet-stream';
        },
        errorHandler: (error, request, reply) => {
          const code = codeOf(error);
          deps.metrics.ingestRefused.inc({ code });
          if (ERRORS[code].status >= 500)
            request.log.error({ code, reason: messageOf(error) }, 'A log body was refused.');
          if (ERRORS[code].status === 503) void reply.header('retry-after', RETRY_AFTER_SECONDS);
          void reply.code(ERRORS[code].status).send({ error: { code, message: sayError(code, error) } });
        },
      },
      async (request) => {
        const body = request.body instanceof GrowingBody ? request.body : new GrowingBody(room.memory);
        try {
          return await deps.ingest.take(request.params.format, body.bytes(), {
            gateway: [request.query.gateway].flat()[0],
          });
        } finally {
          room.inHand.release(body.size);
          body.release();
        }
      },
    );
    done();
  });
}

function keepBytes(scope: FastifyInstance, room: Room): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser('*', (request, payload, parsed) => {
    readBody(request, payload, room).then(
      (body) => {
        parsed(null, body);
      },
      (error: unknown) => {
        parsed(error instanceof Error ? error : new Error(messageOf(error)));
      },
    );
  });
}

class BytesInHand {
  #size = 0;

  add(sizeBytes: number): void {
    if (this.#size + sizeBytes > MAX_BYTES_IN_HAND) {
      throw new AppError('E_BUSY', 'Too many log bodies are in hand. Send this one again in a few seconds.');
    }
    this.#size += sizeBytes;
  }

  release(sizeBytes: number): void {
    this.#size -= sizeBytes;
  }
}

function codeOf(error: unknown): ErrorCode {
  if (error instanceof AppError) return error.code;
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return 'E_BODY_TOO_LARGE';
  return code.startsWith('FST_ERR_CTP') ? 'E_BAD_REQUEST' : 'E_INTERNAL';
}

function sayError(code: ErrorCode, error: unknown): string {
  return error instanceof AppError ? sayToCaller(error) : ERRORS[code].help;
}

function tooLarge(): AppError {
  return new AppError(
    'E_BODY_TOO_LARGE',
    'The body is larger than 32 MiB. Lower the batch size of the gateway (DEFAULT_BATCH_SIZE).',
  );
}

interface Room {
  inHand: BytesInHand;
  memory: BodyMemory;
}

/** Reads the body into one buffer, unpacking gzip, and stops at the limit before and after unpacking. What it returns
 *  counts as in hand until it is released. */
async function readBody(
  request: FastifyRequest,
  payload: Readable,
  { inHand, memory }: Room,
): Promise<GrowingBody> {
  const encoding = encodingOf(request);
  if (Number(request.headers['content-length'] ?? 0) > MAX_BODY_BYTES) throw tooLarge();
  const body = new GrowingBody(memory);
  try {
    for await (const chunk of encoding === 'gzip' ? unpack(payload) : (payload as AsyncIterable<Buffer>)) {
      if (body.size + chunk.length > MAX_BODY_BYTES) throw tooLarge();
      inHand.add(chunk.length);
      body.append(chunk);
    }
  } catch (cause) {
    inHand.release(body.size);
    body.release();
    if (cause instanceof AppError) throw cause;
    throw new AppError('E_BAD_REQUEST', `The body cannot be read: ${messageOf(cause)}.`, { cause });
  }
  return body;
}

function encodingOf({ headers }: FastifyRequest): 'identity' | 'gzip' {
  const encoding = (headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  if (encoding === 'identity' || encoding === 'gzip') return encoding;
  throw new AppError('E_BODY_ENCODING', 'This Content-Encoding is not read. Send gzip or nothing.');
}

function unpack(payload: Readable): AsyncIterable<Buffer> {
  const unpacked = payload.pipe(createGunzip({ chunkSize: UNPACKED_CHUNK_BYTES }));
  payload.on('error', (error) => unpacked.destroy(error));
  payload.on('close', () => {
    if (!payload.readableEnded) unpacked.destroy(new Error('the sender went away'));
  });
  return unpacked as AsyncIterable<Buffer>;
}
