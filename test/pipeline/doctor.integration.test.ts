import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { main } from '../../services/cli/main.ts';
import { removeRunning, writeRunning } from '../../services/cli/running.ts';
import { loadConfig } from '../../services/config.ts';
import { startFakeGateway } from '../../services/demo/fake-gateway.ts';
import type { FakeGateway } from '../../services/demo/fake-gateway.ts';
import { startGatewatch } from '../../services/main.ts';
import type { Gatewatch } from '../../services/main.ts';
import { quietLog } from '../support/quiet.ts';

const ingestToken = 'doctor-test-ingest-token-0123456789';
const CALLS = 250;

describe('gatewatch doctor', () => {
  let dataDir: string;
  let gateway: FakeGateway;
  let gatewatch: Gatewatch | undefined;
  let settings: Record<string, string>;
  beforeAll(async () => {
    dataDir = join(await mkdtemp(join(tmpdir(), 'gatewatch-doctor-')), 'data');
    gateway = await startFakeGateway();
    const credential = gateway.createKey({
      alias: 'gatewatch',
      isAdmin: true,
      allowedRoutes: ['/key/block', '/key/unblock', '/key/info'],
    });
    settings = {
      GATEWATCH_DATA_DIR: dataDir,
      GATEWATCH_LISTEN: '127.0.0.1:0',
      GATEWATCH_INGEST_TOKEN: ingestToken,
      GATEWATCH_LITELLM_URL: gateway.url,
      GATEWATCH_LITELLM_KEY: credential.key,
    };
    gatewatch = await startGatewatch({ config: loadConfig(settings), log: quietLog, webRoot: dataDir });
    writeRunning(dataDir, { url: gatewatch.url, token: gatewatch.localToken, pid: process.pid });
    gateway.sendLogsTo({ url: `${gatewatch.url}/v1/logs/litellm`, token: ingestToken });
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
  });
  afterAll(async () => {
    await gatewatch?.close();
    await gateway.close();
    await rm(join(dataDir, '..'), { recursive: true, force: true });
  });

  async function doctor() {
    for (const [name, value] of Object.entries(settings)) vi.stubEnv(name, value);
    let text = '';
    vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
      text += String(chunk);
      return true;
    });
    process.exitCode = 0;
    const code = await main(['doctor']);
    process.exitCode = 0;
    return { code, text };
  }

  it('finds no problem beside a server that has just started, and changes nothing at the gateway', async () => {
    const before = JSON.stringify(gateway.keys);
    const { code, text } = await doctor();
    expect(text).not.toContain('PROBLEM');
    expect(code).toBe(0);
    for (const line of [
      'gatewatch runs in mode certain',
      'may block and unblock keys at litellm',
      'may change nothing else',
      'No log record arrived',
      'The audit chain is whole',
    ]) {
      expect(text).toContain(line);
    }
    expect(JSON.stringify(gateway.keys)).toBe(before);
  });

  it('sees in the calls that the gateway does not pass on client addresses, and exits 1', async () => {
    const keys = ['one', 'two', 'three'].map((alias) => gateway.createKey({ alias }).key);
    for (let call = 0; call < CALLS; call += 1) gateway.call(keys[call % keys.length], { ip: '10.0.3.4' });
    await gateway.flush();
    await vi.waitFor(
      async () => {
        const { code, text } = await doctor();
        expect(text).toContain('100 % of the calls come from 10.0.3.4');
        expect(code).toBe(1);
      },
      { timeout: 30_000, interval: 1_000 },
    );
  });

  it('sees the same when nothing runs', async () => {
    removeRunning(dataDir);
    await gatewatch?.close();
    gatewatch = undefined;
    const { code, text } = await doctor();
    expect(text).toContain('100 % of the calls come from 10.0.3.4');
    expect(text).toContain('127.0.0.1:0 is free to listen on');
    expect(text).not.toContain('could not be looked at');
    expect(code).toBe(1);
  });

  it('names every mistake in the settings and looks no further', async () => {
    settings = { ...settings, GATEWATCH_MODE: 'sometimes', GATEWATCH_LISTEN: 'nowhere' };
    const said: string[] = [];
    vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => said.push(String(chunk)) > 0);
    const { code } = await doctor();
    expect(code).toBe(1);
    expect(said.join('')).toContain('GATEWATCH_MODE');
    expect(said.join('')).toContain('GATEWATCH_LISTEN');
  });
});
