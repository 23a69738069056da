import type { KeyTable } from './fake-keys.ts';
import { logRecord } from './log-record.ts';
import type { CallFacts, Failure } from './log-record.ts';

export interface Caller {
  /** As the proxy before the gateway wrote it: an address, or a chain. */
  ip: string;
  userAgent?: string;
  model?: string;
  promptTokens?: number;
  completionTokens?: number;
  costUsd?: number;
  durationMs?: number;
  prompt?: string;
  /** Which worker serves it; left out, the next one in turn. */
  worker?: number;
  /** The caller asks to be left out of the log. */
  isNotLogged?: boolean;
}

/** A call that was let in, or not, and has not ended yet. */
export interface OpenCall {
  status: number;
  /** What a refused caller is told. */
  message: string | undefined;
  type: string | undefined;
  end: () => void;
}

const MAX_RECORDS = 100_000;
/** Failures of the provider, by the name of a model that has them. */
const UPSTREAM: Readonly<Record<string, { status: number; failure: Failure }>> = {
  'err-401': { status: 401, failure: upstream('AuthenticationError', '401', '401_AUTHENTICATION_FAILED') },
  'err-429': { status: 429, failure: upstream('RateLimitError', '429', '429_RATE_LIMIT_EXCEEDED') },
  'err-500': { status: 500, failure: upstream('InternalServerError', '500', '500_PROVIDER_INTERNAL_ERROR') },
};

function upstream(errorClass: string, code: string, normalized: string): Failure {
  return {
    errorClass,
    code,
    normalized,
    message: `litellm.${errorClass}: the provider said no`,
    provider: 'openai',
  };
}

export interface CallsOptions {
  keys: KeyTable;
  now: () => number;
  nextWorker: () => number;
  onRecord: (record: unknown) => void;
}

/** The calls of a gateway's users: the gate lets them in or not, and the log hears of them when they end. */
export class Calls {
  readonly records: Record<string, unknown>[] = [];
  readonly #options: CallsOptions;

  constructor(options: CallsOptions) {
    this.#options = options;
  }

  open(credential: string | undefined, caller: Caller, isStream: boolean): OpenCall {
    const { keys, now, nextWorker } = this.#options;
    const model = caller.model ?? 'gpt-4o-mini';
    const { identity, denial } = keys.admit(credential, model, caller.worker ?? nextWorker());
    const refused = denial ?? UPSTREAM[model];
    const openedAt = now();
    const end = () => {
      // A caller who asks to be left out is missing in the gateway's own accounts as well.
      if (caller.isNotLogged === true) return;
      const endedAt = now();
      const startedAt = isStream
        ? openedAt
        : endedAt - (refused === undefined ? (caller.durationMs ?? 0) : 1);
      const usage = refused === undefined ? {} : { promptTokens: 0, completionTokens: 0, costUsd: 0 };
      const facts = { ...factsOf(caller, model), ...usage, identity, isStream, failure: refused?.failure };
      this.#log({ ...facts, startedAt, endedAt });
    };
    return { status: refused?.status ?? 200, message: refused?.failure.message, type: denial?.type, end };
  }

  #log(facts: CallFacts): void {
    if (facts.identity.hash !== null) this.#options.keys.addSpend(facts.identity.hash, facts.costUsd);
    const record = logRecord(facts);
    this.records.push(record);
    if (this.records.length > MAX_RECORDS) this.records.shift();
    this.#options.onRecord(record);
  }
}

function factsOf(caller: Caller, model: string) {
  const promptTokens = caller.promptTokens ?? 400;
  const completionTokens = caller.completionTokens ?? 120;
  return {
    route: '/v1/chat/completions',
    callType: 'acompletion',
    model,
    provider: model.startsWith('claude') ? 'anthropic' : 'openai',
    ip: caller.ip,
    userAgent: caller.userAgent ?? 'OpenAI/Python 1.51.0',
    promptTokens,
    completionTokens,
    costUsd: caller.costUsd ?? (promptTokens * 0.4 + completionTokens * 1.6) / 1_000_000,
    prompt: caller.prompt ?? 'an invented prompt',
    answer: 'an invented answer',
  };
}
