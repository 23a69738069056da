import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo, ListenOptions } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { requireResponder, requireServer, writeRunning } from '../../../services/cli/running.ts';
import { loadConfig } from '../../../services/config.ts';

describe('whom the command line talks to', () => {
  const servers: Server[] = [];
  let dir: string;

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'gatewatch-running-'));
  });

  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
    rmSync(dir, { recursive: true, force: true });
  });

  async function serve(name: string, where: ListenOptions = { port: 0, host: '127.0.0.1' }) {
    const server = createServer((_request, response) => response.end(JSON.stringify(name)));
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(where, resolve));
    const address = server.address();
    return `http://127.0.0.1:${((address as AddressInfo).port || 1).toString()}`;
  }

  const config = () => loadConfig({ GATEWATCH_DATA_DIR: dir });
  const token = 'token-of-the-tests';

  it('is the socket of a responder of its own for what needs the credential of a gateway, and nothing else', async () => {
    const socketPath = join(dir, 'local.sock');
    await serve('socket', { path: socketPath });
    writeRunning(dir, { url: await serve('port'), token, socketPath, pid: process.pid });
    expect(await requireResponder(config(), {}).post('/', {})).toBe('socket');
    expect(await requireServer(config(), {}).get('/')).toBe('port');
  });

  it('is the server where there is no such responder', async () => {
    writeRunning(dir, { url: await serve('port'), token, pid: process.pid });
    expect(await requireResponder(config(), {}).post('/', {})).toBe('port');
  });

  it('is whom GATEWATCH_URL names, whatever runs here', async () => {
    const socketPath = join(dir, 'local.sock');
    await serve('socket', { path: socketPath });
    writeRunning(dir, { url: await serve('port'), token, socketPath, pid: process.pid });
    const env = { GATEWATCH_URL: await serve('named'), GATEWATCH_TOKEN: token };
    expect(await requireResponder(config(), env).post('/', {})).toBe('named');
  });

  it('is nobody when nothing runs, and it is said what to do', () => {
    expect(() => requireResponder(config(), {})).toThrow(/Start it with "gatewatch start"/);
  });
});
