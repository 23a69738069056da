import type { FastifyRequest } from 'fastify';
import { AppError, whyOf } from '../../errors.ts';
import type { Access, Api, ApiDeps } from '../deps.ts';
import { actorName } from '../authorize.ts';
import { actorOf } from '../commands.ts';
import { digestOf, reportLeaks } from '../leak-facts.ts';
import type { FoundKey } from '../leak-facts.ts';
import {
  githubReportSchema,
  gitguardianReportSchema,
  gitleaksReportSchema,
  parseDocument,
  parseLines,
  readGitguardian,
  readGithub,
  readGitleaks,
  readTrufflehog,
  trufflehogReportSchema,
} from '../leak-reports.ts';
import type { Reported } from '../leak-reports.ts';
import { requireHeader, verifyGithub, verifyGitguardian } from '../leak-signatures.ts';
import { githubFeedbackSchema, leakResponseSchema } from '../schema.ts';

const MAX_REPORT_BYTES = 8 * 1024 * 1024;
/** Of senders who are known only after the body is read. */
const MAX_SIGNED_BYTES = 2 * 1024 * 1024;
const tags = ['leaks'];

type Check = (request: FastifyRequest, body: Buffer) => Promise<void> | void;

/** Reports in the formats of scanners. Bodies are kept as bytes until their signature is checked. */
export function registerLeakFormats(app: Api, deps: ApiDeps): void {
  void app.register(async (plain) => {
    const scope = plain as Api;
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, parsed) => {
      parsed(null, body);
    });
    registerSigned(scope, deps);
    registerScanners(scope, deps);
  });
}

/** What all of these routes share: who may call, how large, and the way from bytes to a checked body. */
function received(
  access: Access,
  { check, parse = parseDocument }: { check?: Check; parse?: (body: Buffer) => unknown } = {},
) {
  return {
    config: { access },
    bodyLimit: access === 'signed' ? MAX_SIGNED_BYTES : MAX_REPORT_BYTES,
    preValidation: async (request: FastifyRequest) => {
      const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
      await check?.(request, body);
      request.body = parse(body);
    },
  };
}

function registerSigned(scope: Api, deps: ApiDeps): void {
  const { githubKeysFile, gitguardianToken } = deps;
  scope.post(
    '/v1/leaks/github',
    {
      ...received('signed', {
        check: (request, body) => verifyGithub(body, request.headers, githubKeysFile ?? ''),
      }),
      onRequest: async ({ headers }) => {
        if (githubKeysFile === undefined) throw notSet('GATEWATCH_GITHUB_KEYS_FILE');
        requireHeader(headers, 'github-public-key-signature');
      },
      schema: {
        tags,
        summary: 'GitHub secret scanning, as a partner receives it',
        body: githubReportSchema,
        response: { 200: githubFeedbackSchema },
      },
    },
    async ({ body }) => {
      const { found } = readGithub(body);
      await reportLeaks(deps, found, { source: 'github', by: 'signature of github' });
      const ours = await knownOf(deps, found);
      return body
        .map(({ token, type }) => ({
          token_hash: digestOf(token),
          token_type: type,
          label: 'true_positive' as const,
        }))
        .filter(({ token_hash: hash }) => ours.has(hash));
    },
  );

  scope.post(
    '/v1/leaks/gitguardian',
    {
      ...received('signed', {
        check: (request, body) => {
          if (gitguardianToken === undefined) throw notSet('GATEWATCH_GITGUARDIAN_TOKEN');
          verifyGitguardian(body, request.headers, { token: gitguardianToken, now: deps.now() });
        },
      }),
      onRequest: async ({ headers }) => {
        if (gitguardianToken === undefined) throw notSet('GATEWATCH_GITGUARDIAN_TOKEN');
        requireHeader(headers, 'gitguardian-signature');
      },
      schema: {
        tags,
        summary: 'Custom webhook of GitGuardian',
        body: gitguardianReportSchema,
        response: { 202: leakResponseSchema },
      },
    },
    async ({ body }, reply) => {
      const { found, skipped } = readGitguardian(body);
      const count = await reportLeaks(deps, found, { source: 'gitguardian', by: 'signature of gitguardian' });
      return reply.code(202).send({ received: count, skipped });
    },
  );
}

function registerScanners(scope: Api, deps: ApiDeps): void {
  scope.post(
    '/v1/leaks/gitleaks',
    {
      ...received('ingest'),
      schema: {
        tags,
        summary: 'JSON report of gitleaks',
        body: gitleaksReportSchema,
        response: { 202: leakResponseSchema },
      },
    },
    async (request, reply) => {
      const report = { source: 'gitleaks', report: readGitleaks(request.body) };
      return reply.code(202).send(await take(deps, request, report));
    },
  );
  scope.post(
    '/v1/leaks/trufflehog',
    {
      ...received('ingest', { parse: parseLines }),
      schema: {
        tags,
        consumes: ['application/x-ndjson', 'application/json'],
        summary: 'JSON lines of trufflehog',
        body: trufflehogReportSchema,
        response: { 202: leakResponseSchema },
      },
    },
    async (request, reply) => {
      const report = { source: 'trufflehog', report: readTrufflehog(request.body) };
      return reply.code(202).send(await take(deps, request, report));
    },
  );
}

/** Which of them were seen in the traffic. Only GitHub is told, because only GitHub can sign. A key nobody used yet is not
 *  in the table, so nothing is called a false positive; and feedback is no reason to fail. */
async function knownOf({ store, log }: ApiDeps, found: readonly FoundKey[]): Promise<ReadonlySet<string>> {
  try {
    const ids = found.map(({ sha256 }) => sha256);
    const sql = 'SELECT key_id FROM keys WHERE has({ids:Array(String)}, key_id)';
    const rows = await store.query<{ key_id: string }>(sql, { ids });
    return new Set(rows.map(({ key_id: id }) => id));
  } catch (error) {
    log.warn(whyOf(error), 'GitHub gets no feedback, because the store does not answer.');
    return new Set();
  }
}

async function take(
  deps: ApiDeps,
  request: FastifyRequest,
  { source, report: { found, skipped } }: { source: string; report: Reported },
) {
  return { received: await reportLeaks(deps, found, { source, by: actorName(actorOf(request)) }), skipped };
}

function notSet(variable: string): AppError {
  return new AppError('E_UNAUTHORIZED', `Nothing is taken here until ${variable} is set.`);
}
