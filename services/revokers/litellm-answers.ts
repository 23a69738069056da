import { z } from 'zod';
import { AppError } from '../errors.ts';
import type { AdminAnswer } from './litellm-client.ts';
import type { KeyAtGateway } from './revoker.ts';

const text = z.string().nullish();
const keyInfo = z.object({
  info: z.object({
    key_alias: text,
    team_id: text,
    user_id: text,
    spend: z.number().nullish(),
    blocked: z.boolean().nullish(),
    expires: text,
    status: text,
    deleted_at: text,
  }),
});
const blockedState = z.object({ blocked: z.boolean().nullish() });
const newKey = z.object({ key: z.string().startsWith('sk-'), token: z.string().regex(/^[0-9a-f]{64}$/) });
const failure = z.object({ error: z.object({ message: z.string(), type: text }) });

export type KeyInfo = z.output<typeof keyInfo>['info'];

interface Asked {
  gateway: string;
  path: string;
}

/** The body of a success; what else was answered becomes an error that says whether a retry can help. The gateway's own
 *  words are left out: they may repeat parts of our credential. */
function expectSuccess<Body>(schema: z.ZodType<Body>, answer: AdminAnswer, asked: Asked): Body {
  if (answer.status !== 200) throw failureOf(answer, asked);
  const parsed = schema.safeParse(answer.body);
  if (parsed.success) return parsed.data;
  const what = `answered ${asked.path} in a shape that gatewatch does not know. Is this version of LiteLLM supported?`;
  throw unavailable(what, answer.status, asked);
}

function failureOf(answer: AdminAnswer, asked: Asked): AppError {
  if (isUnknownKey(answer)) return unknownKey(asked);
  const { status } = answer;
  const { path } = asked;
  if (status === 404) return unavailable(`has no ${path}. Correct its url.`, status, asked);
  if (status === 401)
    return denied(
      `does not accept our credential for ${path}: it is wrong, expired, or lacks that route.`,
      status,
      asked,
    );
  if (status === 403)
    return denied(
      `does not let our credential call ${path}. Allow it that route, with a proxy admin as its owner.`,
      status,
      asked,
    );
  if (status < 400)
    return denied(
      'sends us elsewhere, and our credential does not follow. Set its url to where it really is.',
      status,
      asked,
    );
  const mayPass = status >= 500 || PASSING.has(status);
  return mayPass
    ? unavailable(`failed at ${path} (status ${status}).`, status, asked)
    : denied(`refused ${path} (status ${status}).`, status, asked);
}

/** Timeouts and limits of whatever stands before the gateway. */
const PASSING: ReadonlySet<number> = new Set([408, 425, 429]);

export function isUnknownKey({ status, body }: AdminAnswer): boolean {
  if (status !== 404) return false;
  const { data } = failure.safeParse(body);
  return data?.error.type === 'not_found_error' || /key not found/i.test(data?.error.message ?? '');
}

export function unknownKey({ gateway }: Pick<Asked, 'gateway'>): AppError {
  return new AppError(
    'E_REVOKER_UNKNOWN_KEY',
    `Gateway ${gateway} does not know this key. It was deleted, or the log is of another gateway.`,
    { gateway },
  );
}

function denied(what: string, status: number, asked: Asked): AppError {
  return new AppError('E_REVOKER_DENIED', `Gateway ${asked.gateway} ${what}`, { ...asked, status });
}

function unavailable(what: string, status: number, asked: Asked): AppError {
  return new AppError('E_REVOKER_UNAVAILABLE', `Gateway ${asked.gateway} ${what}`, { ...asked, status });
}

export function readKeyInfo(answer: AdminAnswer, gateway: string): KeyInfo {
  return expectSuccess(keyInfo, answer, { gateway, path: '/key/info' }).info;
}

export function keyState(info: KeyInfo, now: number): KeyAtGateway {
  return {
    state: stateOf(info, now),
    keyAlias: info.key_alias ?? '',
    team: info.team_id ?? '',
    user: info.user_id ?? '',
    spendUsd: info.spend ?? 0,
  };
}

/** A deleted key is still described, so that word counts before all others. */
function stateOf(info: KeyInfo, now: number): 'active' | 'blocked' | 'deleted' | 'expired' {
  if (info.status === 'deleted' || typeof info.deleted_at === 'string') return 'deleted';
  if (info.blocked === true || info.status === 'revoked') return 'blocked';
  const expiresAt = expiryOf(info) ?? Infinity;
  return info.status === 'expired' || expiresAt <= now ? 'expired' : 'active';
}

/** Undefined unless the answer describes a key. */
export function tryKeyInfo({ status, body }: AdminAnswer): KeyInfo | undefined {
  return status === 200 ? keyInfo.safeParse(body).data?.info : undefined;
}

/** Times without a zone are UTC. */
export function expiryOf({ expires }: KeyInfo): number | undefined {
  if (typeof expires !== 'string') return undefined;
  const at = Date.parse(/(?:Z|[+-]\d\d:?\d\d)$/.test(expires) ? expires : `${expires}Z`);
  return Number.isNaN(at) ? undefined : at;
}

/** A success that does not confirm what was asked for is none. */
export function confirmBlocked(answer: AdminAnswer, isBlocked: boolean, asked: Asked): void {
  const { blocked } = expectSuccess(blockedState, answer, asked);
  if ((blocked === true) === isBlocked) return;
  throw unavailable(
    `answered ${asked.path} with success, but says that nothing changed.`,
    answer.status,
    asked,
  );
}

export function readNewKey(answer: AdminAnswer, gateway: string): { key: string; token: string } {
  return expectSuccess(newKey, answer, { gateway, path: '/key/generate' });
}
