export const API_BASE = 'https://api.provider.example/v1';

/** How the gateway says that a call failed, by what the caller did. */
export const FAILURES = {
  unknownKey: gate(
    'KeyNotFoundError',
    '401',
    '401_AUTHENTICATION_FAILED',
    'Authentication Error, Invalid proxy server token passed. Received API Key = sk-...wn-1, Unable to find token in cache or `LiteLLM_VerificationTokenTable`',
  ),
  blockedKey: gate(
    'Exception',
    '',
    'UNCLASSIFIED',
    "Key is blocked. Update via `/key/unblock` if you're an admin.",
  ),
  blockedTeam: gate(
    'Exception',
    '',
    'UNCLASSIFIED',
    "Team=team-search is blocked. Update via `/team/unblock` if you're an admin.",
  ),
  expiredKey: gate(
    'ProxyException',
    '401',
    '401_AUTHENTICATION_FAILED',
    'Authentication Error - Expired Key. Key Expiry time 2026-01-01 00:00:00+00:00 and current time 2026-01-02 00:00:00+00:00',
  ),
  noKey: gate('Exception', '', 'UNCLASSIFIED', 'No api key passed in.'),
  foreignCredential: gate(
    'HTTPException',
    '401',
    '401_AUTHENTICATION_FAILED',
    "401: LiteLLM Virtual Key expected. Received=AKIA****MPLE, expected to start with 'sk-'.",
  ),
  addressDenied: gate(
    'HTTPException',
    '403',
    '403_PERMISSION_DENIED',
    '403: Access forbidden: IP address 198.51.100.7 not allowed.',
  ),
  modelDenied: gate(
    'ModelAccessDeniedProxyException',
    '403',
    '403_MODEL_ACCESS_DENIED',
    "The requested model 'gpt-4o' is not available for this API key.",
  ),
  rateLimited: gate(
    'ProxyRateLimitError',
    '429',
    '429_RATE_LIMIT_EXCEEDED',
    'litellm.RateLimitError: Rate limit exceeded. Limit type: requests. Current limit: 1, Remaining: 0.',
  ),
  overBudget: gate(
    'BudgetExceededError',
    '422',
    '429_BUDGET_EXCEEDED',
    'Budget has been exceeded! Current cost: 5.0, Max budget: 1.0',
  ),
  unknownModel: gate(
    'ProxyModelNotFoundError',
    '400',
    '400_INVALID_REQUEST',
    "400: {'error': '/chat/completions: Invalid model name passed in model=does-not-exist.'}",
  ),
  missingParameter: gate(
    'ProxyMissingRequiredParamError',
    '400',
    '400_MISSING_REQUIRED_PARAMETER',
    "/chat/completions: Missing required parameter: 'messages'.",
  ),
  badJson: gate(
    'ProxyException',
    '400',
    '400_INVALID_REQUEST',
    'Invalid JSON payload: unexpected character: line 1 column 2 (char 1)',
  ),
  upstreamDenied: upstream(
    'AuthenticationError',
    '401',
    '401_AUTHENTICATION_FAILED',
    'litellm.AuthenticationError: OpenAIException - Incorrect API key provided',
  ),
  upstreamContext: upstream(
    'ContextWindowExceededError',
    '400',
    '400_CONTEXT_WINDOW_EXCEEDED',
    "litellm.ContextWindowExceededError: This model's maximum context length is 8192",
  ),
  upstreamLimited: upstream(
    'RateLimitError',
    '429',
    '429_RATE_LIMIT_EXCEEDED',
    'litellm.RateLimitError: OpenAIException - Rate limit reached for requests',
  ),
  upstreamBroken: upstream(
    'InternalServerError',
    'server_error',
    '500_PROVIDER_INTERNAL_ERROR',
    'litellm.InternalServerError: The server had an error while processing your request',
  ),
  upstreamTimeout: upstream(
    'Timeout',
    '408',
    '408_UPSTREAM_TIMEOUT',
    'litellm.Timeout: APITimeoutError - Request timed out.',
  ),
} as const;
export type Failure = keyof typeof FAILURES;

export interface FailureShape {
  errorClass: string;
  errorCode: string;
  normalized: string;
  message: string;
  apiBase: string;
}

function gate(errorClass: string, errorCode: string, normalized: string, message: string): FailureShape {
  return { errorClass, errorCode, normalized, message, apiBase: '' };
}

function upstream(errorClass: string, errorCode: string, normalized: string, message: string): FailureShape {
  return { errorClass, errorCode, normalized, message, apiBase: API_BASE };
}
