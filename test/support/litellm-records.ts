import { API_BASE, FAILURES } from './litellm-failures.ts';
import type { Failure, FailureShape } from './litellm-failures.ts';

/** Records as LiteLLM's `generic_api` callback writes them: the fields and their order were recorded from a real
 *  proxy, the content is invented. */

export type LitellmRecord = Record<string, unknown>;
type Member = Record<string, unknown>;

export interface LitellmRecordOptions {
  /** `full`: about 13 kB, with the price table of the model; `slim`: about 3.5 kB, without. */
  size?: 'full' | 'slim';
  failure?: Failure;
  callId?: string;
  keyHash?: string | null;
  keyAlias?: string | null;
  team?: string | null;
  user?: string | null;
  endUser?: string | null;
  ip?: string | null;
  userAgent?: string | null;
  model?: string;
  /** Epoch seconds. */
  startTime?: number;
  endTime?: number;
  cost?: number;
  promptTokens?: number;
  completionTokens?: number;
  prompt?: string;
}

const DEFAULTS = {
  size: 'slim',
  failure: undefined as Failure | undefined,
  callId: '5f0d7a5e-7b1c-4f4e-9a0e-0c5d8a4be001',
  keyHash: '1f'.repeat(32) as string | null,
  keyAlias: 'search-prod' as string | null,
  team: 'team-search' as string | null,
  user: 'dana' as string | null,
  endUser: null as string | null,
  ip: '192.0.2.77' as string | null,
  userAgent: 'OpenAI/Python 1.51.0' as string | null,
  model: 'gpt-4o-mini',
  endTime: 1_790_000_000.181055,
  cost: 0.0000207,
  promptTokens: 22,
  completionTokens: 29,
  prompt: 'Summarise the release notes of the last week in three short lines.',
};
type Facts = Omit<typeof DEFAULTS, 'size'> & { size: 'full' | 'slim'; startTime: number };

/** One record; name only what the story is about. */
export function aLitellmRecord(options: LitellmRecordOptions = {}): LitellmRecord {
  const endTime = options.endTime ?? DEFAULTS.endTime;
  const facts = { ...DEFAULTS, startTime: endTime - 0.8, ...options } as Facts;
  const failure = facts.failure === undefined ? undefined : FAILURES[facts.failure];
  const isOk = failure === undefined;
  const [promptTokens, completionTokens] = isOk ? [facts.promptTokens, facts.completionTokens] : [0, 0];
  const cost = isOk ? facts.cost : 0;
  return {
    id: isOk ? `chatcmpl-${facts.callId.replaceAll('-', '').slice(0, 24)}` : facts.callId,
    litellm_call_id: facts.callId,
    trace_id: `tr-${facts.callId}`,
    session_id: '',
    call_type: 'acompletion',
    cache_hit: isOk ? null : false,
    stream: null,
    status: isOk ? 'success' : 'failure',
    status_fields: { llm_api_status: isOk ? 'success' : 'failure', guardrail_status: 'not_run' },
    custom_llm_provider: 'openai',
    saved_cache_cost: 0,
    startTime: facts.startTime,
    endTime: facts.endTime,
    completionStartTime: facts.endTime,
    response_time: facts.endTime - facts.startTime,
    model: `openai/${facts.model}`,
    metadata: metadata(facts, promptTokens, completionTokens),
    cache_key: null,
    response_cost: cost,
    cost_breakdown: isOk ? costBreakdown(cost) : null,
    autorouter_savings: null,
    autorouter_savings_estimate: null,
    autorouter_baseline_observation: null,
    total_tokens: promptTokens + completionTokens,
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    request_tags: isOk ? [`User-Agent: ${facts.userAgent ?? ''}`] : [],
    request_model_access_groups: [],
    end_user: facts.endUser,
    api_base: isOk ? API_BASE : failure.apiBase,
    model_group: facts.model,
    model_id: '9b'.repeat(32),
    requester_ip_address: facts.ip,
    user_agent: facts.userAgent,
    messages: [
      { role: 'system', content: 'Answer in one sentence.' },
      { role: 'user', content: facts.prompt },
    ],
    response: isOk ? response(facts) : {},
    model_parameters: { stream: false, max_tokens: 256 },
    hidden_params: facts.size === 'full' ? hiddenParams(facts, cost) : {},
    model_map_information: {
      model_map_key: `openai/${facts.model}`,
      model_map_value: facts.size === 'full' ? priceTable(facts.model) : null,
    },
    error_str: failure?.message ?? null,
    error_information: errorInformation(failure),
    response_cost_failure_debug_info: null,
    zero_cost_diagnostic: null,
    guardrail_information: null,
    standard_built_in_tools_params: { web_search_options: null, file_search: null },
  };
}

