import { describe, expect, it } from 'vitest';
import type { Event } from '../../../detectors/event.ts';
import type { Unreadable } from '../../../services/gateways/gateway.ts';
import { JsonBytes } from '../../../services/json-scan.ts';
import { aLitellmFormat, NOW, readAll } from '../../support/ingest-parts.ts';
import { API_BASE } from '../../support/litellm-failures.ts';
import { aLitellmRecord } from '../../support/litellm-records.ts';
import type { LitellmRecord } from '../../support/litellm-records.ts';
import { pythonJson } from '../../support/python-json.ts';

const HASH = '1f'.repeat(32);
const HOUR_MS = 3_600_000;

function resultOf(record: LitellmRecord | string, isImport = false): Event | Unreadable {
  const text = typeof record === 'string' ? record : pythonJson(record);
  const result = readAll(text, { isImport })[0]?.result;
  if (result === undefined) throw new Error('There is no record.');
  return result;
}

function eventOf(record: LitellmRecord | string): Event {
  const result = resultOf(record);
  if ('code' in result) throw new Error(`Not read: ${result.code}`);
  return result;
}

function withMetadata(record: LitellmRecord, changes: Record<string, unknown>): LitellmRecord {
  return { ...record, metadata: { ...(record['metadata'] as Record<string, unknown>), ...changes } };
}

describe('a call', () => {
  it('becomes an event of the allowed fields, in both sizes', () => {
    const expected: Event = {
      eventId: '5f0d7a5e-7b1c-4f4e-9a0e-0c5d8a4be001',
      gateway: 'litellm',
      ts: 1_790_000_000_181,
      durationMs: 800,
      receivedAt: NOW,
      keyId: HASH as Event['keyId'],
      keyAlias: 'search-prod',
      team: 'team-search',
      teamAlias: 'team-search',
      user: 'dana',
      endUserHash: '',
      ip: '192.0.2.77',
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
      promptTokens: 22,
      completionTokens: 29,
      cachedTokens: 11,
      totalTokens: 51,
      maxTokens: 256,
      costUsd: 0.0000207,
      traceId: 'tr-5f0d7a5e-7b1c-4f4e-9a0e-0c5d8a4be001',
      isImport: false,
    };
    expect(eventOf(aLitellmRecord({ size: 'full' }))).toEqual(expected);
    expect(eventOf(aLitellmRecord({ size: 'slim' }))).toEqual(expected);
    expect(eventOf(JSON.stringify(aLitellmRecord()))).toEqual(expected);
  });

  it('falls back to what else the record says', () => {
    const record = aLitellmRecord({ ip: '192.0.2.77', userAgent: 'curl/8.5.0', model: 'gpt-4o' });
    const event = eventOf({
      ...record,
      litellm_call_id: null,
      endTime: null,
      model_group: '',
      requester_ip_address: null,
      user_agent: null,
      total_tokens: null,
      model_parameters: { max_completion_tokens: 99 },
    });
    expect(event).toMatchObject({
      eventId: record['id'],
      ts: Math.round((record['startTime'] as number) * 1000),
      durationMs: 0,
      model: 'gpt-4o',
      ip: '192.0.2.77',
      client: 'curl',
      totalTokens: 51,
      maxTokens: 99,
    });
  });

  it.each([
    ['the master key', { keyHash: 'litellm_proxy_master_key' }, { keyId: 'litellm_proxy_master_key' }],
    ['no key', { keyHash: null, failure: 'noKey' }, { keyId: '', outcome: 'no_key' }],
    ['a hash in capitals', { keyHash: HASH.toUpperCase() }, { keyId: HASH }],
    [
      'a deleted key',
      { keyAlias: null, team: null, user: null, failure: 'unknownKey' },
      { keyId: HASH, keyAlias: '', team: '', user: '' },
    ],
    [
      'no address',
      { ip: null, userAgent: null, failure: 'badJson' },
      { ip: '', ipTrust: 'none', userAgent: '', client: '' },
    ],
    [
      'a chain of proxies',
      { ip: '203.0.113.5, 192.0.2.9, 10.0.0.4' },
      { ip: '192.0.2.9', ipTrust: 'direct' },
    ],
  ] as const)('with %s', (_story, options, expected) => {
    expect(eventOf(aLitellmRecord(options))).toMatchObject(expected);
  });

  it('hashes who the end user is', () => {
    const { endUserHash } = eventOf(aLitellmRecord({ endUser: 'jane@customer.example' }));
    expect(endUserHash).toMatch(/^[0-9a-f]{16}$/);
    expect(eventOf(aLitellmRecord({ endUser: 'jane@customer.example' })).endUserHash).toBe(endUserHash);
    expect(eventOf(aLitellmRecord({ endUser: 'john@customer.example' })).endUserHash).not.toBe(endUserHash);
  });

  it('that the client broke off is a success of its own kind', () => {
    const broken = {
      error_code: '499',
      error_class: 'ClientDisconnected',
      llm_provider: 'openai',
      error_message: 'Client disconnected',
    };
    expect(eventOf({ ...aLitellmRecord(), error_information: broken })).toMatchObject({
      status: 'success',
      outcome: 'client_closed',
      errorCode: '499',
    });
  });
});

