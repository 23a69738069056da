import { isIP } from 'node:net';
import { AppError } from '../errors.ts';
import { expiryOf, isUnknownKey, tryKeyInfo } from './litellm-answers.ts';
import type { AdminAnswer, AdminRequest } from './litellm-client.ts';
import type { Diagnosis } from './revoker.ts';

/** Sends one request; a gateway that does not answer is undefined. */
export type Ask = (request: AdminRequest) => Promise<AdminAnswer | undefined>;

/** The SHA-256 of nothing anybody has: asking about it, or to block it, changes nothing. */
const NOBODYS_KEY = '0'.repeat(64);
const EXPIRES_SOON_MS = 14 * 86_400_000;
const NEEDED = ['/key/block', '/key/unblock'] as const;

/** What a credential that may block should not be able to do. Each body has types that cannot be read, so that the gateway
 *  refuses it after asking "who are you" and before doing anything. */
const TOO_MUCH: readonly { path: string; body: Record<string, unknown> }[] = [
  { path: '/key/update', body: { max_budget: 'none', models: 7 } },
  { path: '/key/delete', body: { keys: 7, key_aliases: 7 } },
  { path: '/user/new', body: { max_budget: 'none', models: 7, auto_create_key: 'none' } },
];
const MINT = { path: '/key/generate', body: { max_budget: 'none', models: 7, aliases: 7 } };

export async function diagnoseLitellm(
  gateway: { name: string; url: string },
  ask: Ask,
  now: number,
): Promise<Diagnosis[]> {
  const found: Diagnosis[] = encryption(gateway);
  const alive = await ask({ method: 'GET', path: '/health/liveliness', isAnonymous: true });
  if (alive?.status !== 200) return [...found, unreachable(gateway, alive)];
  found.push(ok('reachable', `${gateway.name} answers at ${gateway.url}.`));
  found.push(...(await database(gateway, ask)));
  const rights = await readingRight(gateway, ask);
  found.push(rights);
  if (rights.level === 'problem') return found;
  found.push(
    ...(await ownKey(gateway, ask, now)),
    ...(await blockingRights(gateway, ask)),
    ...(await excessRights(gateway, ask)),
  );
  return found;
}

const ok = (code: string, text: string): Diagnosis => ({ level: 'ok', code, text });
const warning = (code: string, text: string): Diagnosis => ({ level: 'warning', code, text });
const problem = (code: string, text: string): Diagnosis => ({ level: 'problem', code, text });

function encryption({ name, url }: { name: string; url: string }): Diagnosis[] {
  const { protocol, hostname } = new URL(url);
  const isHere =
    hostname === 'localhost' || hostname === '[::1]' || (isIP(hostname) === 4 && hostname.startsWith('127.'));
  if (protocol === 'https:' || isHere) return [];
  return [
    warning(
      'gateway-no-tls',
      `Our credential goes to ${name} without encryption. Use https, or see that the network between is yours alone.`,
    ),
  ];
}

function unreachable(
  { name, url }: { name: string; url: string },
  answer: AdminAnswer | undefined,
): Diagnosis {
  const what = answer === undefined ? 'does not answer' : `answers with status ${answer.status}`;
  return problem(
    'gateway-unreachable',
    `${name} ${what} at ${url}: no key can be blocked. Check the url, and whether LiteLLM runs.`,
  );
}

async function database({ name }: { name: string }, ask: Ask): Promise<Diagnosis[]> {
  const answer = await ask({ method: 'GET', path: '/health/readiness', isAnonymous: true });
  const { db } = (answer?.body ?? {}) as { db?: unknown };
  if (answer?.status !== 200)
    return [warning('gateway-not-ready', `${name} says that it is not ready to serve.`)];
  if (db === undefined || db === 'connected') return [];
  return [
    problem(
      'gateway-no-database',
      `${name} runs without a database: it has no virtual keys, so there is nothing to block. Set DATABASE_URL for LiteLLM.`,
    ),
  ];
}

async function readingRight({ name }: { name: string }, ask: Ask): Promise<Diagnosis> {
  const answer = (await ask({ method: 'GET', path: `/key/info?key=${NOBODYS_KEY}` })) ?? {
    status: 0,
    body: undefined,
  };
  if (isUnknownKey(answer)) return ok('credential-reads', `Our credential may read keys at ${name}.`);
  switch (answer.status) {
    case 401:
      return problem(
        'credential-refused',
        `${name} does not accept our credential. Set the gateway’s key to one that is valid and may call /key/info.`,
      );
    case 403:
      return problem(
        'credential-cannot-read',
        `Our credential may not call /key/info at ${name}. Allow it that route.`,
      );
    default:
      return problem(
        'key-api-missing',
        `${name} does not answer /key/info as LiteLLM does (status ${answer.status || 'none'}). Correct the url.`,
      );
  }
}

/** Without a key in the question, the gateway describes the credential that asks. */
async function ownKey({ name }: { name: string }, ask: Ask, now: number): Promise<Diagnosis[]> {
  const answer = await ask({ method: 'GET', path: '/key/info' });
  const info = answer === undefined ? undefined : tryKeyInfo(answer);
  // The master key is no key of the database.
  const expiresAt = info === undefined ? undefined : expiryOf(info);
  if (expiresAt === undefined || expiresAt > now + EXPIRES_SOON_MS) return [];
  return [
    warning(
      'credential-expires',
      `Our credential at ${name} expires ${new Date(expiresAt).toISOString()}; from then on nothing can be blocked. Renew it.`,
    ),
  ];
}

async function blockingRights({ name }: { name: string }, ask: Ask): Promise<Diagnosis[]> {
  const refused: string[] = [];
  for (const path of NEEDED) {
    const answer = await ask({ method: 'POST', path, body: { key: NOBODYS_KEY }, note: 'doctor' });
    if (answer === undefined || !isUnknownKey(answer)) refused.push(path);
  }
  if (refused.length === 0)
    return [ok('credential-blocks', `Our credential may block and unblock keys at ${name}.`)];
  return [
    problem(
      'credential-cannot-block',
      `Our credential may not call ${refused.join(' and ')} at ${name}. Allow it these routes, with a proxy admin as its owner.`,
    ),
  ];
}

async function excessRights({ name }: { name: string }, ask: Ask): Promise<Diagnosis[]> {
  const isAllowed = async ({ path, body }: { path: string; body: Record<string, unknown> }) => {
    const answer = await ask({ method: 'POST', path, body });
    return answer !== undefined && (answer.status < 300 || answer.status === 400 || answer.status === 422);
  };
  const excess: string[] = [];
  for (const probe of TOO_MUCH) if (await isAllowed(probe)) excess.push(probe.path);
  const found: Diagnosis[] = [];
  if (excess.length > 0) {
    found.push(
      warning(
        'credential-too-wide',
        `Our credential may also call ${excess.join(', ')} at ${name}: whoever takes it gets far more than blocking. Make a key with allowed_routes /key/block, /key/unblock and /key/info for gatewatch.`,
      ),
    );
  } else found.push(ok('credential-narrow', `Our credential may change nothing else at ${name}.`));
  if (excess.length === 0 && (await isAllowed(MINT))) {
    found.push(
      warning(
        'credential-mints',
        `Our credential may make keys at ${name}. That is needed for canary keys only; take /key/generate away if you plant none.`,
      ),
    );
  }
  return found;
}

/** An answer that never came is a fact here, not a failure; own bugs are. */
export async function orUndefined(answer: Promise<AdminAnswer>): Promise<AdminAnswer | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof AppError) return undefined;
    throw error;
  }
}
