import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseFleet, readFleet, writeFleet } from '../../../services/respond/fleet.ts';
import { openEmbeddedStore } from '../../../services/stores/embedded.ts';
import type { Store } from '../../../services/stores/store.ts';
import { encodeRow } from '../../../services/stores/tables.ts';
import { NOW, aKeyId } from '../../support/findings.ts';
import { MemoryStore } from '../../support/memory-store.ts';

const log = pino({ level: 'silent' });
const DAY_MS = 86_400_000;

let dir: string;
let store: Store;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'gatewatch-fleet-'));
  store = await openEmbeddedStore({ dir, retentionDays: 90, log });
});
afterAll(async () => {
  await store.close();
  await rm(dir, { recursive: true, force: true });
});

const keyRow = (keyId: string, team: string, lastSeenAt: number) =>
  encodeRow('keys', {
    key_id: keyId,
    gateway: 'litellm',
    key_alias: '',
    team,
    user: '',
    first_seen_at: NOW - 90 * DAY_MS,
    last_seen_at: lastSeenAt,
    calls: 1,
    cost_usd: 0,
    is_learning: 0,
    profile: '{}',
  });

describe('the fleet', () => {
  it('counts keys used within 30 days by team, each once, and no foreign credentials', async () => {
    await store.insert('keys', [
      keyRow(aKeyId(1), 'red', NOW - DAY_MS),
      keyRow(aKeyId(1), 'red', NOW),
      keyRow(aKeyId(2), 'red', NOW - 29 * DAY_MS),
      keyRow(aKeyId(3), 'blue', NOW),
      keyRow(aKeyId(4), 'blue', NOW - 31 * DAY_MS),
      keyRow('foreign:00', 'blue', NOW),
      keyRow('', '', NOW),
    ]);
    const fleet = await readFleet(store, NOW, log);
    expect(fleet).toEqual({
      activeKeys: 3,
      keysByTeam: new Map([
        ['red', 2],
        ['blue', 1],
      ]),
    });
    if (fleet !== undefined) expect(parseFleet(writeFleet(fleet))).toEqual(fleet);
  });

  it('is unknown while the store is away', async () => {
    const away = new MemoryStore();
    away.isAway = true;
    expect(await readFleet(away, NOW, log)).toBeUndefined();
  });
});