describe('the outcome of a failed call', () => {
  it.each([
    ['unknownKey', 'unknown_key', '401_AUTHENTICATION_FAILED'],
    ['blockedKey', 'blocked_key', ''],
    ['blockedTeam', 'team_blocked', ''],
    ['expiredKey', 'expired_key', '401_AUTHENTICATION_FAILED'],
    ['noKey', 'no_key', ''],
    ['addressDenied', 'ip_denied', '403_PERMISSION_DENIED'],
    ['modelDenied', 'model_denied', '403_MODEL_ACCESS_DENIED'],
    ['rateLimited', 'rate_limited', '429_RATE_LIMIT_EXCEEDED'],
    ['overBudget', 'over_budget', '429_BUDGET_EXCEEDED'],
    ['unknownModel', 'bad_request', '400_INVALID_REQUEST'],
    ['missingParameter', 'bad_request', '400_MISSING_REQUIRED_PARAMETER'],
    ['badJson', 'bad_request', '400_INVALID_REQUEST'],
    ['upstreamDenied', 'upstream_error', '401_AUTHENTICATION_FAILED'],
    ['upstreamContext', 'upstream_error', '400_CONTEXT_WINDOW_EXCEEDED'],
    ['upstreamLimited', 'upstream_error', '429_RATE_LIMIT_EXCEEDED'],
    ['upstreamBroken', 'upstream_error', '500_PROVIDER_INTERNAL_ERROR'],
    ['upstreamTimeout', 'upstream_error', '408_UPSTREAM_TIMEOUT'],
  ] as const)('%s is %s', (failure, outcome, errorCode) => {
    for (const size of ['full', 'slim'] as const) {
      const event = eventOf(aLitellmRecord({ failure, size }));
      expect(event).toMatchObject({ status: 'failure', outcome, errorCode, costUsd: 0, totalTokens: 0 });
    }
  });

  it('is read from error_str where an older gateway has no error_information', () => {
    for (const missing of [null, undefined, {}]) {
      const record = { ...aLitellmRecord({ failure: 'blockedKey' }), error_information: missing };
      expect(eventOf(record).outcome).toBe('blocked_key');
    }
  });

  it('is read from the code where an older gateway does not normalise', () => {
    const information = { error_code: '429', error_class: 'SomethingElse', error_message: 'slow down' };
    expect(
      eventOf({ ...aLitellmRecord({ failure: 'rateLimited' }), error_information: information }).outcome,
    ).toBe('rate_limited');
    const unknown = { error_code: '', error_class: '', error_message: '' };
    expect(
      eventOf({ ...aLitellmRecord({ failure: 'rateLimited' }), error_information: unknown }).outcome,
    ).toBe('other_failure');
  });

  it('is not decided by words of the caller at a provider', () => {
    const information = {
      error_code: '400',
      error_class: 'BadRequestError',
      error_message: 'You said: Key is blocked',
    };
    const record = {
      ...aLitellmRecord({ failure: 'upstreamContext' }),
      error_information: information,
      api_base: API_BASE,
    };
    expect(eventOf(record).outcome).toBe('upstream_error');
  });

  it.each([
    'Key is blocked',
    'Team=a is blocked',
    'No api key passed in',
    'Expired Key',
    'Access forbidden: IP address 192.0.2.1 not allowed',
    '401: LiteLLM Virtual Key expected',
    'Invalid proxy server token',
  ])('is not decided by a model that a caller names "%s"', (model) => {
    const message = `400: {'error': '/chat/completions: Invalid model name passed in model=${model}. Call \`/v1/models\`.'}`;
    const record = aLitellmRecord({ failure: 'unknownModel' });
    const information = { ...(record['error_information'] as object), error_message: message };
    const now = eventOf({ ...record, error_information: information });
    const before = eventOf({ ...record, error_information: null, error_str: message });
    expect([now.outcome, before.outcome]).toEqual(['bad_request', 'other_failure']);
    expect([now.keyId, before.keyId]).toEqual([HASH, HASH]);
  });
});

