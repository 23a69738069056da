import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { verifyAudit } from '../../services/audit/verify.ts';
import { startFakeGateway } from '../../services/demo/fake-gateway.ts';
import type { FakeGateway } from '../../services/demo/fake-gateway.ts';
import { freePort, GatewatchProcess } from '../support/gatewatch-process.ts';
import { seededRandom } from '../support/seeded-random.ts';

const SEED = Number(process.env['CRASH_SEED'] ?? Date.now() % 1_000_000);
/** Every other life counts from the moment it is ready, so that there is progress on a slow machine too. */
const LONGEST_LIFE_MS = 3_000;
const VICTIMS = 8;
const OFFICE = '192.0.2.10';
const THIEF = '203.0.113.66';
const WAIT = { timeout: 60_000, interval: 250 };

interface Message {
  id: string;
  type: string;
  data: { incident_id?: string; key_id?: string };
}

interface IncidentRow {
  incident_id: string;
  key_id: string;
  containment: string;
  severity: string;
}

export interface CrashOptions {
  /** What gatewatch runs on, if not on its own folder. */
  surroundings?: () => Promise<Surroundings>;
  /** Goes on while there are traffic and thefts; returns how many faults there were. */
  disturb: (gatewatch: GatewatchProcess, random: () => number) => Promise<number>;
}

export interface Surroundings {
  env: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** Faults under traffic, with thefts going on. Nothing may be lost, counted twice or done twice. The seed of a run is
 *  printed; set CRASH_SEED to see the same moments again. */
export function describeFaults(name: string, options: CrashOptions): void {
  describe(name, () => {
    survive(options);
  });
}

/** Kills gatewatch at random moments, as often as told. */
export function killAgainAndAgain(times: number): CrashOptions['disturb'] {
  return async (gatewatch, random) => {
    for (let round = 0; round < times; round += 1) {
      gatewatch.start();
      if (round % 2 === 1) await gatewatch.ready();
      await pause(random() * LONGEST_LIFE_MS);
      await gatewatch.end('SIGKILL');
    }
    gatewatch.start();
    await gatewatch.ready();
    return times;
  };
}

function survive({ surroundings, disturb }: CrashOptions): void {
  const random = seededRandom(SEED);
  const messages: Message[] = [];
  const receiver = createServer((request, response) => {
    let body = '';
    request.on('data', (data: Buffer) => (body += data.toString()));
    request.on('end', () => {
      messages.push({
        id: String(request.headers['webhook-id']),
        ...(JSON.parse(body) as Omit<Message, 'id'>),
      });
      response.end();
    });
  });
  let dir: string;
  let gateway: FakeGateway;
  let gatewatch: GatewatchProcess;
  let around: Surroundings | undefined;
  let quiet: string[];
  const victims: { key: string; keyId: string }[] = [];
  let shipped = 0;

  beforeAll(async () => {
    console.info(`faults: seed ${SEED.toString()}`);
    around = await surroundings?.();
    dir = await mkdtemp(join(tmpdir(), 'gatewatch-crash-'));
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
    gateway = await startFakeGateway({ keyCacheMs: 0 });
    quiet = Array.from({ length: 20 }, (_, index) => {
      const alias = `quiet-${index.toString()}`;
      return gateway.createKey({ alias, team: `team-${(index % 4).toString()}`, user: alias }).key;
    });
    for (let index = 0; index < VICTIMS; index += 1) {
      victims.push(
        gateway.createKey({
          alias: `victim-${index.toString()}`,
          team: `team-${(index % 4).toString()}`,
          user: 'dana',
        }),
      );
    }
    const config = join(dir, 'gatewatch.yaml');
    // Caps are tested elsewhere; here they must not end the thefts early.
    await writeFile(
      config,
      'response: {caps: {per10min: 99, perHour: 99, perDay: 99, fleetPercent: 100, teamPercent: 100}}\n',
    );
    const hook = `http://127.0.0.1:${(receiver.address() as AddressInfo).port.toString()}/hook`;
    gatewatch = new GatewatchProcess({
      dataDir: join(dir, 'data'),
      port: await freePort(),
      adminToken: 'crash-test-admin-token-0123456789-0123',
      ingestToken: 'crash-test-ingest-token-0123456789-012',
      env: {
        ...around?.env,
        GATEWATCH_CONFIG: config,
        GATEWATCH_LITELLM_URL: gateway.url,
        GATEWATCH_LITELLM_KEY: gateway.masterKey,
        GATEWATCH_WEBHOOK_URL: hook,
        GATEWATCH_WEBHOOK_SECRET: 'a-webhook-secret-of-many-characters',
      },
    });
  });

  afterAll(async () => {
    await gatewatch.end('SIGKILL');
    await gateway.close();
    await around?.stop();
    receiver.close();
    await rm(dir, { recursive: true, force: true });
  });

  /** Sends what the gateway logged since the last time, again and again until it is taken, as a good shipper would. */
  async function ship(): Promise<void> {
    const batch = gateway.records.slice(shipped);
    shipped += batch.length;
    if (batch.length > 0) await insist(() => gatewatch.send('/v1/logs/litellm', batch));
  }

  async function insist(send: () => Promise<unknown>): Promise<void> {
    await vi.waitFor(send, { timeout: 300_000, interval: 50 });
  }

  async function usualTraffic(isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      for (let call = 0; call < 25; call += 1) {
        const key = quiet[Math.floor(random() * quiet.length)];
        gateway.call(key, { ip: OFFICE, costUsd: Math.floor(random() * 100) / 1_000_000, durationMs: 5 });
      }
      await ship();
      await pause(20);
    }
  }

