import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { verifyAudit } from '../../services/audit/verify.ts';
import { freePort } from '../support/free-ports.ts';
import { GatewatchProcess } from '../support/gatewatch-process.ts';
import { PATIENT } from '../support/patience.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { FaultWorld } from './fault-world.ts';

const SEED = Number(process.env['CRASH_SEED'] ?? Date.now() % 1_000_000);
/** Every other life counts from the moment it is ready, so that there is progress on a slow machine too. */
const LONGEST_LIFE_MS = 3_000;
const THEFTS = 8;
/** Caps are tested elsewhere; here they must not end the thefts early. */
export const NO_CAPS =
  'response: {caps: {per10min: 99, perHour: 99, perDay: 99, fleetPercent: 100, teamPercent: 100}}\n';

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
  let dir: string;
  let world: FaultWorld;
  let gatewatch: GatewatchProcess;
  let around: Surroundings | undefined;

  beforeAll(async () => {
    console.info(`faults: seed ${SEED.toString()}`);
    around = await surroundings?.();
    dir = await mkdtemp(join(tmpdir(), 'gatewatch-crash-'));
    world = await FaultWorld.start(random);
    const config = join(dir, 'gatewatch.yaml');
    await writeFile(config, NO_CAPS);
    gatewatch = new GatewatchProcess({
      dataDir: join(dir, 'data'),
      port: await freePort(),
      adminToken: 'crash-test-admin-token-0123456789-0123',
      ingestToken: 'crash-test-ingest-token-0123456789-012',
      env: {
        ...around?.env,
        GATEWATCH_CONFIG: config,
        GATEWATCH_LITELLM_URL: world.gateway.url,
        GATEWATCH_LITELLM_KEY: world.gateway.masterKey,
        GATEWATCH_WEBHOOK_URL: world.hookUrl,
        GATEWATCH_WEBHOOK_SECRET: 'a-webhook-secret-of-many-characters',
      },
    });
  });

  afterAll(async () => {
    await gatewatch.end('SIGKILL');
    await world.stop();
    await around?.stop();
    await rm(dir, { recursive: true, force: true });
  });

  async function thefts(): Promise<void> {
    for (let theft = 0; theft < THEFTS; theft += 1) await world.theft(gatewatch);
  }

  it('survives them all', async () => {
    const faults = await world.whileTrafficFlows(gatewatch, async () => {
      const [count] = await Promise.all([disturb(gatewatch, random), thefts()]);
      return count;
    });
    console.info(`${faults.toString()} faults`);
    expect(faults).toBeGreaterThan(0);
  });

  it('has every event once, and the money to the cent', async () => {
    await world.hasEachEventOnce(gatewatch);
  });

  it('has one incident for each stolen key, with a proven block, and none for others', async () => {
    await world.hasEachTheftBlocked(gatewatch);
  });

  it('told people about each step of an incident once', async () => {
    await world.toldPeopleOnce();
  });

  it('left an audit chain that is whole, and its copy in the store', async () => {
    const { ok, records, problems } = await verifyAudit(join(dir, 'data'), []);
    expect({ ok, problems }).toEqual({ ok: true, problems: [] });
    await vi.waitFor(async () => {
      const [row] = await gatewatch.sql('SELECT count(), uniqExact(seq) FROM audit');
      expect(row?.map(Number)).toEqual([records, records]);
    }, PATIENT);
  });

  it('ends by itself when asked to', async () => {
    expect(await gatewatch.end('SIGTERM')).toBe(0);
  });
}
