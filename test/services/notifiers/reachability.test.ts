import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { checkChannels } from '../../../services/notifiers/reachability.ts';
import { Secret } from '../../../services/secret.ts';
import { openMailServer } from '../../support/mail-server.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function mailAt(login = '') {
  const server = await openMailServer();
  closers.push(() => server.close());
  return {
    server,
    mail: {
      url: new Secret(`smtp://${login}127.0.0.1:${server.port.toString()}`),
      to: ['oncall@example.com'],
    },
  };
}

async function webhookServer() {
  let requests = 0;
  const server = createServer((_request, response) => {
    requests += 1;
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => server.close());
  const port = (server.address() as AddressInfo).port;
  return { port, requests: () => requests, stop: () => new Promise((resolve) => server.close(resolve)) };
}

const webhookAt = (url: string) => ({
  webhook: { url, secret: new Secret('a-secret-of-many-characters'), allowPrivate: false },
});

describe('whether people can be reached', () => {
  it('says nothing of channels that are not set up', async () => {
    expect(await checkChannels({})).toEqual([]);
  });

  it('signs in at the mail server and sends nothing', async () => {
    const { server, mail } = await mailAt('dana:right-password@');
    expect(await checkChannels({ mail })).toEqual([{ channel: 'mail', trouble: undefined }]);
    expect(server.logins).toEqual(['dana']);
    expect(server.mails).toEqual([]);
  });

  it('tells a wrong password from a server that is away, without repeating either', async () => {
    const { server, mail } = await mailAt('dana:wrong-password@');
    expect(await checkChannels({ mail })).toEqual([
      { channel: 'mail', trouble: 'It refuses our user or password.' },
    ]);
    await server.close();
    const [{ trouble = '' } = {}] = await checkChannels({ mail });
    expect(trouble).not.toBe('');
    expect(trouble).not.toContain('wrong-password');
  });

  it('gives up on a mail server that never greets', async () => {
    const { server, mail } = await mailAt();
    server.setMood('silent');
    const [{ trouble } = {}] = await checkChannels({ mail }, { timeoutMs: 100 });
    expect(trouble).toContain('does not answer');
  });

  it('connects to the receiver of the webhook and sends nothing', async () => {
    const { port, requests, stop } = await webhookServer();
    const channels = webhookAt(`http://127.0.0.1:${port.toString()}/hook`);
    expect(await checkChannels(channels)).toEqual([{ channel: 'webhook', trouble: undefined }]);
    expect(requests()).toBe(0);
    await stop();
    expect(await checkChannels(channels)).toEqual([
      { channel: 'webhook', trouble: 'Nothing listens there. Check address and port.' },
    ]);
  });

  it('does not connect where notifications never go', async () => {
    const lookup = async () => [{ address: '169.254.169.254', family: 4 }];
    const [{ trouble } = {}] = await checkChannels(webhookAt('https://hooks.example.com/'), { lookup });
    expect(trouble).toContain('forbidden');
  });

  it('goes on to another address of the name', async () => {
    const { port } = await webhookServer();
    const lookup = async () => [
      { address: '127.0.0.2', family: 4 },
      { address: '127.0.0.1', family: 4 },
    ];
    const { webhook } = webhookAt(`http://hooks.example.com:${port.toString()}/`);
    expect(await checkChannels({ webhook: { ...webhook, allowPrivate: true } }, { lookup })).toEqual([
      { channel: 'webhook', trouble: undefined },
    ]);
  });

  it('says that a name does not exist', async () => {
    const lookup = () => Promise.reject(Object.assign(new Error('no'), { code: 'ENOTFOUND' }));
    const [{ trouble } = {}] = await checkChannels(webhookAt('https://hooks.example.com/'), { lookup });
    expect(trouble).toContain('cannot be resolved');
  });
});