  async function thefts(): Promise<void> {
    for (const { key, keyId } of victims) {
      gateway.call(key, { ip: OFFICE, costUsd: 0.00001 });
      await insist(() => gatewatch.send('/v1/leaks', { source: 'scanner', keys: [{ sha256: keyId }] }));
      while (gateway.call(key, { ip: THIEF, costUsd: 0.00005 }) === 200) {
        await ship();
        await pause(100);
      }
      await ship();
    }
  }

  it('survives them all', async () => {
    let isOver = false;
    const traffic = usualTraffic(() => isOver);
    const [faults] = await Promise.all([disturb(gatewatch, random), thefts()]);
    isOver = true;
    await traffic;
    console.info(`${faults.toString()} faults`);
    expect(faults).toBeGreaterThan(0);
  }, 400_000);

  it('has every event once, and the money to the cent', async () => {
    await vi.waitFor(async () => {
      const [row] = await gatewatch.sql(
        'SELECT count(), uniqExact(event_id), round(sum(cost_usd), 6) FROM events',
      );
      const spent = gateway.records.reduce((sum, record) => sum + Number(record['response_cost']), 0);
      expect(row?.map(Number)).toEqual([
        gateway.records.length,
        gateway.records.length,
        Number(spent.toFixed(6)),
      ]);
    }, WAIT);
  });

  it('has one incident for each stolen key, with a proven block, and none for others', async () => {
    await vi.waitFor(async () => {
      const { incidents } = await gatewatch.api<{ incidents: IncidentRow[] }>('/v1/incidents?limit=100');
      const found = incidents.map(({ key_id, containment, severity }) => ({ key_id, containment, severity }));
      const wanted = victims.map(({ keyId }) => ({
        key_id: keyId,
        containment: 'verified',
        severity: 'critical',
      }));
      expect(found.sort(byKey)).toEqual(wanted.sort(byKey));
    }, WAIT);
    const blocked = gateway.adminCalls.filter(({ path }) => path === '/key/block');
    expect(new Set(blocked.map(({ body }) => (body as { key: string }).key))).toEqual(
      new Set(victims.map(({ keyId }) => keyId)),
    );
  });

  it('told people about each step of an incident once', async () => {
    await vi.waitFor(() => {
      const contained = messages.filter(({ type }) => type === 'incident.contained');
      expect(new Set(contained.map(({ data }) => data.key_id)).size).toBe(VICTIMS);
    }, WAIT);
    const idsByStep = new Map<string, Set<string>>();
    for (const { id, type, data } of messages) {
      const step = `${type} ${data.incident_id ?? ''}`;
      idsByStep.set(step, (idsByStep.get(step) ?? new Set()).add(id));
    }
    expect([...idsByStep].filter(([, ids]) => ids.size !== 1)).toEqual([]);
  });

  it('left an audit chain that is whole, and its copy in the store', async () => {
    const { ok, records, problems } = await verifyAudit(join(dir, 'data'), []);
    expect({ ok, problems }).toEqual({ ok: true, problems: [] });
    await vi.waitFor(async () => {
      const [row] = await gatewatch.sql('SELECT count(), uniqExact(seq) FROM audit');
      expect(row?.map(Number)).toEqual([records, records]);
    }, WAIT);
  });

  it('ends by itself when asked to', async () => {
    await gatewatch.end('SIGTERM');
  });
}

function byKey(a: { key_id: string }, b: { key_id: string }): number {
  return a.key_id.localeCompare(b.key_id);
}
