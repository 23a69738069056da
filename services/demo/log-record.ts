import { randomUUID } from 'node:crypto';

/** Whose key was presented, as the gateway knows it. Null is how the gateway says "nobody". */
export interface Identity {
  hash: string | null;
  alias: string | null;
  team: string | null;
  teamAlias: string | null;
  user: string | null;
}

export const NOBODY: Identity = { hash: null, alias: null, team: null, teamAlias: null, user: null };

/** Why a call failed, in the words of the gateway's log. */
export interface Failure {
  errorClass: string;
  code: string;
  normalized: string;
  message: string;
  /** Set when a provider was reached. */
  provider?: string;
}

export interface CallFacts {
  identity: Identity;
  route: string;
  callType: string;
  model: string;
  provider: string | null;
  /** As logged: one address, or the whole X-Forwarded-For. */
  ip: string | null;
  userAgent: string | null;
  startedAt: number;
  endedAt: number;
  isStream: boolean;
  promptTokens: number;
  completionTokens: number;
  costUsd: number;
  failure: Failure | undefined;
  prompt: string;
  answer: string;
}

/** A record of LiteLLM's `generic_api` callback, with every field of the real one that carries meaning, prompts included:
 *  dropping them is the receiver's work. */
export function logRecord(facts: CallFacts): Record<string, unknown> {
  return {
    ...idsOf(facts),
    trace_id: randomUUID(),
    session_id: '',
    call_type: facts.callType,
    custom_llm_provider: facts.provider,
    startTime: facts.startedAt / 1000,
    endTime: facts.endedAt / 1000,
    completionStartTime: facts.endedAt / 1000,
    response_time: (facts.endedAt - facts.startedAt) / 1000,
    ...modelOf(facts),
    metadata: metadataOf(facts),
    cache_key: null,
    response_cost: facts.costUsd,
    total_tokens: facts.promptTokens + facts.completionTokens,
    prompt_tokens: facts.promptTokens,
    completion_tokens: facts.completionTokens,
    request_tags: facts.userAgent === null ? [] : [`User-Agent: ${facts.userAgent}`],
    end_user: null,
    requester_ip_address: facts.ip,
    user_agent: facts.userAgent,
    messages: [{ role: 'user', content: facts.prompt }],
    ...resultOf(facts),
    hidden_params: {},
    error_str: facts.failure?.message ?? null,
    error_information: errorOf(facts.failure),
  };
}

/** On success the id is the provider's, on failure the call's. */
function idsOf({ failure }: CallFacts) {
  const callId = randomUUID();
  const answerId = `chatcmpl-${callId.replaceAll('-', '').slice(0, 24)}`;
  return { id: failure === undefined ? answerId : callId, litellm_call_id: callId };
}

function modelOf({ model, provider, failure }: CallFacts) {
  // Only a failure at the gate has reached no provider.
  const isUpstream = failure === undefined || failure.provider !== undefined;
  return {
    model: model === '' ? '' : `${provider ?? 'openai'}/${model}`,
    model_group: model === '' ? null : model,
    model_id: null,
    model_map_information: { model_map_key: model, model_map_value: null },
    api_base: isUpstream ? 'https://provider.example.com/v1' : '',
  };
}

function resultOf({ failure, isStream, answer, completionTokens }: CallFacts) {
  if (failure !== undefined) {
    const status_fields = { llm_api_status: 'failure', guardrail_status: 'not_run' };
    return {
      status: 'failure',
      status_fields,
      stream: null,
      cache_hit: false,
      response: {},
      model_parameters: {},
    };
  }
  return {
    status: 'success',
    status_fields: { llm_api_status: 'success', guardrail_status: 'not_run' },
    stream: isStream ? true : null,
    cache_hit: null,
    response: { choices: [{ message: { role: 'assistant', content: answer } }] },
    model_parameters: { max_tokens: completionTokens },
  };
}

function metadataOf({ identity, route, ip, userAgent, failure, promptTokens, completionTokens }: CallFacts) {
  const usage = {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    prompt_tokens_details: null,
  };
  return {
    user_api_key_hash: identity.hash,
    user_api_key_alias: identity.alias,
    user_api_key_team_id: identity.team,
    user_api_key_team_alias: identity.teamAlias,
    user_api_key_user_id: identity.user,
    user_api_key_user_email: identity.user === null ? null : `${identity.user}@example.com`,
    user_api_key_org_id: null,
    user_api_key_end_user_id: null,
    user_api_key_request_route: route,
    requester_ip_address: ip,
    user_agent: userAgent,
    requester_metadata: failure === undefined ? { headers: { 'user-agent': userAgent } } : null,
    usage_object: failure === undefined ? usage : {},
    user_api_key_auth_metadata: {},
  };
}

const NO_FAILURE = { code: '', errorClass: '', message: '', normalized: null };

function errorOf(failure: Failure | undefined) {
  const { code, errorClass, message, normalized, provider = '' } = failure ?? { ...NO_FAILURE, provider: '' };
  return {
    error_code: code,
    error_class: errorClass,
    llm_provider: provider,
    traceback: '',
    error_message: message,
    normalized_error: normalized,
  };
}
