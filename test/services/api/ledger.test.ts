import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readLedger } from '../../../services/api/ledger.ts';
import { ledgerSchema } from '../../../services/api/schema.ts';
import type { LedgerRow } from '../../../services/api/schema.ts';
import { main } from '../../../services/cli/main.ts';
import type { IncidentSnapshot } from '../../../services/incidents/incident.ts';
import { incidentRow } from '../../../services/respond/desk/rows.ts';
import { openEmbeddedStore } from '../../../services/stores/embedded.ts';
import type { Store } from '../../../services/stores/store.ts';
import { openApi } from '../../support/api.ts';
import { anIncidentSnapshot } from '../../support/notifications.ts';
import { quietLog } from '../../support/quiet.ts';
import { aKeyId, anEventRow, aRow } from '../../support/store-rows.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const NOW = Date.now();
const AT = NOW - DAY_MS;
const PROMOTION = { verdicts: 2, precision: 0.9 };
/** What `anEventRow` looks up. */
const STORY = '["asn:64500","ip:192.0.2.7"]';
const ELSEWHERE = '["asn:64511"]';

let dir: string;
let store: Store;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'gatewatch-ledger-'));
  store = await openEmbeddedStore({ dir: join(dir, 'store'), retentionDays: 90, log: quietLog });
}, 60_000);
afterEach(async () => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  await store.close();
  await rm(dir, { recursive: true, force: true });
});

let count = 0;

interface Story extends Partial<IncidentSnapshot> {
  detector?: string;
  rule?: 'certain-evidence' | 'three-families';
  /** Undefined: its evidence was never enough. */
  wouldAt?: number | undefined;
  indicators?: string;
  blockedAt?: number;
}

/** An incident of a key of its own, the finding that made it, and what would have been done about it. */
async function tell({
  detector = 'new-party',
  rule = 'three-families',
  indicators = STORY,
  ...story
}: Story = {}): Promise<{ incidentId: string; keyId: ReturnType<typeof aKeyId> }> {
  count += 1;
  const { wouldAt = AT, blockedAt, ...changes } = { wouldAt: AT, ...story };
  const isEnough = !('wouldAt' in story) || story.wouldAt !== undefined;
  const keyId = aKeyId(count);
  const incidentId = `inc_${String(count).padStart(6, '0')}`;
  const incident = anIncidentSnapshot({
    ...{ incidentId, keyId, entity: { type: 'key', keyId }, evidence: [] },
    ...{ openedAt: AT, updatedAt: AT, firstEventAt: AT - 6 * MINUTE_MS, usdLost: 30, ...changes },
  });
  await store.insert('incidents', [incidentRow(incident).row]);
  await store.insert('findings', [aRow('findings', { ts: AT, incident_id: incidentId, detector })]);
  const one = { ts: wouldAt, incident_id: incidentId, detector, rule, action: 'block', key_id: keyId };
  const money = { usd_lost: 10, usd_per_hour: 120, indicators };
  if (isEnough) await store.insert('ledger', [aRow('ledger', { ...one, ...money })]);
  if (blockedAt !== undefined) {
    const block = {
      ts: blockedAt,
      incident_id: incidentId,
      kind: 'block',
      actor: 'policy',
      state: 'verified',
    };
    await store.insert('actions', [aRow('actions', block)]);
  }
  return { incidentId, keyId };
}

const read = (days = 28) => readLedger(store, { days, now: NOW, promotion: PROMOTION });

async function line(action: 'tell' | 'block', detector = 'new-party'): Promise<LedgerRow> {
  const [found, ...more] = (await read()).filter((row) => row.action === action && row.detector === detector);
  if (found === undefined || more.length > 0) throw new Error('Not one line.');
  return found;
}

