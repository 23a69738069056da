import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { loadConfig } from '../../services/config.ts';
import { startGatewatch } from '../../services/main.ts';
import { quietLog } from '../support/quiet.ts';

it('a first start that finds its port taken makes no tokens: those of the next one are shown', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'gatewatch-first-'));
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const start = (port: number) =>
    startGatewatch({
      config: loadConfig({
        GATEWATCH_DATA_DIR: dataDir,
        GATEWATCH_LISTEN: `127.0.0.1:${port.toString()}`,
      }),
      log: quietLog,
      webRoot: dataDir,
    });
  try {
    await expect(start((other.address() as AddressInfo).port)).rejects.toMatchObject({
      code: 'E_PORT_IN_USE',
    });
    const { firstTokens, close } = await start(0);
    await close();
    expect(firstTokens).toEqual({
      admin: expect.stringMatching(/^gwt_/) as string,
      ingest: expect.stringMatching(/^gwt_/) as string,
    });
    const again = await start(0);
    await again.close();
    expect(again.firstTokens).toEqual({});
  } finally {
    other.close();
    await rm(dataDir, { recursive: true, force: true });
  }
});