describe('a credential that is not a key of the gateway', () => {
  it.each([
    ['AKIAIOSFODNN7EXAMPLE', 'AKIA'],
    ['ASIAIOSFODNN7EXAMPLE', 'AKIA'],
    ['sk-ant-api03-invented', 'sk-ant-'],
    ['sk-proj-invented', 'sk-proj-'],
    ['sk-or-v1-invented', 'sk-or-'],
    ['sk-invented', 'sk-'],
    ['ghp_invented', 'ghp_'],
    ['github_pat_invented', 'github_pat_'],
    ['glpat-invented', 'glpat-'],
    ['xoxb-invented', 'xox'],
    ['AIzaInvented', 'AIza'],
    ['eyJhbGciOiJub25lIn0.e30.', 'eyJ'],
    ['hf_invented', 'hf_'],
    ['gsk_invented', 'gsk_'],
    ['correct horse battery staple', 'other'],
    ['ab'.repeat(32), 'other'],
    ['1f'.repeat(31), 'other'],
    ['\ud800\u0000"\\', 'other'],
    ['x'.repeat(100_000), 'other'],
  ])('%.30s is known by a keyed hash and its class %s only', (credential, name) => {
    const event = eventOf(aLitellmRecord({ keyHash: credential, failure: 'foreignCredential' }));
    expect(event.keyId).toMatch(/^foreign:[0-9a-f]{16}$/);
    expect(event).toMatchObject({ outcome: 'foreign_credential', errorCode: name });
    expect(JSON.stringify(event)).not.toContain(credential);
  });

  it('has another hash in another installation', () => {
    const text = pythonJson(
      aLitellmRecord({ keyHash: 'AKIAIOSFODNN7EXAMPLE', failure: 'foreignCredential' }),
    );
    const json = new JsonBytes(Buffer.from(text));
    const keyIds = ['one', 'two', 'two'].map((pepper) => {
      const { result } = aLitellmFormat(pepper).read(json, 0, json.length, {
        gateway: 'litellm',
        now: NOW,
        isImport: false,
      });
      return (result as Event).keyId;
    });
    expect(keyIds[0]).not.toBe(keyIds[1]);
    expect(keyIds[1]).toBe(keyIds[2]);
  });

  it('that looks like the identifier of a key is not taken for that key', () => {
    expect(eventOf(aLitellmRecord({ keyHash: HASH, failure: 'foreignCredential' })).keyId).toMatch(
      /^foreign:/,
    );
    expect(eventOf(aLitellmRecord({ keyHash: HASH, failure: 'unknownKey' })).keyId).toBe(HASH);
  });

  it.each([1, true, {}, [], ['AKIAIOSFODNN7EXAMPLE'], { key: 'AKIAIOSFODNN7EXAMPLE' }])(
    'that is no text (%j) is no key',
    (value) => {
      const record = withMetadata(aLitellmRecord({ failure: 'noKey' }), { user_api_key_hash: value });
      expect(eventOf(record)).toMatchObject({ keyId: '', outcome: 'no_key' });
    },
  );
});

