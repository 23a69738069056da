import { describe, expect, it, vi } from 'vitest';
import { aCertainFinding, aKeyId } from '../../support/findings.ts';
import { RespondWorld } from '../../support/respond-lab.ts';
import type { Intercept } from '../../support/respond-lab.ts';

const patiently = { timeout: 10_000, interval: 20 };
/** More calls than one theft leads to; beyond, nothing is left to break off. */
const MAX_CALLS = 40;
const IN_PARALLEL = 20;

interface Crash {
  /** Which call of a port it hits. */
  call: number;
  /** Before the call did anything, or after, so that only the answer is lost. */
  when: 'before' | 'after';
}

interface Hit {
  port: string;
  happened: Promise<void>;
  intercept: Intercept;
}

const never = () => new Promise<never>(() => undefined);

/** Calls that a start makes; what they lead to is broken off instead. */
const STARTS = new Set(['store.query', 'transport.subscribe', 'checkpoints.open', 'audit.takeOver']);

/** Breaks the process off at one call: from then on nothing that it does reaches the world. */
function crashAt({ call: at, when }: Crash): Hit {
  let calls = 0;
  let isDead = false;
  let die: () => void = () => undefined;
  const hit: Hit = {
    port: '',
    happened: new Promise((resolve) => (die = resolve)),
    intercept: async (port, call) => {
      if (isDead) return never();
      if (STARTS.has(port)) return call();
      calls += 1;
      if (calls !== at) return call();
      isDead = true;
      hit.port = port;
      if (when === 'after') await call();
      die();
      return never();
    },
  };
  return hit;
}

const isContained = (world: RespondWorld) => {
  expect(world.incident()).toMatchObject({ containment: 'accepted' });
  expect(world.notifier.transitions()).toContain('contained');
  expect(world.store.rows('audit')).toHaveLength(2);
  expect(world.facts().length).toBeGreaterThan(0);
};

/** A theft, a crash, another start. `laterMs`: how long nobody was there. */
async function survive(crash: Crash, laterMs: number): Promise<{ world: RespondWorld; port: string }> {
  const world = new RespondWorld();
  const hit = crashAt(crash);
  const at = world.now();
  await world.outside.append('findings', [
    { key: '', id: 'x', value: JSON.stringify(aCertainFinding({ ts: at, receivedAt: at })) },
  ]);
  const start = world.start(hit.intercept).catch(() => undefined);
  const done = vi.waitFor(() => isContained(world), patiently);
  await Promise.race([hit.happened, done.then(() => start).catch(() => undefined)]);
  await world.abandon();
  world.skewMs += laterMs;
  await world.start();
  return { world, port: hit.port };
}

async function forEveryCrash(check: (crash: Crash) => Promise<string>): Promise<Set<string>> {
  const crashes = (['before', 'after'] as const).flatMap((when) =>
    Array.from({ length: MAX_CALLS }, (_, index) => ({ call: index + 1, when })),
  );
  const ports = new Set<string>();
  for (let from = 0; from < crashes.length; from += IN_PARALLEL) {
    const some = await Promise.all(crashes.slice(from, from + IN_PARALLEL).map(check));
    for (const port of some) ports.add(port);
  }
  return ports;
}

const unique = (rows: readonly Record<string, unknown>[], ...columns: string[]) =>
  new Set(rows.map((row) => columns.map((column) => String(row[column])).join(' '))).size;

describe('a crash at any call of any port', () => {
  it('leaves nothing undone and does nothing twice', async () => {
    const ports = await forEveryCrash(async (crash) => {
      const { world, port } = await survive(crash, 0);
      const where = `${crash.when} call ${crash.call}: ${port}`;
      await vi.waitFor(() => isContained(world), patiently);
      expect(world.revoker.count('block'), where).toBe(1);
      expect(world.audit.actions(), where).toEqual(['block-requested', 'block-accepted']);
      expect(unique(world.store.rows('audit'), 'seq'), where).toBe(2);
      const actions = world.store.rows('actions');
      expect(unique(actions, 'action_id', 'state'), where).toBe(actions.length);
      expect(unique(actions, 'action_id'), where).toBe(1);
      expect(world.store.rows('findings'), where).toHaveLength(1);
      const changes = world.store.rows('incident_changes');
      expect(unique(changes, 'change'), where).toBe(changes.length);
      const told = world.notifier.transitions();
      expect([...new Set(told)], where).toEqual(['contained']);
      // A message that was taken over just before the crash may come again, under its old id.
      expect(told.length, where).toBeLessThanOrEqual(2);
      expect(new Set(world.notifier.sent.map(({ notificationId }) => notificationId)).size, where).toBe(1);
      await world.stop();
      return port;
    });
    for (const port of [
      'audit.append',
      'revoker.inspect',
      'revoker.block',
      'checkpoints.save',
      'store.insert',
      'notifier.send',
      'transport.append',
    ]) {
      expect(ports).toContain(port);
    }
  }, 120_000);

  it('is settled by looking at the gateway when nobody was there for 20 minutes', async () => {
    await forEveryCrash(async (crash) => {
      const { world, port } = await survive(crash, 20 * 60_000);
      const where = `${crash.when} call ${crash.call}: ${port}`;
      const isBlocked = world.revoker.keys.get(aKeyId())?.state === 'blocked';
      await vi.waitFor(() => {
        const { containment } = world.incident();
        expect(['accepted', 'verified'].includes(String(containment)), where).toBe(isBlocked);
        expect(['requested', 'sent'], where).not.toContain(containment);
        const decided = world.audit.actions().filter((action) => action === 'block-requested');
        const ended = world.audit
          .actions()
          .filter((action) => /^block-(accepted|refused|failed)$/.test(action));
        expect(ended, where).toHaveLength(decided.length);
        if (decided.length > 0) expect(world.notifier.transitions().length, where).toBeGreaterThan(0);
      }, patiently);
      expect(world.revoker.count('block'), where).toBeLessThanOrEqual(1);
      await world.stop();
      return port;
    });
  }, 120_000);
});
