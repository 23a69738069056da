import type { Failure } from './log-record.ts';

/** A refusal: what the caller sees, and what the log says. */
export interface Denial {
  status: number;
  type: string;
  failure: Failure;
}

export const noKey: Denial = {
  status: 401,
  type: 'auth_error',
  failure: {
    errorClass: 'Exception',
    code: '',
    normalized: 'UNCLASSIFIED',
    message: 'No api key passed in.',
  },
};

export const blockedKey: Denial = {
  status: 401,
  type: 'auth_error',
  failure: {
    errorClass: 'Exception',
    code: '',
    normalized: 'UNCLASSIFIED',
    message: "Key is blocked. Update via `/key/unblock` if you're an admin.",
  },
};

export function notAKey(credential: string): Denial {
  const masked = `${credential.slice(0, 4)}****${credential.slice(-4)}`;
  const message = `401: LiteLLM Virtual Key expected. Received=${masked}, expected to start with 'sk-'.`;
  return {
    status: 401,
    type: 'auth_error',
    failure: { errorClass: 'HTTPException', code: '401', normalized: '401_AUTHENTICATION_FAILED', message },
  };
}

export function unknownKey(credential: string, hash: string): Denial {
  const message = `Authentication Error, Invalid proxy server token passed. Received API Key = sk-...${credential.slice(-4)}, Key Hash (Token) =${hash}. Unable to find token in cache or \`LiteLLM_VerificationTokenTable\``;
  return {
    status: 401,
    type: 'token_not_found_in_db',
    failure: {
      errorClass: 'KeyNotFoundError',
      code: '401',
      normalized: '401_AUTHENTICATION_FAILED',
      message,
    },
  };
}

export function expiredKey(expiresAt: number, now: number): Denial {
  const [expiry, current] = [expiresAt, now].map((at) =>
    new Date(at).toISOString().replace('T', ' ').replace('Z', '000+00:00'),
  );
  const message = `Authentication Error - Expired Key. Key Expiry time ${expiry ?? ''} and current time ${current ?? ''}`;
  return {
    status: 401,
    type: 'expired_key',
    failure: { errorClass: 'ProxyException', code: '401', normalized: '401_AUTHENTICATION_FAILED', message },
  };
}

export function overBudget({
  alias,
  tail,
  spendUsd,
  maxBudgetUsd = 0,
}: {
  alias: string;
  tail: string;
  spendUsd: number;
  maxBudgetUsd?: number;
}): Denial {
  const message = `Budget has been exceeded! Key=${alias} (sk-...${tail}) Current cost: ${spendUsd}, Max budget: ${maxBudgetUsd}`;
  return {
    status: 422,
    type: 'budget_exceeded',
    failure: { errorClass: 'BudgetExceededError', code: '422', normalized: '429_BUDGET_EXCEEDED', message },
  };
}

export function modelDenied(model: string): Denial {
  const message = `The requested model '${model}' is not available for this API key, or the model name is invalid. Check the models available to you and try again.`;
  return {
    status: 403,
    type: 'key_model_access_denied',
    failure: {
      errorClass: 'ModelAccessDeniedProxyException',
      code: '403',
      normalized: '403_MODEL_ACCESS_DENIED',
      message,
    },
  };
}
