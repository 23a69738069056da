/** The gateway's own identifier of a key (LiteLLM: SHA-256 hex). Never the key itself. */
export type KeyId = string & { readonly __brand: 'KeyId' };

/** What became of a call. Denials by the gateway's own gate, failures upstream, and success are told apart
 *  because they mean different things: an upstream 401 is the provider key's problem, not a probing client. */
export const OUTCOMES = [
  'ok',
  'unknown_key',
  'blocked_key',
  'expired_key',
  'no_key',
  'foreign_credential',
  'team_blocked',
  'model_denied',
  'ip_denied',
  'rate_limited',
  'over_budget',
  'bad_request',
  'upstream_error',
  'client_closed',
  'other_failure',
] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** How far the client address can be believed. `direct`: the socket peer, or found behind trusted proxies only.
 *  `low`: a forwarded chain without any configured proxy. `none`: no usable address. */
export const IP_TRUSTS = ['direct', 'low', 'none'] as const;
export type IpTrust = (typeof IP_TRUSTS)[number];

/** One API call at a gateway, parsed and normalised. Empty text means the gateway did not say; times are
 *  epoch milliseconds; money is US dollars. Nothing here holds a prompt, a response or a credential. */
export interface Event {
  eventId: string;
  gateway: string;
  /** When the call ended: the event time everything is judged by. */
  ts: number;
  durationMs: number;
  receivedAt: number;
  /** Empty when the caller presented no credential. `foreign:…` for a credential that is not a key of this gateway. */
  keyId: KeyId;
  keyAlias: string;
  /** Team id. */
  team: string;
  teamAlias: string;
  user: string;
  endUserHash: string;
  /** Canonical text, IPv4-mapped addresses unmapped; empty when there is none. */
  ip: string;
  ipTrust: IpTrust;
  /** Family of the calling program, from a closed list (`openai-python`, `curl`, `other:1a2b3c4d`). */
  client: string;
  clientMajor: string;
  userAgent: string;
  /** The model as the caller named it. */
  model: string;
  provider: string;
  callType: string;
  status: 'success' | 'failure';
  outcome: Outcome;
  errorCode: string;
  promptTokens: number;
  completionTokens: number;
  cachedTokens: number;
  totalTokens: number;
  /** Upper limit of output the caller asked for; 0 when not given. */
  maxTokens: number;
  costUsd: number;
  traceId: string;
  /** True for recorded traffic brought in afterwards: it teaches, but never acts and never pages. */
  isImport: boolean;
}
