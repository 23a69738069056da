import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { main } from '../../../services/cli/main.ts';
import { rightsOf } from '../../../services/stores/access.ts';
import { ClickHouseOverHttp, SLOW_START_MS } from '../../support/clickhouse/http-server.ts';

let server: ClickHouseOverHttp;
let dataDir: string;
beforeAll(async () => {
  server = await ClickHouseOverHttp.start();
  dataDir = await mkdtemp(join(tmpdir(), 'gatewatch-migrate-'));
}, SLOW_START_MS);
afterAll(async () => {
  await server.stop();
  await rm(dataDir, { recursive: true, force: true });
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

async function run(url: string | undefined, ...argv: string[]): Promise<{ code: number; says: string }> {
  let says = '';
  for (const name of ['stdout', 'stderr'] as const) {
    vi.spyOn(process[name], 'write').mockImplementation((chunk) => {
      says += String(chunk);
      return true;
    });
  }
  vi.stubEnv('GATEWATCH_DATA_DIR', dataDir);
  vi.stubEnv('GATEWATCH_CLICKHOUSE_URL', url);
  const code = await main(argv);
  return { code, says };
}

describe('gatewatch migrate', { timeout: SLOW_START_MS }, () => {
  it('makes the schema, says from which version to which, and has nothing to do the second time', async () => {
    const url = server.url().reveal();
    expect(await run(url, 'migrate')).toEqual({
      code: 0,
      says: 'Database gatewatch went from no schema to version 2.\n',
    });
    expect((await run(url, 'migrate')).says).toBe('Database gatewatch has schema version 2 already.\n');
    expect(await run(url, 'sql', 'SELECT count() AS n FROM events')).toMatchObject({
      code: 0,
      says: /^n\n─+\n0\n$/,
    });
  });

  it('fails in one line, without the password, for a user who may not', async () => {
    const grants = rightsOf('detect', { database: 'another' }).map(
      ({ right, on }) => `GRANT ${right} ON ${on}`,
    );
    await server.restart({ grants });
    const { code, says } = await run(server.url('another').reveal(), 'migrate');
    expect(code).toBe(1);
    expect(says).toMatch(/^gatewatch: [^\n]*it lacks CREATE DATABASE[^\n]* \(E_STORE_REFUSED\)\n$/);
    expect(says).not.toContain(server.password);
  });

  it('has nothing to do with tables in the data folder', async () => {
    const { code, says } = await run(undefined, 'migrate');
    expect([code, says]).toEqual([1, expect.stringContaining('GATEWATCH_CLICKHOUSE_URL is not set')]);
  });
});