describe('the ledger', () => {
  it('counts what was told, what would have been blocked, what was, and what people said', async () => {
    await tell({ verdict: 'attack' });
    await tell({ verdict: 'ours' });
    await tell({ verdict: 'planned', wouldAt: undefined });
    await tell({ verdict: 'unclear', blockedAt: AT });
    await tell({ verdict: '' });
    expect(await line('tell')).toMatchObject({
      ...{ incidents: 5, would_block: 4, blocked: 1 },
      ...{ attack: 1, ours: 1, planned: 1, unclear: 1, no_verdict: 1, verdicts: 3, precision: 1 / 3 },
    });
    expect(await line('block')).toMatchObject({
      ...{ incidents: 4, would_block: 4, blocked: 1, rule: 'three-families' },
      ...{ attack: 1, ours: 1, planned: 0, unclear: 1, no_verdict: 1, verdicts: 2, precision: 0.5 },
    });
  });

  it('keeps detectors and rules apart', async () => {
    await tell({ detector: 'leak-in-use', rule: 'certain-evidence' });
    const { incidentId } = await tell();
    await store.insert('ledger', [
      aRow('ledger', {
        ts: AT,
        incident_id: incidentId,
        detector: 'new-party',
        rule: 'certain-evidence',
        action: 'block',
      }),
    ]);
    const lines = (await read()).map(({ detector, action, rule, incidents }) => [
      detector,
      action,
      rule,
      incidents,
    ]);
    expect(lines).toEqual([
      ['leak-in-use', 'tell', '', 1],
      ['leak-in-use', 'block', 'certain-evidence', 1],
      ['new-party', 'tell', '', 1],
      ['new-party', 'block', 'certain-evidence', 1],
      ['new-party', 'block', 'three-families', 1],
    ]);
  });

  it('leaves out incidents that are older than was asked for', async () => {
    await tell({ openedAt: NOW - 10 * DAY_MS, wouldAt: NOW - 10 * DAY_MS });
    expect(await read(9)).toEqual([]);
    expect(await read(11)).toHaveLength(2);
  });

  it('says what was spent after it would have blocked', async () => {
    await tell({ verdict: 'attack', usdLost: 30 });
    expect(await line('block')).toMatchObject({ usd_lost: 30, usd_would_save: 20, usd_saved: 0 });
  });

  it.each([
    { story: 'until people closed it', closedAt: AT + 2 * HOUR_MS, usd: 240 },
    { story: 'for a day at most', closedAt: null, usd: 120 * 24 },
  ])('estimates what a block saved, $story', async ({ closedAt, usd }) => {
    await tell({ closedAt, blockedAt: AT, verdict: 'attack' });
    const { usd_saved: saved, usd_would_save: would } = await line('block');
    expect(saved).toBeCloseTo(usd, 0);
    expect(would).toBe(0);
  });

  it('calls no dollars of the owner lost or saved', async () => {
    await tell({ verdict: 'planned' });
    await tell({ verdict: 'ours', blockedAt: AT });
    expect(await line('block')).toMatchObject({ usd_lost: 0, usd_would_save: 0, usd_saved: 0 });
  });

  it.each([
    { story: 'those from elsewhere', ofStory: ELSEWHERE, verdict: 'attack', calls: 2 },
    { story: 'none from the networks of the story', ofStory: STORY, verdict: 'attack', calls: 0 },
    { story: 'all, where people called it theirs', ofStory: STORY, verdict: 'ours', calls: 2 },
  ] as const)('counts calls of the owner that a block would have broken: $story', async (one) => {
    const { keyId } = await tell({ verdict: one.verdict, indicators: one.ofStory });
    await store.insert('events', [
      anEventRow({ keyId, ts: AT - 1_000 }),
      anEventRow({ keyId, ts: AT + MINUTE_MS }),
      anEventRow({ keyId, ts: AT + 2 * MINUTE_MS, status: 'failure', outcome: 'blocked_key' }),
      anEventRow({ keyId, ts: AT + 3 * MINUTE_MS, status: 'failure', outcome: 'rate_limited' }),
      anEventRow({ keyId, ts: AT + 61 * MINUTE_MS }),
      anEventRow({ keyId: aKeyId(9_999), ts: AT + MINUTE_MS }),
    ]);
    expect((await line('block')).own_calls).toBe(one.calls);
  });

  it('says how long it took, from the first event', async () => {
    await tell({ wouldAt: AT });
    await tell({ wouldAt: AT + 4 * MINUTE_MS });
    await tell({ wouldAt: AT + 54 * MINUTE_MS });
    await tell({ wouldAt: undefined });
    expect((await line('block')).median_minutes).toBe(10);
    expect((await line('tell')).median_minutes).toBe(10);
  });

  it('has no time and no precision where there is nothing to measure', async () => {
    await tell({ wouldAt: undefined });
    expect(await line('tell')).toMatchObject({ median_minutes: null, precision: null, own_calls: 0 });
  });

  it.each([
    { story: 'too few verdicts', verdicts: ['attack', 'unclear'], fit: false, why: '1 of 2 verdicts' },
    {
      story: 'right often enough',
      verdicts: ['attack', 'attack'],
      fit: true,
      why: 'right in 100 % of 2 verdicts',
    },
    {
      story: 'wrong too often',
      verdicts: ['attack', 'attack', 'ours'],
      fit: false,
      why: 'right in 66 % of 3 verdicts, 90 % is asked for',
    },
  ] as const)('says whether a detector is fit to block by itself: $story', async ({ verdicts, fit, why }) => {
    for (const verdict of verdicts) await tell({ verdict });
    expect(await line('block')).toMatchObject({ promotable: fit, why });
    expect(await line('tell')).toMatchObject({ promotable: null, why: '' });
  });

  it('is read at /v1/ledger', async () => {
    await tell({ verdict: 'attack' });
    await using api = await openApi({ store });
    const answer = await api.as('read', { url: '/v1/ledger?days=7' });
    expect(answer.statusCode, answer.body).toBe(200);
    expect(ledgerSchema.parse(answer.json())).toMatchObject({
      days: 7,
      ledger: [{ action: 'tell' }, { why: '1 of 10 verdicts' }],
    });
    expect((await api.as('read', { url: '/v1/ledger?days=0' })).statusCode).toBe(400);
    expect((await api.as('ingest', { url: '/v1/ledger' })).statusCode).toBe(403);
  });

  it('is printed by the command line, which opens the store where nothing runs', async () => {
    await tell({ verdict: 'attack' });
    await store.close();
    vi.stubEnv('GATEWATCH_DATA_DIR', dir);
    let printed = '';
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
      printed += String(text);
      return true;
    });
    expect(await main(['ledger'])).toBe(0);
    expect(printed).toMatch(/^detector +action +rule/);
    expect(printed).toMatch(/new-party +block +three families .*100 % of 1 .*no: 1 of 10 verdicts/);
    printed = '';
    expect(await main(['ledger', '--json', '--days', '7'])).toBe(0);
    const rows = printed
      .trim()
      .split('\n')
      .map((text) => JSON.parse(text) as LedgerRow);
    expect(rows.map(({ action }) => action)).toEqual(['tell', 'block']);
    store = await openEmbeddedStore({ dir: join(dir, 'store'), retentionDays: 90, log: quietLog });
  });
});
