import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { askStatus, checkPort, checkSameSettings } from '../../../../services/cli/doctor/check-server.ts';
import { ApiClient } from '../../../../services/cli/api-client.ts';
import { loadConfig } from '../../../../services/config.ts';

const closers: (() => unknown)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function listen(body: unknown = {}): Promise<string> {
  const server = createServer((_request, response) => response.end(JSON.stringify(body)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port.toString()}`;
}

const portOf = (address: string) => checkPort(loadConfig({ GATEWATCH_LISTEN: address }));

const status = {
  mode: 'certain',
  gateways: [{ name: 'litellm' }],
  frozen: false,
  parts: [{ name: 'store', ready: true, reason: '' }],
  lag: { events: 0 },
  sources: [],
};
const adviceOn = async (changes: object) =>
  (await askStatus(new ApiClient(`http://${await listen({ ...status, ...changes })}`, 'token'))).advice;

describe('the doctor on the server', () => {
  it('finds the address taken, free, or of another machine', async () => {
    const taken = await listen();
    expect(await portOf(taken)).toEqual([
      { level: 'problem', text: expect.stringContaining(`Another program listens on ${taken}`) as string },
    ]);
    expect(await portOf('127.0.0.1:0')).toEqual([
      { level: 'ok', text: expect.stringContaining('free') as string },
    ]);
    expect(await portOf('192.0.2.1:0')).toEqual([
      { level: 'problem', text: expect.stringContaining('Is it an address of this machine?') as string },
    ]);
  });

  it('is content with a server that is ready', async () => {
    expect(await adviceOn({})).toEqual([{ level: 'ok', text: 'gatewatch runs in mode certain.' }]);
  });

  it.each([
    {
      story: 'a part that is not ready',
      changes: { parts: [{ name: 'store', ready: false, reason: 'Disk full.' }] },
      level: 'problem',
      says: '"store" is not ready. Disk full.',
    },
    { story: 'frozen actions', changes: { frozen: true }, level: 'warning', says: 'freeze off' },
    {
      story: 'a step that is late',
      changes: { lag: { events: 20_001 } },
      level: 'warning',
      says: 'events is 20001 records behind',
    },
  ])('names $story', async ({ changes, level, says }) => {
    expect((await adviceOn(changes)).slice(1)).toEqual([
      { level, text: expect.stringContaining(says) as string },
    ]);
  });

  it('warns when the server was started with other settings than those it reads', () => {
    const same = { GATEWATCH_LITELLM_URL: 'http://127.0.0.1:1', GATEWATCH_LITELLM_KEY: 'invented' };
    expect(checkSameSettings(status, loadConfig(same))).toEqual([]);
    expect(checkSameSettings(status, loadConfig({}))).toEqual([
      {
        level: 'warning',
        text: expect.stringContaining(
          'other settings (mode certain, gateways: litellm) than those read here (mode observe, gateways: none)',
        ) as string,
      },
    ]);
  });

  it('says that a server does not answer', async () => {
    const { status: none, advice } = await askStatus(new ApiClient('http://127.0.0.1:1', 'token'));
    expect(none).toBeUndefined();
    expect(advice).toEqual([
      { level: 'problem', text: expect.stringContaining('does not answer') as string },
    ]);
  });
});