describe('numbers', () => {
  const cost = (text: string) =>
    eventOf(pythonJson(aLitellmRecord()).replace('"response_cost": 0.0000207', `"response_cost": ${text}`))
      .costUsd;
  it.each([
    ['0', 0],
    ['0.0', 0],
    ['-0.0', 0],
    ['2.07e-05', 0.0000207],
    ['0.009769076327793301', 0.009769076327793301],
    ['1000', 1000],
    ['1000.01', 1000],
    ['1e308', 1000],
    ['1e999', 0],
    ['-1e308', 0],
    ['-0.5', 0],
    ['NaN', 0],
    ['Infinity', 0],
    ['-Infinity', 0],
    ['"5"', 0],
    ['null', 0],
    ['true', 0],
    ['[5]', 0],
    ['{"usd": 5}', 0],
  ])('a cost of %s counts as %d', (text, usd) => {
    expect(cost(text)).toBe(usd);
  });

  it.each([
    [-5, 0],
    [1.9, 1],
    [1e308, 100_000_000],
    [Number.MAX_SAFE_INTEGER, 100_000_000],
    ['7', 0],
    [null, 0],
  ])('tokens of %j count as %d', (tokens, counted) => {
    const record = {
      ...aLitellmRecord(),
      prompt_tokens: tokens,
      completion_tokens: tokens,
      total_tokens: tokens,
    };
    expect(eventOf(record)).toMatchObject({
      promptTokens: counted,
      completionTokens: counted,
      totalTokens: counted === 0 ? 0 : counted,
    });
  });

  it('a call neither ends before it begins nor lasts longer than a day', () => {
    const end = NOW / 1000;
    expect(eventOf(aLitellmRecord({ endTime: end, startTime: end + 5 })).durationMs).toBe(0);
    expect(eventOf(aLitellmRecord({ endTime: end, startTime: 1 })).durationMs).toBe(24 * HOUR_MS);
    expect(eventOf(aLitellmRecord({ endTime: end, startTime: -1e300 })).durationMs).toBe(24 * HOUR_MS);
  });
});

describe('the clock', () => {
  it.each([
    ['90 days ago', -90 * 24 * HOUR_MS, true],
    ['a second more', -90 * 24 * HOUR_MS - 1_000, false],
    ['5 minutes ahead', 5 * 60_000, true],
    ['a second more', 5 * 60_000 + 1_000, false],
    ['ten years ago', -10 * 365 * 24 * HOUR_MS, false],
    ['in ten years', 10 * 365 * 24 * HOUR_MS, false],
  ])('a call that ended %s', (_story, offsetMs, isTaken) => {
    const record = aLitellmRecord({ endTime: (NOW + offsetMs) / 1000 });
    const result = resultOf(record);
    if (isTaken) expect(result).toMatchObject({ ts: NOW + offsetMs });
    else expect(result).toMatchObject({ code: 'clock_out_of_range' });
    // Recorded traffic that is brought in on purpose may be of any time.
    expect(resultOf(record, true)).toMatchObject({ ts: NOW + offsetMs, isImport: true });
  });

  it.each([null, 0, -1, 1e308, '1790000000', 32_503_680_001])(
    'a call whose times are %j has none',
    (time) => {
      const record = { ...aLitellmRecord(), startTime: time, endTime: time };
      expect(resultOf(record, true)).toMatchObject({ code: 'no_time' });
    },
  );
});

describe('a record that cannot be used', () => {
  it.each([
    ['no id', { id: null, litellm_call_id: '' }, 'no_id'],
    ['ids of control characters', { id: '\u0000', litellm_call_id: '\u202e' }, 'no_id'],
    ['another status', { status: 'pending' }, 'no_status'],
    ['no status', { status: null }, 'no_status'],
  ])('because of %s is refused', (_story, changes, code) => {
    expect(resultOf({ ...aLitellmRecord(), ...changes })).toMatchObject({ code });
  });

  it('says why without a word of the record', () => {
    for (const text of [
      '{"SECRET":',
      '{"SECRET":"x"}',
      '{"litellm_call_id":"SECRET","status":"SECRET"}',
      '{"id":"SECRET\\q"}',
    ]) {
      expect(JSON.stringify(resultOf(text))).not.toContain('SECRET');
    }
  });
});

