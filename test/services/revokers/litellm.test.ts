import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import type { KeyId } from '../../../detectors/event.ts';
import { litellmRevoker } from '../../../services/revokers/litellm.ts';
import { createRevokers } from '../../../services/revokers/registry.ts';
import { Secret } from '../../../services/secret.ts';
import { quietLog } from '../../support/quiet.ts';
import { openGatewayLab, openNarrowLab } from '../../support/revoker-lab.ts';
import recorded from './litellm-answers.json' with { type: 'json' };

const signal = new AbortController().signal;
const keyId = recorded.keyId as KeyId;
const now = () => Date.parse(recorded.at);

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function lab(open = openGatewayLab) {
  const opened = await open();
  closers.push(() => opened.gateway.close());
  const { gateway, credential } = opened;
  const revoker = litellmRevoker(
    { name: 'litellm', url: gateway.url, key: new Secret(credential) },
    { log: quietLog, timeoutMs: 1_000, now: opened.now },
  );
  return { ...opened, revoker };
}

/** A server with one answer for everything; says what it was asked. */
async function answering(answer: { status: number; body: unknown }) {
  const asked: { url: string; headers: NodeJS.Dict<string | string[]>; body: string }[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (data: Buffer) => (body += data.toString()));
    request.on('end', () => {
      asked.push({ url: request.url ?? '', headers: request.headers, body });
      response
        .writeHead(answer.status, { 'content-type': 'application/json' })
        .end(JSON.stringify(answer.body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port.toString()}/gateway/`;
  return {
    asked,
    revoker: litellmRevoker(
      { name: 'litellm', url, key: new Secret('sk-our-own-credential') },
      { log: quietLog, now },
    ),
  };
}

describe('the answers of a real LiteLLM', () => {
  it.each(recorded.infos)('say "$story"', async ({ answer, key }) => {
    const { revoker } = await answering(answer);
    expect(await revoker.inspect(keyId, signal)).toMatchObject(key);
  });

  it.each(recorded.blocks)('end a block with "$code": $story', async ({ answer, code }) => {
    const { revoker } = await answering(answer);
    const outcome = await revoker.block(keyId, 'inc_1', signal).then(
      () => 'blocked',
      (error: unknown) => (error as { code: string }).code,
    );
    expect(outcome).toBe(code);
  });

  it('are asked for with the hash, our name and the incident', async () => {
    const { revoker, asked } = await answering({ status: 200, body: { blocked: true } });
    await revoker.block(keyId, 'inc_1\r\nx-evil: 1 é', signal);
    expect(asked).toHaveLength(1);
    expect(asked[0]?.url).toBe('/gateway/key/block');
    expect(JSON.parse(asked[0]?.body ?? '')).toEqual({ key: keyId });
    expect(asked[0]?.headers).toMatchObject({
      authorization: 'Bearer sk-our-own-credential',
      'litellm-changed-by': 'gatewatch inc_1??x-evil: 1 ?',
    });
  });
});

describe('the revoker of LiteLLM', () => {
  it('is there for each gateway of the settings', () => {
    const gateways = ['one', 'two'].map((name) => ({
      name,
      type: 'litellm' as const,
      url: 'http://192.0.2.1',
      key: new Secret('sk-a'),
    }));
    const revokers = createRevokers(gateways, { log: quietLog });
    expect(
      [...revokers].map(([name, { gateway, effectDeadlineMs }]) => [name, gateway, effectDeadlineMs]),
    ).toEqual([
      ['one', 'one', 90_000],
      ['two', 'two', 90_000],
    ]);
  });

  it.each([
    { story: 'a credential with a line feed', url: 'http://192.0.2.1', key: 'sk-secret\n' },
    { story: 'a password in the url', url: 'http://user:sk-secret@192.0.2.1', key: 'sk-a' },
  ])('refuses $story at the start, without repeating it', ({ url, key }) => {
    const make = () => litellmRevoker({ name: 'litellm', url, key: new Secret(key) }, { log: quietLog });
    expect(make).toThrow(
      expect.objectContaining({
        code: 'E_CONFIG',
        message: expect.not.stringContaining('sk-secret') as string,
      }) as Error,
    );
  });

  it('never blocks the key that it uses itself', async () => {
    const { revoker, credential, gateway } = await lab(openNarrowLab);
    const own = createHash('sha256').update(credential).digest('hex') as KeyId;
    await expect(revoker.block(own, 'inc_1', signal)).rejects.toMatchObject({ code: 'E_REVOKER_DENIED' });
    expect(gateway.adminCalls).toEqual([]);
  });

  it('never shows its credential in an error', async () => {
    const { revoker, credential, gateway } = await lab();
    for (const faults of [{ status: 401 }, { status: 500 }, { text: 'x' }, { isSilent: true }]) {
      gateway.setFaults({ status: undefined, text: undefined, ...faults });
      const error: unknown = await revoker.block(keyId, 'inc_1', signal).catch((failure: unknown) => failure);
      expect(error).toBeInstanceOf(Error);
      expect(inspect(error, { depth: 9, showHidden: true })).not.toContain(credential);
    }
  });

  it('does not take its credential to where a redirect leads', async () => {
    const elsewhere = await answering({ status: 200, body: { blocked: true } });
    const { revoker, gateway } = await lab();
    gateway.setFaults({ redirectTo: 'http://127.0.0.1:1/' });
    await expect(revoker.block(keyId, 'inc_1', signal)).rejects.toMatchObject({ code: 'E_REVOKER_DENIED' });
    expect(elsewhere.asked).toEqual([]);
  });

  it('plants no hint for a thief who asks the gateway about the canary', async () => {
    const { revoker, gateway } = await lab();
    const { plaintext, keyId: canaryId } = await revoker.createCanary('wiki page of the build team', signal);
    expect(createHash('sha256').update(plaintext).digest('hex')).toBe(canaryId);
    const response = await fetch(`${gateway.url}/key/info`, {
      headers: { authorization: `Bearer ${plaintext}` },
    });
    expect(await response.text()).not.toMatch(/canary|wiki|gatewatch|honey|trap/i);
    for (const model of ['gpt-4o', 'gpt-4o-mini', 'o3'])
      expect(gateway.call(plaintext, { ip: '192.0.2.9', model })).not.toBe(200);
  });

  it('cannot mint a canary with a credential that may block only', async () => {
    const { revoker } = await lab(openNarrowLab);
    await expect(revoker.createCanary('wiki', signal)).rejects.toMatchObject({ code: 'E_REVOKER_DENIED' });
  });
});

describe('the diagnosis of a gateway', () => {
  const codesOf = (found: readonly { level: string; code: string }[], level: string) =>
    found.filter((one) => one.level === level).map(({ code }) => code);

  it('is content with a credential that may block, unblock and read', async () => {
    const { revoker } = await lab(openNarrowLab);
    const found = await revoker.diagnose(signal);
    expect(codesOf(found, 'ok')).toEqual([
      'reachable',
      'credential-reads',
      'credential-blocks',
      'credential-narrow',
    ]);
    expect(found).toHaveLength(4);
  });

  it('warns of a credential that can do anything, by asking for what cannot succeed', async () => {
    const { revoker, gateway } = await lab();
    const found = await revoker.diagnose(signal);
    expect(codesOf(found, 'warning')).toEqual(['credential-too-wide']);
    const [warning] = found.filter(({ level }) => level === 'warning');
    for (const path of ['/key/update', '/key/delete', '/user/new']) expect(warning?.text).toContain(path);
    expect(gateway.keys).toEqual([]);
  });

  it('warns of a credential that may mint', async () => {
    const { revoker } = await lab(() =>
      openGatewayLab(['/key/block', '/key/unblock', '/key/info', '/key/generate']),
    );
    expect(codesOf(await revoker.diagnose(signal), 'warning')).toEqual(['credential-mints']);
  });

  it.each([
    { routes: ['/key/info'], code: 'credential-cannot-block' },
    { routes: ['/key/info', '/key/block'], code: 'credential-cannot-block' },
    { routes: ['/key/block', '/key/unblock'], code: 'credential-cannot-read' },
  ])('names what is missing with $routes only', async ({ routes, code }) => {
    const { revoker } = await lab(() => openGatewayLab(routes));
    expect(codesOf(await revoker.diagnose(signal), 'problem')).toEqual([code]);
  });

  it('warns two weeks before our credential expires', async () => {
    const { gateway, now: time } = await lab();
    const { key } = gateway.createKey({
      alias: 'gatewatch',
      isAdmin: true,
      allowedRoutes: ['/key/block', '/key/unblock', '/key/info'],
      expiresAt: time() + 13 * 86_400_000,
    });
    const revoker = litellmRevoker(
      { name: 'litellm', url: gateway.url, key: new Secret(key) },
      { log: quietLog, now: time },
    );
    expect(codesOf(await revoker.diagnose(signal), 'warning')).toEqual(['credential-expires']);
  });

  it('warns of a gateway elsewhere that is spoken to in clear', async () => {
    const revoker = litellmRevoker(
      { name: 'litellm', url: 'http://192.0.2.1:4000', key: new Secret('sk-a') },
      { log: quietLog, timeoutMs: 50 },
    );
    const found = await revoker.diagnose(signal);
    expect(codesOf(found, 'warning')).toEqual(['gateway-no-tls']);
    expect(codesOf(found, 'problem')).toEqual(['gateway-unreachable']);
  });

  it('says that a gateway without a database has no keys', async () => {
    const { revoker } = await answering({ status: 200, body: { status: 'healthy', db: 'Not connected' } });
    expect(codesOf(await revoker.diagnose(signal), 'problem')).toContain('gateway-no-database');
  });
});
