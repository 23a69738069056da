import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, it, vi } from 'vitest';
import { loadConfig } from '../../services/config.ts';
import { SETTINGS } from '../../services/settings.ts';

function fileWith(text: string): string {
  const path = join(mkdtempSync(join(tmpdir(), 'gatewatch-config-')), 'gatewatch.yaml');
  writeFileSync(path, text);
  return path;
}

const mistakesOf = (env: Record<string, string>, file?: string): string => {
  try {
    loadConfig(env, file);
  } catch (error) {
    return error instanceof Error ? error.message : '';
  }
  return 'none';
};

describe('settings', () => {
  it('are safe by default: loopback only, never acting', () => {
    expect(loadConfig({})).toMatchObject({
      listen: '127.0.0.1:8787',
      mode: 'observe',
      gateways: [],
      retentionDays: 90,
    });
  });

  it('act on certain evidence once a gateway credential is set', () => {
    const env = { GATEWATCH_LITELLM_URL: 'http://127.0.0.1:4000', GATEWATCH_LITELLM_KEY: 'sk-of-gatewatch' };
    expect(loadConfig(env)).toMatchObject({
      mode: 'certain',
      gateways: [{ name: 'litellm', type: 'litellm' }],
    });
  });

  it('let the environment win over the file', () => {
    const file = fileWith(
      'mode: enforce\nlisten: 127.0.0.1:1\nresponse: {caps: {per10min: 1}, protected: [batch-nightly]}',
    );
    expect(loadConfig({ GATEWATCH_LISTEN: '127.0.0.1:2' }, file)).toMatchObject({
      mode: 'enforce',
      listen: '127.0.0.1:2',
      response: { caps: { per10min: 1, perHour: 10 }, protected: ['batch-nightly'] },
    });
  });

  it('put the credential of the environment to the gateway of the file', () => {
    const file = fileWith('gateways: [{name: litellm, type: litellm, url: "http://127.0.0.1:4000"}]');
    const { gateways } = loadConfig({ GATEWATCH_LITELLM_KEY: 'sk-of-gatewatch' }, file);
    expect(gateways).toHaveLength(1);
    expect(gateways[0]?.key?.reveal()).toBe('sk-of-gatewatch');
  });

  it('read a secret from a file', () => {
    const path = fileWith('sk-from-a-file\n');
    const env = { GATEWATCH_LITELLM_URL: 'http://127.0.0.1:4000', GATEWATCH_LITELLM_KEY_FILE: path };
    expect(loadConfig(env).gateways[0]?.key?.reveal()).toBe('sk-from-a-file');
  });

  it('name every mistake at once, by the names the operator used', () => {
    const file = fileWith('retentionDays: soon\nmood: bad\nresponse: {caps: {per10min: -1}}');
    const mistakes = mistakesOf(
      { GATEWATCH_MODE: 'always', GATEWATCH_LISTEN: '8787', GATEWATCH_TRUSTED_PROXIES: '10/8' },
      file,
    );
    for (const name of [
      'GATEWATCH_MODE',
      'GATEWATCH_LISTEN',
      'GATEWATCH_TRUSTED_PROXIES',
      'retentionDays',
      'mood',
      'per10min',
    ]) {
      expect(mistakes).toContain(name);
    }
  });

  it.each([
    {
      story: 'a misspelt setting',
      env: { GATEWATCH_MOOD: 'observe' },
      says: 'GATEWATCH_MOOD: there is no such setting',
    },
    {
      story: 'a broker without a port',
      env: { GATEWATCH_KAFKA_BROKERS: 'kafka-1:9092,kafka-2' },
      says: 'GATEWATCH_KAFKA_BROKERS: must be host:port',
    },
    {
      story: 'settings of Kafka without its brokers',
      env: { GATEWATCH_KAFKA_PARTITIONS: '3' },
      says: 'kafka.brokers (GATEWATCH_KAFKA_BROKERS): is missing',
    },
    {
      story: 'a ClickHouse without a scheme',
      env: { GATEWATCH_CLICKHOUSE_URL: 'clickhouse:8123' },
      says: 'GATEWATCH_CLICKHOUSE_URL: must be http(s)://user:password@host:8123/database',
    },
    {
      story: 'a cluster without a ClickHouse',
      env: { GATEWATCH_CLICKHOUSE_CLUSTER: 'main' },
      says: 'clickhouse.url (GATEWATCH_CLICKHOUSE_URL): is missing',
    },
    {
      story: 'a cluster with a name that is none',
      env: { GATEWATCH_CLICKHOUSE_URL: 'http://ch:8123', GATEWATCH_CLICKHOUSE_CLUSTER: 'a b' },
      says: 'GATEWATCH_CLICKHOUSE_CLUSTER: must be letters',
    },
    {
      story: 'an authority for an address without TLS',
      env: { GATEWATCH_CLICKHOUSE_URL: 'http://ch:8123', GATEWATCH_CLICKHOUSE_TLS_CA_FILE: '/ca.pem' },
      says: 'GATEWATCH_CLICKHOUSE_TLS_CA_FILE: needs an https:// address',
    },
    {
      story: 'a setting of another size',
      env: { GATEWATCH_SLACK_WEBHOOK_URL: 'https://hooks.example.com/x' },
      says: 'not supported by this version',
    },
    {
      story: 'a secret file that is not there',
      env: { GATEWATCH_ADMIN_TOKEN_FILE: '/nowhere/token' },
      says: 'cannot read',
    },
    {
      story: 'a token that can be guessed',
      env: { GATEWATCH_INGEST_TOKEN: 'x' },
      says: 'GATEWATCH_INGEST_TOKEN: must have 16 characters or more; make one with "openssl rand -hex 32", or leave it out and use one of "gatewatch token create"',
    },
    {
      story: 'a token that is just too short',
      env: { GATEWATCH_ADMIN_TOKEN: 'fifteen-letters' },
      says: 'GATEWATCH_ADMIN_TOKEN: must have 16 characters',
    },
    {
      story: 'a token of blanks',
      env: { GATEWATCH_ADMIN_TOKEN: ' '.repeat(20) },
      says: 'GATEWATCH_ADMIN_TOKEN: must have 16 characters',
    },
    { story: 'a port that does not exist', env: { GATEWATCH_LISTEN: '127.0.0.1:70000' }, says: '65535' },
    {
      story: 'a gateway URL of another kind',
      env: { GATEWATCH_LITELLM_URL: 'file:///etc/passwd', GATEWATCH_LITELLM_KEY: 'k' },
      says: 'http',
    },
    {
      story: 'a receiver that is no mail address',
      env: { GATEWATCH_SMTP_URL: 'smtp://127.0.0.1', GATEWATCH_MAIL_TO: 'oncall' },
      says: 'mail addresses',
    },
    {
      story: 'a mail server without a receiver',
      env: { GATEWATCH_SMTP_URL: 'smtp://127.0.0.1' },
      says: 'notify.mail.to (GATEWATCH_MAIL_TO): is missing',
    },
    {
      story: 'a mail server that is no URL',
      env: { GATEWATCH_SMTP_URL: 'mail.example.com', GATEWATCH_MAIL_TO: 'oncall@example.com' },
      says: 'GATEWATCH_SMTP_URL: must be smtp://host:port or smtps://host:port',
    },
  ])('refuse $story', ({ env, says }) => {
    expect(mistakesOf(env as unknown as Record<string, string>)).toContain(says);
  });

  it('name a mistake once', () => {
    expect(mistakesOf({ GATEWATCH_LISTEN: 'nowhere' }).match(/GATEWATCH_LISTEN/g)).toHaveLength(1);
  });

  it('take a token of sixteen characters', () => {
    const env = { GATEWATCH_INGEST_TOKEN: 'sixteen-letters!' };
    expect(loadConfig(env).ingestToken?.reveal()).toBe('sixteen-letters!');
  });

  it('refuse a file that is not YAML, saying where', () => {
    expect(mistakesOf({}, fileWith('mode: [observe'))).toContain('gatewatch.yaml');
  });

  it.each(['!hunter2', '*hunter2', '!vault hunter2', '[hunter2', '"hunter2', '- hunter2', '@hunter2'])(
    'refuse a file in which a secret is written as %s, without showing it',
    (value) => {
      const file = fileWith(`mode: observe\ngateways: []\nadminToken: ${value}\n`);
      const warn = vi.spyOn(process, 'emitWarning').mockReturnValue();
      const mistakes = mistakesOf({}, file);
      expect(mistakes).toContain('gatewatch.yaml');
      expect(mistakes).not.toContain('hunter2');
      expect(warn).not.toHaveBeenCalled();
      warn.mockRestore();
    },
  );

  it('never show a secret', () => {
    const env = { GATEWATCH_LITELLM_URL: 'http://127.0.0.1:4000', GATEWATCH_LITELLM_KEY: 'sk-of-gatewatch' };
    const config = loadConfig(env);
    expect(JSON.stringify(config) + inspect(config, { depth: 9 })).not.toContain('sk-of-gatewatch');
  });

  it('cannot be changed after the start', () => {
    expect(Object.isFrozen(loadConfig({}).response.caps)).toBe(true);
  });

  it('all have papers', () => {
    expect(SETTINGS.every(({ about, path }) => about.length > 10 && path !== '')).toBe(true);
  });
});
