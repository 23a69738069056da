import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { loadConfig } from '../../services/config.ts';
import { startFakeGateway } from '../../services/demo/fake-gateway.ts';
import type { FakeGateway } from '../../services/demo/fake-gateway.ts';
import { startGatewatch } from '../../services/main.ts';
import type { Gatewatch } from '../../services/main.ts';
import { TABLES, VIEWS } from '../../services/stores/tables.ts';
import { aLitellmRecord } from '../support/litellm-records.ts';
import type { LitellmRecord } from '../support/litellm-records.ts';
import { openMailServer } from '../support/mail-server.ts';
import type { MailServer } from '../support/mail-server.ts';

const WAIT = { timeout: 30_000, interval: 100 };
/** In everything that must not be kept, shown, sent or logged. */
const MARK = 'zq7Mark';
const mark = (place: string) => `${MARK}-${place}`;

const SECRETS = {
  admin: mark('admin-token-0123456789-0123456789'),
  ingest: mark('ingest-token-0123456789-0123456789'),
  gateway: `sk-${mark('gateway-credential')}`,
  webhook: mark('webhook-secret-0123456789'),
  leaked: `sk-${mark('reported-key')}`,
};

/** A record with a mark in everything that a caller, a provider or a careless gateway can put into one. */
function markedRecord(record: LitellmRecord): LitellmRecord {
  const metadata = record['metadata'] as Record<string, unknown>;
  const failure = record['error_information'] as Record<string, unknown>;
  return {
    ...record,
    messages: [{ role: 'system', content: mark('system-prompt') }, mark('prompt')],
    response: { choices: [{ message: { content: mark('answer'), tool_calls: [mark('tool-call')] } }] },
    model_parameters: { max_tokens: 5, tools: [mark('tool')], user: mark('parameter'), stop: mark('stop') },
    end_user: `${mark('end-user')}@example.com`,
    request_tags: [mark('tag')],
    hidden_params: { headers: { authorization: mark('hidden-header') }, api_key: mark('hidden-key') },
    model_map_information: { note: mark('map') },
    guardrail_information: [mark('guardrail')],
    cache_key: mark('cache-key'),
    error_str: mark('error-text'),
    error_information: { ...failure, error_message: mark('error-message'), traceback: mark('traceback') },
    metadata: {
      ...metadata,
      user_api_key: `sk-${mark('plain-key')}`,
      user_api_key_user_email: `${mark('mail')}@example.com`,
      requester_metadata: { headers: { cookie: mark('cookie'), 'x-api-key': mark('header-key') } },
      requester_custom_headers: { 'x-note': mark('custom-header') },
      spend_logs_metadata: { note: mark('spend-note') },
      [mark('name-of-a-member')]: 1,
    },
    [mark('unknown-member')]: { [mark('deeper')]: mark('unknown-value') },
  };
}

/** Bodies that are refused in whole or in part, with marks in what is refused. */
const BROKEN = [
  `{"id":"${mark('torn')}`,
  `[{"messages":"${mark('no-id')}"}, "${mark('no-object')}", null]`,
  `{"litellm_call_id":"x","status":"${mark('status')}"}`,
  `${mark('no-json')}\n{"litellm_call_id" ${mark('malformed')}}`,
];

