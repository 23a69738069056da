import { describe, expect, it } from 'vitest';
import { checkEvents } from '../../../../services/cli/doctor/check-events.ts';
import { loadConfig } from '../../../../services/config.ts';

const NOW = 1_790_000_000_000;

interface Day {
  calls: number;
  failures: number;
  nameless: number;
  lowTrust: number;
  noAddress: number;
  keys: number;
  newestAt: number;
  topIp: string;
  topCalls: number;
}

/** An ordinary day; name only what the story is about. */
function after(changes: Partial<Day> = {}, env: NodeJS.ProcessEnv = {}) {
  const day = {
    calls: 1_000,
    failures: 12,
    nameless: 0,
    lowTrust: 0,
    noAddress: 0,
    keys: 9,
    newestAt: NOW - 5_000,
    topIp: '198.51.100.7',
    topCalls: 300,
    ...changes,
  };
  const rows = [[day.calls, day.failures, day.nameless, day.lowTrust, day.noAddress, day.keys, day.newestAt]];
  const select = async (query: string) =>
    query.includes('GROUP BY ip') ? [[day.topIp, day.topCalls]] : rows;
  return checkEvents(select, loadConfig(env), NOW);
}

describe('the doctor on traffic', () => {
  it('is content with an ordinary day', async () => {
    expect(await after()).toEqual([
      { level: 'ok', text: '1000 calls of the last day name their keys and callers.' },
    ]);
  });

  it.each([
    { story: 'nothing arrived', day: { calls: 0 }, level: 'warning', says: 'No log record arrived' },
    { story: 'too little arrived', day: { calls: 199 }, level: 'note', says: 'too few' },
    {
      story: 'silence for an hour',
      day: { newestAt: NOW - 3_600_000 },
      level: 'warning',
      says: '60 minutes ago',
    },
    { story: 'keys are left out', day: { nameless: 10 }, level: 'problem', says: 'redact_user_api_key_info' },
    {
      story: 'one internal address',
      day: { topIp: '10.0.3.4', topCalls: 951 },
      level: 'problem',
      says: 'use_x_forwarded_for',
    },
    {
      story: 'one internal IPv6 address',
      day: { topIp: 'fd00::1', topCalls: 1_000 },
      level: 'problem',
      says: 'use_x_forwarded_for',
    },
    {
      story: 'unknown proxies',
      day: { lowTrust: 51 },
      level: 'warning',
      says: 'GATEWATCH_TRUSTED_PROXIES, which is not set',
    },
    { story: 'no addresses', day: { noAddress: 201 }, level: 'warning', says: 'no usable client address' },
    {
      story: 'nothing ever fails',
      day: { calls: 5_000, failures: 0 },
      level: 'warning',
      says: 'failure_callback',
    },
  ])('says $level: $story', async ({ day, level, says }) => {
    const found = (await after(day)).filter((one) => one.level !== 'ok');
    expect(found).toEqual([{ level, text: expect.stringContaining(says) as string }]);
  });

  it.each([
    { story: 'less than an hour of silence', day: { newestAt: NOW - 3_599_999 } },
    { story: 'hardly any key left out', day: { nameless: 9 } },
    { story: 'one internal address among others', day: { topIp: '10.0.3.4', topCalls: 950 } },
    { story: 'one internal address of one key', day: { topIp: '10.0.3.4', topCalls: 1_000, keys: 1 } },
    { story: 'one outside address for all', day: { topIp: '172.32.0.1', topCalls: 1_000 } },
    { story: 'few calls through unknown proxies', day: { lowTrust: 50 } },
    { story: 'few calls without address', day: { noAddress: 200 } },
    { story: 'fewer calls without a failure', day: { calls: 4_999, failures: 0, topCalls: 9 } },
  ])('says nothing of $story', async ({ day }) => {
    expect((await after(day)).filter(({ level }) => level !== 'ok')).toEqual([]);
  });

  it('asks for other proxies where some are set', async () => {
    const [found] = await after({ lowTrust: 900 }, { GATEWATCH_TRUSTED_PROXIES: '10.0.0.0/8' });
    expect(found?.text).toContain('the ranges in GATEWATCH_TRUSTED_PROXIES');
  });
});
