import { execFile, execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startFakeGateway } from '../../services/demo/fake-gateway.ts';
import type { FakeGateway } from '../../services/demo/fake-gateway.ts';
import { theStolenKeyIsBlocked } from '../pipeline/stolen-key.ts';
import { ClickHouseOverHttp } from '../support/clickhouse/http-server.ts';
import { interpolated, readCompose } from '../support/compose.ts';
import { freePort } from '../support/free-ports.ts';
import { startKafkaServer } from '../support/kafka/kafka-server.ts';
import { PATIENT } from '../support/patience.ts';

const CHILD = fileURLToPath(new URL('../support/gatewatch-child.ts', import.meta.url));
const server = await startKafkaServer();
const { services } = readCompose();
const roles = Object.keys(services).filter((name) => services[name]?.command?.[0] === 'start');

/** The processes of docker-compose.yml without their containers: commands, settings and secrets as written there, on a real
 *  Kafka and the engine of ClickHouse. */
describe('the processes of docker-compose.yml', () => {
  if (server === undefined) {
    it.skip('were not tried: there is no Kafka');
    return;
  }
  const prefix = `gatewatch-${randomUUID()}.`;
  const children = new Map<string, ChildProcess>();
  const urls = new Map<string, string>();
  const environments = new Map<string, NodeJS.ProcessEnv>();
  let dir: string;
  let gateway: FakeGateway;
  let clickhouse: ClickHouseOverHttp;

  const secret = async (name: string) => (await readFile(join(dir, 'secrets', name), 'utf8')).trim();

  async function run(name: string): Promise<ChildProcess> {
    const service = services[name];
    const port = await freePort();
    urls.set(name, `http://127.0.0.1:${port.toString()}`);
    const written = Object.entries(service?.environment ?? {}).map(([key, value]) => [
      key,
      interpolated(value, {}).replace('/run/secrets/', `${join(dir, 'secrets')}/`),
    ]);
    const env = Object.fromEntries(written) as Record<string, string>;
    // What the networks and volumes of Compose would give.
    const here = {
      GATEWATCH_KAFKA_BROKERS: server?.brokers.join(',') ?? '',
      GATEWATCH_KAFKA_TOPIC_PREFIX: prefix,
      GATEWATCH_LITELLM_URL: gateway.url,
      GATEWATCH_LISTEN: `127.0.0.1:${port.toString()}`,
      GATEWATCH_DATA_DIR: join(dir, name),
    };
    const environment = { PATH: process.env['PATH'], ...env, ...(name === 'migrate' ? {} : here) };
    environments.set(name, environment);
    const child = spawn(process.execPath, ['--import', 'tsx', CHILD, ...(service?.command ?? [])], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: environment,
    });
    children.set(name, child);
    return child;
  }

  async function ask(name: string, path: string, token?: string, body?: unknown): Promise<Response> {
    return fetch(`${urls.get(name) ?? ''}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        'content-type': 'application/json',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  const ready = async (names: readonly string[]) =>
    vi.waitFor(async () => {
      for (const name of names) expect((await ask(name, '/readyz')).status, name).toBe(200);
    }, PATIENT);

  const active = async (names: readonly string[]) => {
    const token = await secret('metrics_token');
    const answers = names.map(async (name) => (await ask(name, '/metrics', token)).text());
    const texts = await Promise.all(answers);
    return names.filter((_, index) => /^gatewatch_responder_active 1$/m.test(texts[index] ?? ''));
  };

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'gatewatch-compose-'));
    execFileSync('bash', ['deploy/compose/make-secrets.sh'], {
      env: { ...process.env, SECRETS_DIR: join(dir, 'secrets'), ENV_FILE: join(dir, '.env') },
    });
    clickhouse = await ClickHouseOverHttp.start();
    gateway = await startFakeGateway({ keyCacheMs: 0 });
    for (const role of ['migrate', 'ingest', 'detect', 'respond', 'api'])
      await writeFile(join(dir, 'secrets', `clickhouse_${role}_url`), clickhouse.url().reveal());
    await writeFile(join(dir, 'secrets', 'litellm_key'), gateway.masterKey);
    const [code] = (await once(await run('migrate'), 'exit')) as [number];
    expect(code).toBe(0);
    for (const name of roles) await run(name);
    await ready(roles);
  });

  afterAll(async () => {
    for (const child of children.values()) child.kill('SIGKILL');
    await gateway.close();
    await clickhouse.kill();
    await rm(dir, { recursive: true, force: true });
    await server.stop();
  });

  it('give their metrics to the token made for that, and to nobody else', async () => {
    const token = await secret('metrics_token');
    for (const name of roles) {
      expect((await ask(name, '/metrics')).status, name).toBe(401);
      expect((await ask(name, '/metrics', token)).status, name).toBe(200);
    }
    expect((await ask('api', '/v1/incidents', token)).status).toBe(403);
  });

  it('take logs in, and have a stolen key blocked at the gateway', async () => {
    const [ingestToken, adminToken] = [await secret('ingest_token'), await secret('admin_token')];
    let shipped = 0;
    const must = async (answer: Promise<Response>) => {
      const given = await answer;
      if (!given.ok) throw new Error(`${given.status.toString()} ${await given.text()}`);
      return given;
    };
    await theStolenKeyIsBlocked({
      gateway,
      gatewatch: {
        send: async (path, body) => {
          await must(ask('api', path, adminToken, body));
        },
        api: async <T>(path: string) => (await (await must(ask('api', path, adminToken))).json()) as T,
      },
      ship: async () => {
        const records = gateway.records.slice(shipped);
        shipped += records.length;
        if (records.length > 0) await must(ask('ingest', '/v1/logs/litellm', ingestToken, records));
      },
    });
  });

  it('mint canaries where respond runs, at the one that acts', async () => {
    const mint = (name: string) =>
      promisify(execFile)(
        process.execPath,
        ['--import', 'tsx', CHILD, 'canary', 'create', '--place', 'a build server'],
        { env: environments.get(name) },
      );
    const responders = ['respond-1', 'respond-2'];
    const [acting = ''] = await active(responders);
    const { stdout } = await mint(acting);
    expect(gateway.call(stdout.trim(), { ip: '203.0.113.9' })).not.toBe(401);
    const [standby = ''] = responders.filter((name) => name !== acting);
    await expect(mint(standby)).rejects.toMatchObject({
      stderr: expect.stringContaining('stands by') as string,
    });
    await expect(mint('api')).rejects.toMatchObject({
      stderr: expect.stringContaining('where respond runs') as string,
    });
    const token = await secret('admin_token');
    await vi.waitFor(async () => {
      const answer = await ask('api', '/v1/sql', token, { query: 'SELECT place FROM leaked_keys' });
      expect(await answer.json()).toMatchObject({
        rows: expect.arrayContaining([['a build server']]) as unknown[],
      });
    }, PATIENT);
  });

  it('have one that acts, and another that takes over when it is gone', async () => {
    const responders = ['respond-1', 'respond-2'];
    await vi.waitFor(async () => expect(await active(responders)).toHaveLength(1), PATIENT);
    const [first = ''] = await active(responders);
    children.get(first)?.kill('SIGKILL');
    const other = responders.filter((name) => name !== first);
    await vi.waitFor(async () => expect(await active(other)).toEqual(other), PATIENT);
  });

  it('end by SIGTERM within what Compose gives them', async () => {
    for (const name of roles) {
      const child = children.get(name);
      if (child?.exitCode !== null || child.signalCode !== null) continue;
      const exited = once(child, 'exit');
      const start = Date.now();
      child.kill('SIGTERM');
      expect((await exited)[0], name).toBe(0);
      expect(Date.now() - start, name).toBeLessThan(15_000);
    }
  });
});
