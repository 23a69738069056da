import type { Event, KeyId, Outcome } from '../../detectors/event.ts';
import type { Model } from './catalog.ts';

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

/** One call as the world makes it. */
export interface Call {
  ts: number;
  ip: string;
  client: string;
  model: Model;
  usd: number;
  tokens: number;
  outcome: Outcome;
}

export interface Owner {
  keyId: KeyId;
  alias: string;
  team: string;
  user: string;
}

/** The call as the gateway logs it. One literal: objects put together from several are slow to read, and millions are made. */
export function toEvent({ keyId, alias, team, user }: Owner, call: Call, eventId: string): Event {
  const { ts, ip, client, model, usd, tokens, outcome } = call;
  const isOk = outcome === 'ok';
  const completionTokens = Math.floor(tokens / 5);
  return {
    eventId,
    gateway: 'simulated',
    ts,
    durationMs: 1_500,
    receivedAt: ts,
    keyId,
    keyAlias: alias,
    team,
    teamAlias: team,
    user,
    endUserHash: '',
    ip,
    ipTrust: 'direct',
    client,
    clientMajor: '',
    userAgent: client,
    model: model.name,
    provider: model.provider,
    callType: 'acompletion',
    status: isOk ? 'success' : 'failure',
    outcome,
    errorCode: isOk ? '' : outcome,
    promptTokens: tokens - completionTokens,
    completionTokens,
    cachedTokens: 0,
    totalTokens: tokens,
    maxTokens: 0,
    costUsd: usd,
    traceId: '',
    isImport: false,
  };
}
