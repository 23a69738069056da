import { identityOf } from './fake-keys.ts';
import type { StoredKey } from './fake-keys.ts';
import { logRecord } from './log-record.ts';
import type { CallFacts } from './log-record.ts';
import { usualCalls } from './story.ts';
import type { StoryCall } from './story.ts';

const CALLS_PER_BODY = 1_000;
const CALL_MS = 900;

/** The days before `until` as log bodies, in order of time, one record a line. */
export function* historyBodies(
  keys: readonly StoredKey[],
  until: number,
  days: number,
): Generator<{ body: Buffer; calls: number }> {
  const calls = usualCalls(until, days);
  for (let from = 0; from < calls.length; from += CALLS_PER_BODY) {
    const part = calls.slice(from, from + CALLS_PER_BODY);
    const lines = part.map((call) => JSON.stringify(logRecord(factsOf(call, keys))));
    yield { body: Buffer.from(lines.join('\n')), calls: part.length };
  }
}

function factsOf(call: StoryCall, keys: readonly StoredKey[]): CallFacts {
  const key = keys.find(({ alias }) => alias === call.alias);
  if (key === undefined) throw new RangeError(`The story has no key ${call.alias}.`);
  return {
    identity: identityOf(key),
    route: '/v1/chat/completions',
    callType: 'acompletion',
    model: call.model,
    provider: call.model.startsWith('claude') ? 'anthropic' : 'openai',
    ip: call.ip,
    userAgent: call.userAgent,
    startedAt: call.endAt - CALL_MS,
    endedAt: call.endAt,
    isStream: false,
    promptTokens: call.promptTokens,
    completionTokens: call.completionTokens,
    costUsd: call.costUsd,
    failure: undefined,
    prompt: 'an invented prompt',
    answer: 'an invented answer',
  };
}
