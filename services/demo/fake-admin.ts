import { hashOf } from './fake-keys.ts';
import type { KeyTable, StoredKey } from './fake-keys.ts';

export interface AdminRequest {
  method: string;
  path: string;
  query: URLSearchParams;
  credential: string | undefined;
  body: unknown;
  worker: number;
}

export interface Answer {
  status: number;
  body: unknown;
}

interface Admin {
  keys: KeyTable;
  masterKey: string;
  now: () => number;
}

type Json = Record<string, unknown>;
type Handle = (admin: Admin, request: AdminRequest, body: Json) => Answer;

const HASH = /^[0-9a-f]{64}$/;

/** The key API, with the answers that a real proxy was seen to give. */
const ROUTES: Readonly<Record<string, Handle>> = {
  'POST /key/block': (admin, request, body) => setBlocked(admin, request, body, true),
  'POST /key/unblock': (admin, request, body) => setBlocked(admin, request, body, false),
  'GET /key/info': keyInfo,
  'POST /key/generate': generate,
  'POST /key/delete': remove,
  'POST /key/update': (_admin, _request, body) => needs(body, 'key'),
  'POST /user/new': (_admin, _request, body) => numberOrNothing(body, 'max_budget'),
};

/** Undefined when there is no such route. */
export function answerAdmin(admin: Admin, request: AdminRequest): Answer | undefined {
  const handle = ROUTES[`${request.method} ${request.path}`];
  if (handle === undefined) return undefined;
  const refusal = refuse(admin, request);
  if (refusal !== undefined) return refusal;
  const body = typeof request.body === 'object' && request.body !== null ? (request.body as Json) : {};
  return handle(admin, request, body);
}

/** Who may call: first is the credential good, then may it use the route, then is its owner an administrator. */
function refuse({ keys, masterKey }: Admin, { credential, path }: AdminRequest): Answer | undefined {
  if (credential === masterKey) return undefined;
  const { denial } = keys.admit(credential, '', 0);
  if (denial !== undefined) {
    const message = denial.failure.message.replace(/^(?!Authentication Error)/, 'Authentication Error, ');
    return error(401, { message, type: denial.type, param: 'key' });
  }
  const own = keys.find(credential ?? '');
  if (own === undefined) return undefined;
  return outsideItsRoutes(own, path) ?? notAnAdmin(own, path);
}

function outsideItsRoutes({ allowedRoutes }: StoredKey, path: string): Answer | undefined {
  if (allowedRoutes === undefined || allowedRoutes.includes(path)) return undefined;
  const message = `Virtual key is not allowed to call this route. Only allowed to call routes: ${JSON.stringify(allowedRoutes)}. Tried to call route: ${path}`;
  return error(403, { message, type: 'auth_error', param: 'None' });
}

function notAnAdmin({ isAdmin, user = '' }: StoredKey, path: string): Answer | undefined {
  // Everybody may ask about a key that they have in hand.
  if (isAdmin === true || path === '/key/info') return undefined;
  const text = `Only proxy admins, team admins, or org admins can call ${path}. user_role=internal_user, user_id=${user}`;
  return { status: 403, body: { detail: { error: text } } };
}

function error(status: number, content: { message: string; type: string; param: string }): Answer {
  return { status, body: { error: { ...content, code: String(status) } } };
}

const notFound = (message = 'Key not found.'): Answer =>
  error(404, { message, type: 'not_found_error', param: 'key' });

function invalid(field: string, type: string): Answer {
  const msg = type === 'missing' ? 'Field required' : 'Input should be valid';
  return { status: 422, body: { detail: [{ type, loc: ['body', field], msg }] } };
}

function needs(body: Json, field: string): Answer {
  return body[field] === undefined ? invalid(field, 'missing') : { status: 200, body: {} };
}

function numberOrNothing(body: Json, field: string): Answer {
  const isGood = body[field] === undefined || typeof body[field] === 'number';
  return isGood ? { status: 200, body: {} } : invalid(field, 'float_parsing');
}

function setBlocked({ keys }: Admin, { worker }: AdminRequest, body: Json, isBlocked: boolean): Answer {
  const key = body['key'];
  if (typeof key !== 'string') return invalid('key', 'missing');
  if (!key.startsWith('sk-') && !HASH.test(key))
    return error(400, { message: 'Invalid key format.', type: 'bad_request_error', param: 'key' });
  const stored = keys.find(key);
  if (stored === undefined || stored.isDeleted) return notFound();
  const changed = keys.change(stored, { isBlocked }, worker);
  return { status: 200, body: { token: changed.hash, ...describe(changed), blocked: isBlocked } };
}

function keyInfo({ keys, now }: Admin, { query, credential }: AdminRequest): Answer {
  const asked = query.get('key') ?? credential ?? '';
  const stored = keys.find(asked);
  if (stored === undefined) return notFound('Key not found in database');
  const isExpired = stored.expiresAt !== undefined && stored.expiresAt <= now();
  const status = stored.isDeleted
    ? 'deleted'
    : stored.isBlocked
      ? 'revoked'
      : isExpired
        ? 'expired'
        : 'active';
  const deleted = stored.isDeleted
    ? { deleted_at: new Date(now()).toISOString(), deleted_by: 'default_user_id' }
    : {};
  return {
    status: 200,
    body: {
      key: query.has('key') ? asked : hashOf(asked),
      info: { ...describe(stored), ...deleted, status },
    },
  };
}

function describe(key: StoredKey): Json {
  return {
    key_name: `sk-...${key.tail}`,
    key_alias: key.alias,
    spend: key.spendUsd,
    total_spend: key.spendUsd,
    expires: key.expiresAt === undefined ? null : new Date(key.expiresAt).toISOString(),
    models: key.models ?? [],
    user_id: key.user ?? null,
    team_id: key.team === undefined ? null : `team-${key.team}`,
    max_budget: key.maxBudgetUsd ?? null,
    metadata: {},
    blocked: key.isBlocked ? true : null,
    allowed_routes: key.allowedRoutes ?? [],
    created_at: new Date(key.createdAt).toISOString(),
  };
}

function generate({ keys }: Admin, _request: AdminRequest, body: Json): Answer {
  const budget = body['max_budget'];
  if (budget !== undefined && budget !== null && typeof budget !== 'number')
    return invalid('max_budget', 'float_parsing');
  const alias = typeof body['key_alias'] === 'string' ? body['key_alias'] : '';
  if (alias !== '' && keys.hasAlias(alias)) {
    const message = `Key with alias '${alias}' already exists. Unique key aliases across all keys are required.`;
    return error(400, { message, type: 'bad_request_error', param: 'key_alias' });
  }
  const models = Array.isArray(body['models'])
    ? body['models'].filter((model) => typeof model === 'string')
    : [];
  const { key, stored } = keys.create({
    alias,
    models,
    ...(typeof budget === 'number' ? { maxBudgetUsd: budget } : {}),
  });
  return { status: 200, body: { ...describe(stored), key, token: stored.hash, token_id: stored.hash } };
}

function remove({ keys }: Admin, { worker }: AdminRequest, body: Json): Answer {
  if (!Array.isArray(body['keys'])) return invalid('keys', 'list_type');
  const found = body['keys']
    .map((key) => keys.find(String(key)))
    .filter((key) => key !== undefined && !key.isDeleted);
  if (found.length === 0)
    return error(404, { message: "{'error': 'No keys found'}", type: 'auth_error', param: 'None' });
  for (const key of found) if (key !== undefined) keys.change(key, { isDeleted: true }, worker);
  return { status: 200, body: { deleted_keys: found.map((key) => key?.hash) } };
}
