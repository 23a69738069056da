import { describe, expect, it } from 'vitest';
import { checkSettings } from '../../../../services/cli/doctor/check-settings.ts';
import { loadConfig } from '../../../../services/config.ts';

const gateway = { GATEWATCH_LITELLM_URL: 'http://127.0.0.1:4000', GATEWATCH_LITELLM_KEY: 'sk-invented' };
const webhook = {
  GATEWATCH_WEBHOOK_URL: 'https://hooks.example.com/',
  GATEWATCH_WEBHOOK_SECRET: 'a-secret-of-many-characters',
};
const complete = { ...gateway, ...webhook, GATEWATCH_PUBLIC_URL: 'https://gatewatch.example.com' };

const found = (env: NodeJS.ProcessEnv) =>
  checkSettings(loadConfig(env)).filter(({ level }) => level !== 'ok');
const textOf = (env: NodeJS.ProcessEnv) =>
  found(env)
    .map(({ level, text }) => `${level}: ${text}`)
    .join('\n');

describe('the doctor on settings', () => {
  it('has nothing to say about complete ones', () => {
    expect(found(complete)).toEqual([]);
  });

  it.each([
    { story: 'no gateway', env: webhook, says: 'warning: No gateway is set' },
    {
      story: 'a gateway that is only watched',
      env: { ...complete, GATEWATCH_MODE: 'observe' },
      says: 'note: Mode is observe',
    },
    {
      story: 'enforce with nothing protected',
      env: { ...complete, GATEWATCH_MODE: 'enforce' },
      says: 'warning: Mode is enforce, and response.protected is empty',
    },
    { story: 'nobody to tell', env: gateway, says: 'warning: Nobody is told' },
    {
      story: 'links that lead nowhere',
      env: { ...gateway, ...webhook },
      says: 'warning: Links in messages lead to the listen address',
    },
    {
      story: 'an open address without TLS',
      env: { ...gateway, GATEWATCH_LISTEN: '0.0.0.0:8787' },
      says: 'without encryption',
    },
    {
      story: 'an open address with a public one in clear',
      env: {
        ...complete,
        GATEWATCH_LISTEN: '192.0.2.1:80',
        GATEWATCH_PUBLIC_URL: 'http://gatewatch.example.com',
      },
      says: 'without encryption',
    },
  ])('names $story', ({ env, says }) => {
    expect(textOf(env)).toContain(says);
  });

  it.each(['127.0.0.1:8787', 'localhost:80', '[::1]:8787'])(
    'takes %s for an address of this machine',
    (listen) => {
      expect(textOf({ ...gateway, GATEWATCH_LISTEN: listen })).not.toContain('without encryption');
    },
  );

  it('takes TLS of a proxy into account', () => {
    expect(found({ ...complete, GATEWATCH_LISTEN: '0.0.0.0:8787' })).toEqual([]);
  });
});
