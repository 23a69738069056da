import type { Outcome } from '../../detectors/event.ts';

export interface FailureFacts {
  /** Empty when no provider was reached: the gateway's own gate said no. */
  apiBase: string;
  errorCode: string;
  errorClass: string;
  normalized: string;
  /** Matched by its beginning, never stored. */
  message: string;
}

/** Denials at the gate that only the message tells apart: code and class are empty or too general. Only its beginning
 *  counts, because other messages of the gate quote the caller, who could name a model "Key is blocked". */
const BY_MESSAGE: readonly (readonly [beginning: RegExp, outcome: Outcome])[] = [
  [/^Key is blocked/i, 'blocked_key'],
  [/^Team=.{0,200} is blocked/i, 'team_blocked'],
  [/^No api key passed in/i, 'no_key'],
  [/^Expired Key/i, 'expired_key'],
  [/^(?:Access forbidden: )?IP address .{0,100} not allowed/i, 'ip_denied'],
  [/^LiteLLM Virtual Key expected/i, 'foreign_credential'],
  [/^Invalid proxy server token/i, 'unknown_key'],
];
/** What stands before the gateway's own words, in this order. */
const STATUS = /^\d{3}: /;
const AUTHENTICATION = /^Authentication Error(?:,| -) /i;

function gateWords(message: string): string {
  return message.replace(STATUS, '').replace(AUTHENTICATION, '');
}

const BY_CLASS: Readonly<Record<string, Outcome>> = {
  KeyNotFoundError: 'unknown_key',
  ModelAccessDeniedProxyException: 'model_denied',
  ProxyRateLimitError: 'rate_limited',
  BudgetExceededError: 'over_budget',
  ProxyModelNotFoundError: 'bad_request',
  ProxyMissingRequiredParamError: 'bad_request',
};

const BY_NORMALIZED: Readonly<Record<string, Outcome>> = {
  '429_BUDGET_EXCEEDED': 'over_budget',
  '429_RATE_LIMIT_EXCEEDED': 'rate_limited',
  '403_MODEL_ACCESS_DENIED': 'model_denied',
  '400_INVALID_REQUEST': 'bad_request',
  '400_MISSING_REQUIRED_PARAMETER': 'bad_request',
  '400_CONTEXT_WINDOW_EXCEEDED': 'bad_request',
};

const BY_CODE: Readonly<Record<string, Outcome>> = {
  '400': 'bad_request',
  '404': 'bad_request',
  '422': 'bad_request',
  '429': 'rate_limited',
};

/** What became of a failed call. An upstream failure is the provider's or its key's problem; only a failure at the
 *  gate says something about the caller. */
export function failureOutcome(facts: FailureFacts): Outcome {
  if (facts.apiBase !== '')
    return BY_CLASS[facts.errorClass] === 'over_budget' ? 'over_budget' : 'upstream_error';
  const words = gateWords(facts.message);
  const byMessage = BY_MESSAGE.find(([beginning]) => beginning.test(words));
  if (byMessage !== undefined) return byMessage[1];
  return (
    BY_CLASS[facts.errorClass] ??
    BY_NORMALIZED[facts.normalized] ??
    BY_CODE[facts.errorCode] ??
    'other_failure'
  );
}

/** Refused before it was looked up, because it is no key of this gateway by its form. */
export function isRefusedCredential({ apiBase, message }: FailureFacts): boolean {
  return apiBase === '' && /^LiteLLM Virtual Key expected/i.test(gateWords(message));
}

/** Classes of credentials that people present by mistake, by their beginning. The first match counts. */
const CREDENTIAL_CLASSES: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/^(?:AKIA|ASIA)[A-Z0-9]/, 'AKIA'],
  [/^sk-ant-/, 'sk-ant-'],
  [/^sk-proj-/, 'sk-proj-'],
  [/^sk-or-/, 'sk-or-'],
  [/^sk-/, 'sk-'],
  [/^gh[pousr]_/, 'ghp_'],
  [/^github_pat_/, 'github_pat_'],
  [/^glpat-/, 'glpat-'],
  [/^xox[abprs]-/, 'xox'],
  [/^AIza/, 'AIza'],
  [/^ya29\./, 'ya29.'],
  [/^eyJ/, 'eyJ'],
  [/^hf_/, 'hf_'],
  [/^gsk_/, 'gsk_'],
];

export function credentialClass(text: string): string {
  return CREDENTIAL_CLASSES.find(([pattern]) => pattern.test(text))?.[1] ?? 'other';
}
