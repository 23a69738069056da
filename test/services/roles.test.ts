import { describe, expect, it } from 'vitest';
import type { Step } from '../../services/config-schema.ts';
import { loadConfig } from '../../services/config.ts';
import { roleOf } from '../../services/roles.ts';

const KAFKA = { GATEWATCH_KAFKA_BROKERS: 'kafka.example.com:9092' };
const SHARED = { ...KAFKA, GATEWATCH_CLICKHOUSE_URL: 'http://gatewatch:secret@clickhouse.example.com:8123' };
const PEPPER = { GATEWATCH_PEPPER: 'a-pepper-of-many-characters' };
const URL_ONLY = { GATEWATCH_LITELLM_URL: 'http://gateway.example.com:4000' };
const GATEWAY = { ...URL_ONLY, GATEWATCH_LITELLM_KEY: 'sk-of-gatewatch' };

describe('a process', () => {
  it.each<{ story: string; env: NodeJS.ProcessEnv; only: Step[] | undefined }>([
    { story: 'does everything on its own folder', env: GATEWAY, only: undefined },
    { story: 'does everything, with topics on Kafka', env: { ...KAFKA, ...GATEWAY }, only: undefined },
    { story: 'only shows what is in its folder', env: {}, only: ['api'] },
    { story: 'only takes logs in', env: { ...SHARED, ...PEPPER }, only: ['ingest'] },
    { story: 'only detects', env: SHARED, only: ['detect'] },
    { story: 'only responds', env: { ...SHARED, ...GATEWAY }, only: ['respond'] },
    { story: 'detects and responds', env: { ...SHARED, ...GATEWAY }, only: ['detect', 'respond'] },
    { story: 'only observes and answers people', env: SHARED, only: ['respond', 'api'] },
    {
      story: 'answers people and knows where the gateway is',
      env: { ...SHARED, ...URL_ONLY },
      only: ['api'],
    },
  ])('may be one that $story', ({ env, only }) => {
    expect(roleOf(loadConfig(env), only).steps).toEqual(only ?? ['ingest', 'detect', 'respond', 'api']);
  });

  it.each<{ story: string; env: NodeJS.ProcessEnv; only: Step[]; says: RegExp }>([
    { story: 'a store of its own', env: KAFKA, only: ['detect'], says: /GATEWATCH_CLICKHOUSE_URL/ },
    { story: 'a pepper of its own', env: SHARED, only: ['ingest'], says: /GATEWATCH_PEPPER/ },
    {
      story: 'the credential of the gateway and an open door',
      env: { ...SHARED, ...GATEWAY },
      only: ['respond', 'api'],
      says: /without ingest and api/,
    },
    {
      story: 'a gateway to act at and no key for it',
      env: { ...SHARED, ...URL_ONLY },
      only: ['respond'],
      says: /litellm has no key/,
    },
  ])('does not start with $story', ({ env, only, says }) => {
    expect(() => roleOf(loadConfig(env), only)).toThrow(says);
  });

  it('names everything that is missing at once', () => {
    const message = /CLICKHOUSE_URL[^]*PEPPER/;
    expect(() => roleOf(loadConfig(KAFKA), ['ingest'])).toThrow(message);
  });

  it.each<{ only: Step[]; hasKey: boolean }>([
    { only: ['ingest'], hasKey: false },
    { only: ['detect'], hasKey: false },
    { only: ['api'], hasKey: false },
    { only: ['respond'], hasKey: true },
  ])('of $only keeps the credential of a gateway: $hasKey', ({ only, hasKey }) => {
    const { config, notes } = roleOf(loadConfig({ ...SHARED, ...PEPPER, ...GATEWAY }), only);
    expect(config.gateways[0]?.key !== undefined).toBe(hasKey);
    expect(notes.length).toBe(hasKey ? 0 : 1);
    expect(config.mode).toBe('certain');
  });

  it.each<{ only: Step[]; tells: boolean; isSigned: boolean }>([
    { only: ['detect'], tells: false, isSigned: false },
    { only: ['respond'], tells: true, isSigned: false },
    { only: ['api'], tells: false, isSigned: true },
  ])(
    'of $only keeps the ways to people: $tells, and the token of a scanner: $isSigned',
    ({ only, tells, isSigned }) => {
      const env = {
        ...{ ...SHARED, ...GATEWAY, GATEWATCH_GITGUARDIAN_TOKEN: 'a-token-of-gitguardian' },
        ...{ GATEWATCH_SMTP_URL: 'smtp://mail.example.com', GATEWATCH_MAIL_TO: 'oncall@example.com' },
      };
      const { config } = roleOf(loadConfig(env), only);
      expect(config.notify.mail !== undefined).toBe(tells);
      expect(config.gitguardian.token !== undefined).toBe(isSigned);
    },
  );
});
