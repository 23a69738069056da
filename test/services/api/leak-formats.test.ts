import { createHash, createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Secret } from '../../../services/secret.ts';
import { awayStore, openApi } from '../../support/api.ts';
import type { TestApi } from '../../support/api.ts';

const digest = (key: string) => createHash('sha256').update(key).digest('hex');
const key = 'sk-0123456789abcdef';

describe('GitHub secret scanning', () => {
  const github = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const stranger = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const otherCurve = generateKeyPairSync('ec', { namedCurve: 'secp384r1' });
  const pemOf = (pair: typeof github) => pair.publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const body = JSON.stringify([
    { token: key, type: 'gatewatch_key', url: 'https://github.com/acme/app/blob/1/a.env', source: 'content' },
    { token: 'sk-nobody-knows-this', type: 'gatewatch_key', url: '', source: 'commit' },
  ]);
  const ours = { ...awayStore, query: <Row>() => Promise.resolve([{ key_id: digest(key) }] as Row[]) };
  let dir: string;
  let file: string;
  let api: TestApi;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'gatewatch-github-'));
    file = join(dir, 'keys.json');
    const keys = [
      { key_identifier: 'first', key: pemOf(github), is_current: true },
      { key_identifier: 'odd', key: pemOf(otherCurve), is_current: false },
    ];
    await writeFile(file, JSON.stringify({ public_keys: keys }));
    api = await openApi({ githubKeysFile: file, store: ours });
  });
  afterAll(async () => {
    await api[Symbol.asyncDispose]();
    await rm(dir, { recursive: true });
  });

  const post = (to: TestApi, payload: string, headers: Record<string, string>) =>
    to.app.inject({
      method: 'POST',
      url: '/v1/leaks/github',
      payload,
      headers: { 'content-type': 'application/json', ...headers },
    });
  const signed = (payload: string, { by = github, name = 'first' } = {}) => ({
    'github-public-key-identifier': name,
    'github-public-key-signature': sign('sha256', Buffer.from(payload), by.privateKey).toString('base64'),
  });

  it('reports keys when GitHub signed the body, and hears which are ours', async () => {
    const answer = await post(api, body, signed(body));
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toEqual([
      { token_hash: digest(key), token_type: 'gatewatch_key', label: 'true_positive' },
    ]);
    expect(api.appended('facts')).toMatchObject([
      {
        keyId: digest(key),
        source: 'github',
        by: 'signature of github',
        url: 'https://github.com/acme/app/blob/1/a.env',
        isVerified: true,
      },
      { keyId: digest('sk-nobody-knows-this'), url: '' },
    ]);
  });

  it.each([
    ['no signature', () => ({})],
    [
      'no name of a key',
      () => ({ 'github-public-key-signature': signed(body)['github-public-key-signature'] }),
    ],
    ['a key nobody knows', () => signed(body, { name: 'second' })],
    ['the signature of somebody else', () => signed(body, { by: stranger })],
    ['a key on another curve', () => signed(body, { by: otherCurve, name: 'odd' })],
    ['the signature of another body', () => signed(`${body} `)],
    ['a signature that is none', () => ({ ...signed(body), 'github-public-key-signature': 'AAAA' })],
  ])('is refused with %s', async (_story, headers) => {
    const before = api.appended('facts').length;
    const answer = await post(api, body, headers());
    expect(answer.statusCode).toBe(401);
    expect(api.appended('facts')).toHaveLength(before);
  });

  it('is refused as long as no file of keys is set, before anything is read', async () => {
    await using bare = await openApi();
    const answer = await post(bare, body, signed(body));
    expect(answer.statusCode).toBe(401);
    expect(answer.body).toContain('GATEWATCH_GITHUB_KEYS_FILE');
  });

  it('says so when the file of keys cannot be read, but not to strangers where it lies', async () => {
    await using bare = await openApi({ githubKeysFile: '/nowhere/keys.json' });
    const answer = await post(bare, body, signed(body));
    expect(answer.json()).toMatchObject({ error: { code: 'E_CONFIG' } });
    expect(answer.body).toContain('ENOENT');
    expect(answer.body).not.toContain('/nowhere');
  });

  it('is taken without feedback while the store is away', async () => {
    await using away = await openApi({ githubKeysFile: file });
    const answer = await post(away, body, signed(body));
    expect([answer.statusCode, answer.body]).toEqual([200, '[]']);
    expect(away.appended('facts')).toHaveLength(2);
  });
});