describe('hostile text', () => {
  const hostile = '\u001b[2J\u202e<script>\u0000\r\nx\ud800';

  it('comes out harmless in every field', () => {
    const event = eventOf({
      ...withMetadata(
        aLitellmRecord({
          keyAlias: hostile,
          team: hostile,
          user: hostile,
          userAgent: hostile,
          model: hostile,
        }),
        {
          user_api_key_team_alias: hostile,
        },
      ),
      litellm_call_id: hostile,
      trace_id: hostile,
      call_type: hostile,
      custom_llm_provider: hostile,
      requester_ip_address: hostile,
    });
    expect(event.keyAlias).toBe('[2J<script>x\ufffd');
    const texts = Object.values(event).filter((value) => typeof value === 'string');
    for (const text of texts)
      expect(text).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ud800-\udfff]/);
    expect(event.ip).toBe('');
  });

  it('is cut to 256 characters in every field', () => {
    const long = 'y'.repeat(200_000);
    const event = eventOf({
      ...aLitellmRecord({
        keyAlias: long,
        team: long,
        user: long,
        userAgent: long,
        model: long,
        endUser: long,
        ip: long,
      }),
      litellm_call_id: long,
      trace_id: long,
      error_str: long,
    });
    for (const value of Object.values(event)) expect(String(value).length).toBeLessThanOrEqual(256);
  });

  it('in escapes, or in names that are there twice, is what JSON says it is', () => {
    const text = pythonJson(aLitellmRecord({ keyAlias: 'Schlüssel-検索-😀' }));
    expect(text).toContain('\\u00fc');
    expect(eventOf(text).keyAlias).toBe('Schlüssel-検索-😀');
    expect(
      eventOf(
        text.replace(
          '"user_api_key_alias": "',
          '"user_api_key_alias": "first", "user_api_key_\\u0061lias": "',
        ),
      ).keyAlias,
    ).toBe('Schlüssel-検索-😀');
  });

  it('does not reach prototypes', () => {
    const text = pythonJson(aLitellmRecord()).replace(
      '{',
      '{"__proto__": {"isAdmin": true, "status": "x"}, "constructor": {"prototype": {"y": 1}}, ',
    );
    const event = eventOf(text);
    expect(event.status).toBe('success');
    expect(Object.getPrototypeOf(event)).toBe(Object.prototype);
    expect(({} as Record<string, unknown>)['isAdmin']).toBeUndefined();
  });
});

describe('what must not go on', () => {
  it('is in no field of the event, wherever the gateway put it', () => {
    const marker = 'MARKER-7c1f';
    const content = { role: 'user', content: marker, tool_calls: [{ function: { arguments: marker } }] };
    const event = eventOf({
      ...withMetadata(aLitellmRecord({ size: 'full', prompt: marker }), {
        requester_metadata: { headers: { authorization: marker, 'x-forwarded-for': marker }, note: marker },
        requester_custom_headers: { 'x-note': marker },
        spend_logs_metadata: { note: marker },
        user_api_key_auth_metadata: { note: marker },
        user_api_key_user_email: `${marker}@example.com`,
        prompt_management_metadata: marker,
        mcp_tool_call_metadata: { arguments: marker },
        vector_store_request_metadata: [marker],
      }),
      messages: [content],
      response: { choices: [{ message: content }], text: marker },
      model_parameters: { max_tokens: 5, tools: [{ function: { description: marker } }], user: marker },
      hidden_params: { additional_headers: { note: marker } },
      model_map_information: { note: marker },
      request_tags: [marker],
      cache_key: marker,
      session_id: marker,
      error_str: marker,
      error_information: {
        traceback: marker,
        error_message: marker,
        error_budget_entity_id: marker,
        llm_provider: marker,
      },
      guardrail_information: [{ match: marker }],
      standard_built_in_tools_params: { web_search_options: marker },
      [marker]: marker,
    });
    expect(event.maxTokens).toBe(5);
    expect(JSON.stringify(event)).not.toContain(marker);
  });
});
