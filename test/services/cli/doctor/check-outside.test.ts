import { describe, expect, it } from 'vitest';
import {
  checkGateways,
  checkIpData,
  checkPeopleReached,
} from '../../../../services/cli/doctor/check-outside.ts';
import { loadConfig } from '../../../../services/config.ts';
import { openMailServer } from '../../../support/mail-server.ts';
import { quietLog } from '../../../support/quiet.ts';
import { openNarrowLab } from '../../../support/revoker-lab.ts';

const DAY_MS = 86_400_000;
const NOW = 1_790_000_000_000;

describe('the doctor on what lies outside', () => {
  it('asks every gateway, and says what cannot be seen there', async () => {
    const { gateway, credential } = await openNarrowLab();
    const config = loadConfig({ GATEWATCH_LITELLM_URL: gateway.url, GATEWATCH_LITELLM_KEY: credential });
    const found = await checkGateways(config, quietLog);
    expect(found.map(({ level }) => level)).toEqual(['ok', 'ok', 'ok', 'ok', 'note']);
    expect(found.at(-1)?.text).toContain('global_disable_no_log_param');
    await gateway.close();
    expect((await checkGateways(config, quietLog)).map(({ level }) => level)).toEqual(['problem', 'note']);
    expect(await checkGateways(loadConfig({}), quietLog)).toEqual([]);
  });

  it('greets the mail server without sending a mail', async () => {
    const server = await openMailServer();
    const env = {
      GATEWATCH_SMTP_URL: `smtp://127.0.0.1:${server.port.toString()}`,
      GATEWATCH_MAIL_TO: 'oncall@example.com',
    };
    expect((await checkPeopleReached(loadConfig(env))).map(({ level }) => level)).toEqual(['ok']);
    expect(server.mails).toEqual([]);
    await server.close();
    expect(await checkPeopleReached(loadConfig(env))).toEqual([
      { level: 'problem', text: expect.stringContaining('by mail would not arrive') as string },
    ]);
  });

  it.each([
    { days: 90, level: 'ok' },
    { days: 91, level: 'warning' },
  ])('says $level of IP data of $days days', ({ days, level }) => {
    const sources = [{ name: 'places', origin: 'a file', builtAt: NOW - days * DAY_MS }];
    expect(checkIpData(sources, NOW).map((one) => one.level)).toEqual([level]);
  });

  it('does not guess the age of data that does not say', () => {
    expect(
      checkIpData([{ name: 'places', origin: 'a file', builtAt: 0 }], NOW).map(({ level }) => level),
    ).toEqual(['note']);
  });
});