describe('secrets and prompts', () => {
  const logged: string[] = [];
  const hooks: string[] = [];
  const answers: string[] = [];
  let dataDir: string;
  let gateway: FakeGateway;
  let mail: MailServer;
  let gatewatch: Gatewatch;
  let victim: { key: string; keyId: string };
  const receiver = createServer((request, response) => {
    request.on('data', (data: Buffer) => hooks.push(data.toString()));
    request.on('end', () => response.end());
  });

  async function ask(path: string, body?: string | Buffer, headers: Record<string, string> = {}) {
    const response = await fetch(`${gatewatch.url}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${SECRETS.admin}`, 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body }),
    });
    const text = await response.text();
    answers.push(text);
    return { status: response.status, text };
  }

  const ship = (records: readonly LitellmRecord[]) =>
    ask('/v1/logs/litellm', gzipSync(JSON.stringify(records)), {
      authorization: `Bearer ${SECRETS.ingest}`,
      'content-encoding': 'gzip',
    });

  function callOf(options: Parameters<typeof aLitellmRecord>[0] = {}): LitellmRecord {
    const endTime = Date.now() / 1000;
    const owner = { keyHash: victim.keyId, keyAlias: 'marked-key', team: 'team-mark', user: 'dana' };
    return markedRecord(aLitellmRecord({ ...owner, endTime, callId: `call-${Math.random()}`, ...options }));
  }

  async function sendEverything(): Promise<void> {
    await ship([
      callOf(),
      callOf({ failure: 'upstreamDenied' }),
      callOf({ failure: 'foreignCredential', keyHash: `AKIA${mark('foreign')}` }),
      callOf({ failure: 'unknownKey', keyHash: `sk-${mark('clear-hash')}` }),
      callOf({ keyHash: `sk-${mark('clear-hash-of-a-success')}` }),
    ]);
    for (const body of BROKEN) await ask('/v1/logs/litellm', body);
    await ask('/v1/leaks', JSON.stringify({ source: 'scanner', keys: [{ key: SECRETS.leaked }] }));
    await ask('/v1/leaks', `{"source":"scanner","keys":[{"key":"${mark('cut-off')}`);
    await ask('/v1/leaks', JSON.stringify({ source: 'scanner', keys: [{ sha256: mark('no-digest') }] }));
    const gitleaks = [{ Secret: SECRETS.leaked, Match: mark('line'), File: 'a.env', StartLine: 3 }];
    await ask('/v1/leaks/gitleaks', JSON.stringify(gitleaks));
    await ask('/v1/leaks/gitleaks', `[{"Secret":"${mark('cut-off-report')}`);
    await ask(
      '/v1/leaks/trufflehog',
      JSON.stringify({ Raw: SECRETS.leaked, RawV2: mark('raw'), Verified: true }),
    );
    await ask('/v1/session', JSON.stringify({ token: mark('wrong-token') }));
    await ask('/v1/incidents', undefined, {
      authorization: `Bearer ${mark('wrong-bearer-0123456789-01234567')}`,
    });
    await ask(`/v1/incidents/${mark('path')}?secret=${mark('query')}`);
  }

  async function theft(): Promise<void> {
    await ask('/v1/leaks', JSON.stringify({ source: 'scanner', keys: [{ key: victim.key }] }));
    await vi.waitFor(async () => {
      await ship([callOf({ ip: '203.0.113.9' })]);
      expect(gateway.keys.find(({ hash }) => hash === victim.keyId)?.isBlocked).toBe(true);
    }, WAIT);
    await ship([callOf({ failure: 'blockedKey' })]);
    await vi.waitFor(() => {
      expect([hooks.length > 0, mail.mails.length > 0]).toEqual([true, true]);
    }, WAIT);
  }

  /** All that the API tells of what it has. */
  async function readEverything(): Promise<void> {
    for (const table of [...Object.keys(TABLES), ...Object.keys(VIEWS)]) {
      const { status } = await ask('/v1/sql', JSON.stringify({ query: `SELECT * FROM ${table}` }));
      expect(status, table).toBe(200);
    }
    const { text } = await ask('/v1/incidents');
    const [incident] = (JSON.parse(text) as { incidents: { incident_id: string }[] }).incidents;
    await ask(`/v1/incidents/${incident?.incident_id ?? ''}`);
    for (const path of ['events', 'keys', `keys/${victim.keyId}`, 'status', 'detectors', 'session'])
      await ask(`/v1/${path}`);
    for (const path of ['/metrics', '/openapi.json', '/readyz', '/healthz']) await ask(path);
  }

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'gatewatch-secrets-'));
    gateway = await startFakeGateway({ masterKey: SECRETS.gateway, keyCacheMs: 0 });
    victim = gateway.createKey({ alias: 'marked-key', team: 'mark', user: 'dana' });
    mail = await openMailServer();
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
    const { port } = receiver.address() as AddressInfo;
    const config = loadConfig({
      GATEWATCH_DATA_DIR: dataDir,
      GATEWATCH_LISTEN: '127.0.0.1:0',
      GATEWATCH_ADMIN_TOKEN: SECRETS.admin,
      GATEWATCH_INGEST_TOKEN: SECRETS.ingest,
      GATEWATCH_LITELLM_URL: gateway.url,
      GATEWATCH_LITELLM_KEY: SECRETS.gateway,
      GATEWATCH_SMTP_URL: `smtp://127.0.0.1:${mail.port}`,
      GATEWATCH_MAIL_TO: 'oncall@example.com',
      GATEWATCH_WEBHOOK_URL: `http://127.0.0.1:${port}/hook`,
      GATEWATCH_WEBHOOK_SECRET: SECRETS.webhook,
    });
    // Not our own logger: its redaction would hide what was given to it.
    const lines = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        logged.push(chunk.toString());
        done();
      },
    });
    gatewatch = await startGatewatch({ config, log: pino({ level: 'trace' }, lines), webRoot: dataDir });
    await sendEverything();
    await theft();
    await vi.waitFor(async () => {
      const { text } = await ask('/v1/sql', JSON.stringify({ query: 'SELECT count() FROM incidents' }));
      expect(text).toContain('"rows":[[1]]');
    }, WAIT);
    await readEverything();
    // A gateway that says no, and one that is away, make the errors that tell most.
    gateway.setFaults({ text: `{"error":{"message":"${mark('admin-answer')}"}}`, status: 500 });
    await ask('/v1/canaries', JSON.stringify({ gateway: 'litellm', place: 'wiki' }));
    await gatewatch.close();
  });
  afterAll(async () => {
    await gateway.close();
    await mail.close();
    receiver.close();
    await rm(dataDir, { recursive: true, force: true });
  });

  function expectClean(text: string, where: string): void {
    for (const secret of [MARK, MARK.toLowerCase(), victim.key.slice(3)]) {
      const at = text.indexOf(secret);
      const found = at < 0 ? '' : `${where}: …${text.slice(Math.max(0, at - 60), at + 60)}`;
      expect(found).toBe('');
    }
  }

  it('are in no file of the data folder', async () => {
    const entries = await readdir(dataDir, { recursive: true, withFileTypes: true });
    const files = entries.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name));
    const texts = await Promise.all(files.map((path) => readFile(path, 'latin1')));
    // What should be there is: the search does see into the files.
    for (const wanted of ['marked-key', victim.keyId, 'scanner'])
      expect(texts.some((text) => text.includes(wanted))).toBe(true);
    texts.forEach((text, index) => {
      expectClean(text, files[index] ?? '');
    });
  });

  it('are in no answer of the API', () => {
    expect(answers.some((text) => text.includes('marked-key'))).toBe(true);
    for (const text of answers) expectClean(text, 'an answer');
  });

  it('are in no notification', () => {
    const mails = mail.mails.map(({ headers, parts }) =>
      [headers, ...parts.map(({ text }) => text)].join('\n'),
    );
    for (const texts of [hooks, mails]) {
      expect(texts.join('\n')).toContain('marked-key');
      for (const text of texts) expectClean(text, 'a notification');
    }
  });

  it('are in no line of the log', () => {
    expect(logged.join('')).toContain('The gateway answered.');
    for (const text of logged) expectClean(text, 'the log');
  });
});