function metadata(facts: Facts, promptTokens: number, completionTokens: number): Member {
  const isGate = facts.failure !== undefined && FAILURES[facts.failure].apiBase === '';
  return {
    user_api_key_hash: facts.keyHash,
    user_api_key_alias: facts.keyAlias,
    user_api_key_spend: 0,
    user_api_key_max_budget: null,
    user_api_key_budget_reset_at: null,
    user_api_key_user_spend: 0,
    user_api_key_user_max_budget: null,
    user_api_key_team_spend: 0,
    user_api_key_team_max_budget: null,
    user_api_key_team_id: facts.team,
    user_api_key_org_id: null,
    user_api_key_org_alias: null,
    user_api_key_project_id: null,
    user_api_key_project_alias: null,
    user_api_key_user_id: facts.user,
    user_api_key_team_alias: facts.team,
    user_api_key_user_email: facts.user === null ? null : `${facts.user}@example.com`,
    user_api_key_end_user_id: facts.endUser,
    user_api_key_request_route: '/v1/chat/completions',
    spend_logs_metadata: null,
    requester_ip_address: facts.ip,
    user_agent: facts.userAgent,
    requester_metadata:
      isGate || facts.size === 'slim' ? null : { headers: headers(facts), used_client_oauth_token: false },
    prompt_management_metadata: null,
    applied_guardrails: [],
    mcp_tool_call_metadata: null,
    vector_store_request_metadata: null,
    routing_decision: null,
    usage_object:
      facts.failure === undefined
        ? {
            completion_tokens: completionTokens,
            prompt_tokens: promptTokens,
            total_tokens: promptTokens + completionTokens,
            completion_tokens_details: null,
            prompt_tokens_details: { audio_tokens: null, cached_tokens: Math.floor(promptTokens / 2) },
          }
        : {},
    requester_custom_headers: isGate || facts.size === 'slim' ? null : { 'x-forwarded-for': facts.ip },
    cold_storage_object_key: null,
    user_api_key_auth_metadata: { env: 'prod', cost_center: 'cc-27' },
    team_alias: null,
    team_id: null,
    used_client_oauth_token: false,
  };
}

function headers(facts: Facts): Member {
  return {
    'accept-encoding': 'gzip, deflate',
    'content-length': '183',
    host: 'gateway.example:4000',
    'content-type': 'application/json',
    'x-forwarded-for': facts.ip,
    'user-agent': facts.userAgent,
    'x-stainless-lang': 'python',
    connection: 'keep-alive',
  };
}

function costBreakdown(cost: number): Member {
  return {
    input_cost: cost / 4,
    output_cost: (cost * 3) / 4,
    total_cost: cost,
    tool_usage_cost: 0,
    service_tier: null,
  };
}

function response(facts: Facts): Member {
  if (facts.size === 'slim') return { text: 'redacted-by-litellm' };
  const message = { content: 'Nothing broke and two bugs are gone.', role: 'assistant', tool_calls: null };
  return {
    id: `chatcmpl-${facts.callId}`,
    created: Math.floor(facts.endTime),
    model: facts.model,
    object: 'chat.completion',
    system_fingerprint: 'fp_example',
    choices: [{ finish_reason: 'stop', index: 0, message, provider_specific_fields: {} }],
    usage: {
      completion_tokens: facts.completionTokens,
      prompt_tokens: facts.promptTokens,
      prompt_tokens_details: null,
    },
    service_tier: null,
  };
}

function hiddenParams(facts: Facts, cost: number): Member {
  const limits = {
    'llm_provider-server': 'example',
    'llm_provider-content-type': 'application/json',
    'llm_provider-x-request-id': `req_${facts.callId}`,
    'llm_provider-x-ratelimit-limit-requests': '5000',
    'llm_provider-x-ratelimit-remaining-requests': '4999',
    'llm_provider-x-ratelimit-limit-tokens': '800000',
    'llm_provider-x-ratelimit-remaining-tokens': '799000',
    'x-litellm-model-group': facts.model,
    'x-litellm-attempted-retries': 0,
  };
  return {
    model_id: '9b'.repeat(32),
    cache_key: null,
    api_base: API_BASE,
    response_cost: cost,
    additional_headers: limits,
    litellm_overhead_time_ms: 4.39,
    batch_models: null,
    litellm_model_name: `openai/${facts.model}`,
    usage_object: null,
  };
}

function errorInformation(failure: FailureShape | undefined): Member {
  return {
    error_code: failure?.errorCode ?? '',
    error_class: failure?.errorClass ?? '',
    llm_provider: failure === undefined || failure.apiBase === '' ? '' : 'openai',
    traceback:
      failure === undefined
        ? ''
        : '  File "/opt/litellm/proxy/auth.py", line 2337, in check\n    raise error\n',
    error_message: failure?.message ?? '',
    error_provider_request_id: null,
    error_rate_limit_category: null,
    error_rate_limit_type: null,
    error_budget_entity_type: null,
    error_budget_entity_id: null,
    error_budget_limit: null,
    error_budget_spend: null,
    normalized_error: failure?.normalized ?? null,
  };
}

const PRICED = [
  'input_cost_per',
  'output_cost_per',
  'cache_read_input_cost_per',
  'cache_creation_input_cost_per',
];
const UNITS = ['token', 'character', 'image_token', 'audio_token', 'video_second'];
const STEPS = [
  '',
  '_flex',
  '_priority',
  '_batches',
  '_above_128k_tokens',
  '_above_200k_tokens',
  '_above_272k_tokens_priority',
];
const ABILITIES =
  'system_messages response_schema vision function_calling parallel_function_calling tool_choice prompt_caching audio_input video_input audio_output pdf_input native_streaming web_search url_context reasoning adaptive_thinking tool_search computer_use image_size';

/** Most of a record's bytes: what the model may cost and can do, nearly all of it null. */
function priceTable(model: string): Member {
  const table: Member = {
    key: model,
    max_tokens: 16_384,
    max_input_tokens: 128_000,
    max_output_tokens: 16_384,
  };
  for (const price of PRICED) {
    for (const unit of UNITS) {
      for (const step of STEPS)
        table[`${price}_${unit}${step}`] = unit === 'token' && step === '' ? 1.5e-7 : null;
    }
  }
  table['litellm_provider'] = 'openai';
  for (const ability of ABILITIES.split(' '))
    table[`supports_${ability}`] = ability.length % 3 === 0 ? true : null;
  table['search_context_cost_per_query'] = {
    search_context_size_high: 0.025,
    search_context_size_low: 0.025,
  };
  table['supported_openai_params'] = ABILITIES.split(' ');
  return table;
}