describe('GitGuardian', () => {
  const token = 'a-signature-token';
  const now = () => 1_790_000_000_000;
  const timestamp = String(now() / 1000);
  const incident = {
    gitguardian_url: 'https://dashboard.example.com/incidents/1',
    detector: { name: 'generic' },
  };
  const open = () => openApi({ gitguardianToken: new Secret(token), now });
  const post = (api: TestApi, payload: string, headers: Record<string, string>) =>
    api.app.inject({
      method: 'POST',
      url: '/v1/leaks/gitguardian',
      payload,
      headers: { 'content-type': 'application/json', ...headers },
    });
  const signed = (payload: string, { at = timestamp, by = token } = {}) => ({
    timestamp: at,
    'gitguardian-signature': `sha256=${createHmac('sha256', at + by)
      .update(payload)
      .digest('hex')}`,
  });

  it.each([
    ['a digest in the incident', { incident: { ...incident, sha256: digest(key) } }],
    ['the secret in a match', { incident, occurrence: { matches: [{ name: 'apikey', match: key }] } }],
  ])('reports %s', async (_story, more) => {
    await using api = await open();
    const body = JSON.stringify({ source: 'GitGuardian', action: 'incident_triggered', ...more });
    const answer = await post(api, body, signed(body));
    expect([answer.statusCode, answer.json()]).toEqual([202, { received: 1, skipped: 0 }]);
    expect(api.appended('facts')).toMatchObject([
      { keyId: digest(key), source: 'gitguardian', url: incident.gitguardian_url, isVerified: true },
    ]);
  });

  it.each([
    [
      'its own body, which does not say which key it is',
      {
        action: 'incident_triggered',
        incident: { ...incident, secret_hash: 'x', hmsl_hash: 'ab'.repeat(32) },
      },
    ],
    ['a honeytoken', { action: 'honeytoken_triggered', honeytoken: { name: 'aws' } }],
    ['an incident that is over', { action: 'incident_resolved', incident: { sha256: digest(key) } }],
  ])('is taken with %s, and skips it', async (_story, report) => {
    await using api = await open();
    const body = JSON.stringify(report);
    const answer = await post(api, body, signed(body));
    expect([answer.statusCode, answer.json()]).toEqual([202, { received: 0, skipped: 1 }]);
    expect(api.appended('facts')).toEqual([]);
  });

  const body = JSON.stringify({ incident: { sha256: digest(key) } });
  it.each([
    ['no signature', { timestamp }],
    ['no timestamp', { 'gitguardian-signature': signed(body)['gitguardian-signature'] }],
    ['the signature of another token', signed(body, { by: 'another-token' })],
    [
      'a signature over the body alone',
      {
        timestamp,
        'gitguardian-signature': `sha256=${createHmac('sha256', token).update(body).digest('hex')}`,
      },
    ],
    ['the signature of another body', signed(`${body} `)],
    ['another timestamp than was signed', { ...signed(body), timestamp: String(now() / 1000 + 1) }],
    ['an old timestamp', signed(body, { at: String(now() / 1000 - 61) })],
    ['a timestamp from the future', signed(body, { at: String(now() / 1000 + 61) })],
    ['a timestamp that is none', signed(body, { at: 'soon' })],
    ['half a signature', { timestamp, 'gitguardian-signature': 'sha256=abcd' }],
  ])('is refused with %s', async (_story, headers) => {
    await using api = await open();
    expect((await post(api, body, headers)).statusCode).toBe(401);
    expect(api.appended('facts')).toEqual([]);
  });

  it('is refused as long as no token is set', async () => {
    await using api = await openApi();
    const answer = await post(api, body, signed(body));
    expect(answer.statusCode).toBe(401);
    expect(answer.body).toContain('GATEWATCH_GITGUARDIAN_TOKEN');
  });
});

