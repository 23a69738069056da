import { setTimeout as pause } from 'node:timers/promises';
import { expect, vi } from 'vitest';
import type { FakeGateway } from '../../services/demo/fake-gateway.ts';
import type { GatewatchProcess } from '../support/gatewatch-process.ts';

const OWNER = { ip: '192.0.2.10', costUsd: 0.00001 };
const THIEF = { ip: '203.0.113.66', costUsd: 0.00005 };
const DEADLINE_MS = 60_000;

interface Lab {
  gateway: FakeGateway;
  gatewatch: Pick<GatewatchProcess, 'send' | 'api'>;
  /** Brings what the gateway has logged since to gatewatch. */
  ship(): Promise<void>;
}

/** A key is reported as leaked and used, until the gateway refuses it; then the block is proven. */
export async function theStolenKeyIsBlocked({ gateway, gatewatch, ship }: Lab): Promise<void> {
  for (let index = 0; index < 60; index += 1) {
    gateway.call(gateway.createKey({ alias: `other-${index.toString()}`, team: 'others' }).key, OWNER);
  }
  const { key, keyId } = gateway.createKey({ alias: 'stolen', team: 'search', user: 'dana' });
  for (const alias of ['a', 'b', 'c', 'd'])
    gateway.call(gateway.createKey({ alias, team: 'search' }).key, OWNER);
  gateway.call(key, OWNER);
  await ship();
  await gatewatch.send('/v1/leaks', { source: 'scanner', keys: [{ sha256: keyId }] });
  const deadline = Date.now() + DEADLINE_MS;
  while (gateway.call(key, THIEF) === 200) {
    expect(Date.now()).toBeLessThan(deadline);
    await ship();
    await pause(100);
  }
  await ship();
  await vi.waitFor(
    async () => {
      const { incidents } = await gatewatch.api<{ incidents: { key_id: string; containment: string }[] }>(
        '/v1/incidents',
      );
      expect(incidents.map(({ key_id, containment }) => [key_id, containment])).toEqual([
        [keyId, 'verified'],
      ]);
    },
    { timeout: DEADLINE_MS, interval: 200 },
  );
}
