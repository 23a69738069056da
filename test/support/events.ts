import type { Event, KeyId } from '../../detectors/event.ts';

let count = 0;

/** An ordinary successful call; name only what the story is about. */
export function anEvent(changes: Partial<Event> = {}): Event {
  count += 1;
  return {
    eventId: `call-${count.toString()}`,
    gateway: 'litellm',
    ts: 1_790_000_000_000,
    durationMs: 800,
    receivedAt: changes.ts ?? 1_790_000_000_000,
    keyId: '1f'.repeat(32) as KeyId,
    keyAlias: 'search-prod',
    team: 'team-search',
    teamAlias: 'search',
    user: 'dana',
    endUserHash: '',
    ip: '192.0.2.10',
    ipTrust: 'direct',
    client: 'openai-python',
    clientMajor: '1',
    userAgent: 'OpenAI/Python 1.51.0',
    model: 'gpt-4o-mini',
    provider: 'openai',
    callType: 'acompletion',
    status: 'success',
    outcome: 'ok',
    errorCode: '',
    promptTokens: 200,
    completionTokens: 50,
    cachedTokens: 0,
    totalTokens: 250,
    maxTokens: 0,
    costUsd: 0.001,
    traceId: '',
    isImport: false,
    ...changes,
  };
}