describe('scanners', () => {
  const post = (api: TestApi, scanner: string, payload: string, type = 'application/json') =>
    api.as('ingest', {
      method: 'POST',
      url: `/v1/leaks/${scanner}`,
      payload,
      headers: { 'content-type': type },
    });

  it('gitleaks: takes each secret with its place, and skips what was redacted', async () => {
    await using api = await openApi();
    const base = {
      RuleID: 'generic-api-key',
      Description: 'd',
      File: 'a.env',
      StartLine: 3,
      Commit: '0123456789abcdef',
      Match: `KEY=${key}`,
    };
    const report = [
      { ...base, Secret: key },
      { ...base, Secret: 'sk-linked-key', Link: 'https://example.com/a.env#L3' },
      { ...base, Secret: 'REDACTED' },
      { ...base, Secret: 'sk-01...' },
      { ...base, Secret: '' },
      { ...base },
    ];
    const answer = await post(api, 'gitleaks', JSON.stringify(report));
    expect([answer.statusCode, answer.json()]).toEqual([202, { received: 2, skipped: 4 }]);
    expect(api.appended('facts')).toMatchObject([
      { keyId: digest(key), source: 'gitleaks', url: 'a.env:3 in 0123456789ab', isVerified: true },
      { keyId: digest('sk-linked-key'), url: 'https://example.com/a.env#L3' },
    ]);
    expect(JSON.stringify(api.appended('facts'))).not.toContain('sk-');
  });

  it.each(['application/json', 'application/x-ndjson', 'text/plain'])(
    'trufflehog: takes JSON lines sent as %s, sure only where the secret was tried',
    async (type) => {
      await using api = await openApi();
      const git = { Data: { Git: { file: 'a.env', commit: '01', repository: 'https://example.com/r' } } };
      const lines = [
        {
          SourceMetadata: git,
          SourceName: 'trufflehog - git',
          DetectorName: 'LiteLLM',
          Verified: true,
          Raw: key,
        },
        {
          SourceMetadata: { Data: { Github: { link: 'https://example.com/x' } } },
          Verified: false,
          Raw: 'sk-second-key',
          RawV2: 'x',
        },
        { SourceMetadata: null, Verified: false, Raw: '' },
      ];
      const answer = await post(
        api,
        'trufflehog',
        `${lines.map((line) => JSON.stringify(line)).join('\n')}\n`,
        type,
      );
      expect([answer.statusCode, answer.json()]).toEqual([202, { received: 2, skipped: 1 }]);
      expect(api.appended('facts')).toMatchObject([
        { keyId: digest(key), source: 'trufflehog', url: 'a.env', isVerified: true },
        { keyId: digest('sk-second-key'), url: 'https://example.com/x', isVerified: false },
      ]);
    },
  );

  it('trufflehog: one line is a report too', async () => {
    await using api = await openApi();
    const answer = await post(api, 'trufflehog', JSON.stringify({ Raw: key, Verified: true }));
    expect(answer.json()).toEqual({ received: 1, skipped: 0 });
  });

  it.each(['gitleaks', 'trufflehog'])(
    '%s: a key found twice is sure if one of the two is',
    async (scanner) => {
      await using api = await openApi();
      const report = [false, true, false].map((Verified) => ({ Secret: key, Raw: key, Verified }));
      await post(api, scanner, JSON.stringify(report));
      expect(api.appended('facts')).toMatchObject([{ isVerified: true }]);
    },
  );

  it.each(['', 'no json', '{"a":1}\n{"a"', '"text"', '[1,2]'])(
    'refuse %j without quoting it',
    async (payload) => {
      await using api = await openApi();
      for (const scanner of ['gitleaks', 'trufflehog']) {
        const answer = await post(api, scanner, payload);
        // A scan that found nothing writes no lines at all.
        const isEmptyScan = payload === '' && scanner === 'trufflehog';
        expect([scanner, answer.statusCode]).toEqual([scanner, isEmptyScan ? 202 : 400]);
      }
    },
  );
});
