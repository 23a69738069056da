import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KeySummary } from '../../../detectors/detector.ts';
import type { KeyId } from '../../../detectors/event.ts';
import {
  eventListSchema,
  incidentDetailSchema,
  incidentListSchema,
  keyDetailSchema,
  keyListSchema,
  sqlResponseSchema,
} from '../../../services/api/schema.ts';
import type { Incident } from '../../../services/api/schema.ts';
import type { IncidentSnapshot } from '../../../services/incidents/incident.ts';
import { incidentRow } from '../../../services/respond/desk/rows.ts';
import { openEmbeddedStore } from '../../../services/stores/embedded.ts';
import type { Store } from '../../../services/stores/store.ts';
import { openApi } from '../../support/api.ts';
import type { TestApi } from '../../support/api.ts';
import { aLine, anIncidentSnapshot } from '../../support/notifications.ts';
import { quietLog } from '../../support/quiet.ts';
import { aKeyId, anEventRow, aRow } from '../../support/store-rows.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const NOW = Date.now();
const HOSTILE = [
  "'; DROP TABLE events; --",
  '\\',
  "\\'",
  '"',
  '\t',
  '\n',
  '\u0000',
  '{limit:UInt32}',
  '%',
  '🗝',
  '`',
];

let dir: string;
let store: Store;
let api: TestApi;
let live: KeySummary | undefined;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'gatewatch-api-store-'));
  store = await openEmbeddedStore({ dir, retentionDays: 90, log: quietLog });
  api = await openApi({ store, describeKey: (keyId) => (live?.keyId === keyId ? live : undefined) });
}, 60_000);
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await store.close();
  await rm(dir, { recursive: true });
});

let count = 0;

/** An incident of a team of its own, opened a minute before the one before. */
function anIncident(changes: Partial<IncidentSnapshot> = {}): IncidentSnapshot {
  count += 1;
  const at = NOW - count * 60_000;
  const times = { openedAt: at, updatedAt: at, firstEventAt: at - 60_000, lastEventAt: at };
  const keyId = aKeyId(count);
  const names = {
    incidentId: `inc_${String(count).padStart(6, '0')}`,
    team: `team-${count}`,
    user: `user-${count}`,
  };
  return anIncidentSnapshot({
    ...times,
    ...names,
    keyId,
    entity: { type: 'key', keyId },
    evidence: [],
    ...changes,
  });
}

async function keep<Incidents extends readonly IncidentSnapshot[]>(
  ...incidents: Incidents
): Promise<Incidents> {
  await store.insert(
    'incidents',
    incidents.map((one) => incidentRow(one).row),
  );
  return incidents;
}

const get = async (path: string, query: Record<string, string> = {}) =>
  api.as('read', { url: `${path}?${new URLSearchParams(query).toString()}` });

async function list(query: Record<string, string>): Promise<{ incidents: Incident[]; next: string | null }> {
  const answer = await get('/v1/incidents', query);
  expect(answer.statusCode, answer.body).toBe(200);
  return incidentListSchema.parse(answer.json());
}

const idsOf = ({ incidents }: { incidents: { incident_id: string }[] }) =>
  incidents.map(({ incident_id: id }) => id);

describe('GET /v1/incidents', () => {
  it('gives an incident under the names of the table, with its evidence line by line', async () => {
    const evidence = anIncidentSnapshot().evidence.map((part) => ({
      ...part,
      lines: [...part.lines, aLine({ feature: 'new-country', bits: 1.25, isWeak: true })],
    }));
    const [incident] = await keep(anIncident({ evidence }));
    const { incidents } = await list({ team: incident.team });
    expect(incidents).toHaveLength(1);
    expect(incidents[0]).toMatchObject({
      incident_id: incident.incidentId,
      opened_at: new Date(incident.openedAt).toISOString(),
      closed_at: null,
      kind: 'leaked_key',
      severity: 'critical',
      containment: 'requested',
      score_bits: 27.5,
      key_id: incident.keyId,
      entity: `key:${incident.keyId}`,
      certainty: 'leak-in-use',
      indicators: ['ip:203.0.113.7'],
      usd_lost: 12.4,
      events: 31,
      decision: { action: 'block', reason: 'certain-evidence', next_level: '' },
    });
    expect(incidents[0]?.evidence).toMatchObject([
      { detector: 'leak-in-use', family: 'network', feature: 'new-network', bits: 7.5, is_weak: false },
      { family: 'leak', bits: 20 },
      { feature: 'new-country', bits: 1.25, is_weak: true },
    ]);
  });

  it('shows the newest version of an incident only', async () => {
    const [incident] = await keep(anIncident());
    await keep({
      ...incident,
      version: incident.version + 1,
      status: 'resolved',
      verdict: 'ours',
      closedAt: NOW,
    });
    const { incidents } = await list({ key_id: incident.keyId });
    expect(incidents).toMatchObject([
      { status: 'resolved', verdict: 'ours', closed_at: new Date(NOW).toISOString() },
    ]);
  });

  it('filters by each of its filters, and by all of them together', async () => {
    const team = 'team-of-filters';
    const [base, resolved, geo, low, old] = await keep(
      anIncident({ team }),
      anIncident({ team, status: 'resolved' }),
      anIncident({ team, kind: 'geo' }),
      anIncident({ team, severity: 'low' }),
      anIncident({ team, openedAt: NOW - 3 * DAY_MS }),
    );
    const found = async (query: Record<string, string>) => new Set(idsOf(await list({ team, ...query })));
    const ids = (...incidents: IncidentSnapshot[]) => new Set(incidents.map(({ incidentId }) => incidentId));
    expect(await found({})).toEqual(ids(base, resolved, geo, low, old));
    expect(await found({ status: 'resolved' })).toEqual(ids(resolved));
    expect(await found({ status: 'open,resolved' })).toEqual(ids(base, resolved, geo, low, old));
    expect(await found({ status: 'acknowledged' })).toEqual(ids());
    expect(await found({ kind: 'geo' })).toEqual(ids(geo));
    expect(await found({ severity: 'low,info' })).toEqual(ids(low));
    expect(await found({ key_id: base.keyId })).toEqual(ids(base));
    const aDayAgo = NOW - DAY_MS;
    for (const since of [
      new Date(aDayAgo).toISOString(),
      String(aDayAgo),
      String(Math.round(aDayAgo / 1000)),
    ]) {
      expect(await found({ since }), since).toEqual(ids(base, resolved, geo, low));
    }
    expect(
      await found({ status: 'open', kind: 'leaked_key', severity: 'critical', key_id: base.keyId }),
    ).toEqual(ids(base));
  });

  it('takes whatever stands in a filter as a value', async () => {
    for (const team of HOSTILE) await keep(anIncident({ team }));
    for (const team of HOSTILE) {
      const { incidents } = await list({ team });
      expect(
        incidents.map((one) => one.team),
        JSON.stringify(team),
      ).toEqual([team]);
    }
  });

  it.each([
    { status: 'closed' },
    { kind: 'leaked-key' },
    { severity: 'urgent' },
    { since: 'yesterday' },
    { limit: '0' },
    { limit: '501' },
    { limit: 'ten' },
    { cursor: 'made up' },
    { cursor: Buffer.from('[1]').toString('base64url') },
    { colour: 'red' },
  ])('refuses %j', async (query) => {
    const answer = await get('/v1/incidents', query);
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toMatchObject({ error: { code: 'E_BAD_REQUEST' } });
  });

  it('turns pages without missing or doubling one, while new ones come in', async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 25 }),
        fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 5 }),
        fc.integer({ min: 1, max: 7 }),
        async (before, later, limit) => {
          run += 1;
          const team = `team-pages-${run}`;
          // Few different times, so that many incidents share one.
          const at = (minutes: number) => ({ team, openedAt: NOW - minutes * 60_000 });
          const first = await keep(...before.map((minutes) => anIncident(at(minutes))));
          const seen: string[] = [];
          let cursor: string | null = '';
          for (let pages = 0; cursor !== null; pages += 1) {
            const page = await list({ team, limit: String(limit), ...(cursor === '' ? {} : { cursor }) });
            seen.push(...idsOf(page));
            expect(page.incidents.length).toBeLessThanOrEqual(limit);
            cursor = page.next;
            if (pages === 0 && later.length > 0)
              await keep(...later.map((minutes) => anIncident(at(minutes))));
          }
          expect(new Set(seen).size).toBe(seen.length);
          const wanted = [...first].sort(
            (a, b) => b.openedAt - a.openedAt || (a.incidentId < b.incidentId ? 1 : -1),
          );
          const old = new Set(wanted.map(({ incidentId }) => incidentId));
          expect(seen.filter((id) => old.has(id))).toEqual(wanted.map(({ incidentId }) => incidentId));
        },
      ),
      { numRuns: 8 },
    );
  }, 60_000);

  it('gives 50 unless told otherwise, and no cursor on the last page', async () => {
    const team = 'team-of-fifty';
    await keep(...Array.from({ length: 51 }, () => anIncident({ team })));
    const first = await list({ team });
    expect(first.incidents).toHaveLength(50);
    const second = await list({ team, cursor: first.next ?? '' });
    expect([second.incidents.length, second.next]).toEqual([1, null]);
    expect(await list({ team, limit: '51' })).toMatchObject({ next: null });
  });
});

describe('GET /v1/incidents/{id}', () => {
  it('tells the whole story', async () => {
    const actions = [
      {
        ...({
          actionId: 'act_1',
          kind: 'block',
          state: 'sent',
          reason: 'certain-evidence',
          actor: 'policy',
        } as const),
        ...{ requestedAt: NOW - 2_000, sentAt: NOW - 1_000, verifiedAt: null },
      },
    ];
    const timeline = [{ at: NOW, change: 'opened', actor: 'policy', note: '' }];
    const [incident] = await keep(anIncident({ actions, timeline }));
    const detail = incidentDetailSchema.parse((await get(`/v1/incidents/${incident.incidentId}`)).json());
    expect(detail.timeline).toEqual([
      { at: new Date(NOW).toISOString(), change: 'opened', actor: 'policy', note: '' },
    ]);
    expect(detail.actions).toEqual([
      {
        ...{ action_id: 'act_1', kind: 'block', state: 'sent', reason: 'certain-evidence', actor: 'policy' },
        ...{
          requested_at: new Date(NOW - 2_000).toISOString(),
          sent_at: new Date(NOW - 1_000).toISOString(),
        },
        verified_at: null,
      },
    ]);
    expect(detail.related).toEqual([]);
  });

  it('names those that share a team, a user or a source, and says which', async () => {
    const from = (...indicators: string[]) => [
      { ...(anIncidentSnapshot().evidence[0] as never as object), indicators } as never,
    ];
    const [main, team, source, both] = await keep(
      anIncident({
        team: 'shared',
        user: '',
        evidence: from('ip:203.0.113.99', 'country:NO', 'client:curl'),
      }),
      anIncident({ team: 'shared', user: '' }),
      anIncident({ user: '', evidence: from('ip:203.0.113.99') }),
      anIncident({ team: 'shared', user: '', evidence: from('ip:203.0.113.99', 'ip:203.0.113.98') }),
      anIncident({ team: '', user: '', evidence: from('country:NO', 'client:curl') }),
      anIncident({ team: 'shared', user: '', openedAt: NOW - 20 * DAY_MS }),
    );
    const { related } = incidentDetailSchema.parse((await get(`/v1/incidents/${main.incidentId}`)).json());
    expect(related.map(({ incident_id: id, why }) => [id, why])).toEqual([
      [both.incidentId, ['team', 'ip:203.0.113.99']],
      [team.incidentId, ['team']],
      [source.incidentId, ['ip:203.0.113.99']],
    ]);
  });

  it.each(['inc_none', ...HOSTILE.map((text) => encodeURIComponent(text))])(
    'does not know %s',
    async (id) => {
      expect((await get(`/v1/incidents/${id}`)).statusCode).toBe(404);
    },
  );
});

describe('GET /v1/events', () => {
  const keyId = aKeyId(9_001);
  const teamId = 'team-of-events';
  const at = NOW - 2 * HOUR_MS;

  beforeAll(async () => {
    const rows = Array.from({ length: 7 }, (_, index) =>
      anEventRow({
        keyId,
        team: teamId,
        ts: at + Math.floor(index / 2) * 60_000,
        eventId: `event-${index}`,
        isImport: index === 0,
      }),
    );
    await store.insert('events', [
      ...rows,
      anEventRow({ team: teamId, keyId: aKeyId(9_002), ts: at, eventId: 'other' }),
    ]);
  });

  async function events(query: Record<string, string>) {
    const answer = await get('/v1/events', query);
    expect(answer.statusCode, answer.body).toBe(200);
    return eventListSchema.parse(answer.json());
  }
  const ids = ({ events: rows }: { events: { event_id: string }[] }) => rows.map(({ event_id: id }) => id);

  it('gives the calls of a key, newest first, as the table has them', async () => {
    const found = await events({ key_id: keyId });
    expect(ids(found)).toEqual([6, 5, 4, 3, 2, 1, 0].map((index) => `event-${index}`));
    expect(found.events.at(-1)).toMatchObject({
      ...{ ts: new Date(at).toISOString(), country: 'DE', asn: 64_500, cost_usd: 0.001, total_tokens: 250 },
      is_import: true,
    });
  });

  it('turns pages, over calls of one moment too', async () => {
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page = await events({ key_id: keyId, limit: '2', ...(cursor === '' ? {} : { cursor }) });
      seen.push(...ids(page));
      cursor = page.next;
    }
    expect(seen).toEqual([6, 5, 4, 3, 2, 1, 0].map((index) => `event-${index}`));
  });

  it('filters by team and by time, both ends included', async () => {
    expect(ids(await events({ team: teamId }))).toHaveLength(8);
    const [since, until] = [new Date(at + 60_000).toISOString(), new Date(at + 120_000).toISOString()];
    expect(ids(await events({ key_id: keyId, since, until }))).toEqual([
      'event-5',
      'event-4',
      'event-3',
      'event-2',
    ]);
  });

  it('gives the calls of an incident: of its key, team or user, from its first event on, until it was closed', async () => {
    const from = { firstEventAt: at + 60_000, lastEventAt: at + 60_000 };
    const [open, closed, ofTeam, ofUser] = await keep(
      anIncident({ keyId, entity: { type: 'key', keyId }, ...from }),
      anIncident({
        keyId,
        entity: { type: 'key', keyId },
        ...from,
        closedAt: at + 130_000,
        status: 'resolved',
      }),
      anIncident({ keyId: '', team: teamId, entity: { type: 'team', team: teamId }, firstEventAt: at }),
      anIncident({ keyId: '', user: 'nobody', entity: { type: 'user', user: 'nobody' }, firstEventAt: at }),
    );
    const story = ['event-5', 'event-4', 'event-3', 'event-2'];
    expect(ids(await events({ incident_id: open.incidentId }))).toEqual(['event-6', ...story]);
    expect(ids(await events({ incident_id: closed.incidentId }))).toEqual(story);
    expect(ids(await events({ incident_id: ofTeam.incidentId }))).toHaveLength(8);
    expect(ids(await events({ incident_id: ofUser.incidentId }))).toEqual([]);
    expect((await get('/v1/events', { incident_id: 'inc_none' })).statusCode).toBe(404);
  });

  it('takes whatever stands in a filter as a value', async () => {
    for (const text of HOSTILE) {
      expect(ids(await events({ key_id: text, team: text }))).toEqual([]);
    }
  });
});

describe('GET /v1/keys', () => {
  const key = {
    gateway: 'litellm',
    key_alias: '<b>search</b>',
    team: 'team-of-keys',
    user: 'dana',
    profile: '{"countries":["NO"]}',
  };
  const idOf = (index: number) => aKeyId(9_100 + index);

  beforeAll(async () => {
    const rows = [0, 1, 2, 3, 4].map((index) =>
      aRow('keys', {
        ...{
          ...key,
          key_id: idOf(index),
          first_seen_at: NOW - Math.floor(index / 2) * DAY_MS,
          last_seen_at: NOW,
        },
        ...{ calls: 12, cost_usd: 0.5, is_learning: index === 0 ? 1 : 0 },
      }),
    );
    await store.insert('keys', rows);
    await store.insert('leaked_keys', [
      aRow('leaked_keys', {
        key_id: idOf(0),
        type: 'leak',
        source: 'github',
        url: 'https://example.com/x',
        is_verified: 1,
      }),
    ]);
    await keep(anIncident({ keyId: idOf(0), team: 'team-of-keys' }));
  });

  it('lists them, newest first, in pages', async () => {
    const first = keyListSchema.parse((await get('/v1/keys', { team: key.team, limit: '3' })).json());
    const rest = keyListSchema.parse(
      (await get('/v1/keys', { team: key.team, cursor: first.next ?? '' })).json(),
    );
    const all = [...first.keys, ...rest.keys];
    expect(new Set(all.map(({ key_id: id }) => id))).toEqual(new Set([0, 1, 2, 3, 4].map(idOf)));
    expect(all.map(({ first_seen_at: at }) => Date.parse(at))).toEqual([
      NOW,
      NOW,
      NOW - DAY_MS,
      NOW - DAY_MS,
      NOW - 2 * DAY_MS,
    ]);
    expect(rest.next).toBeNull();
    expect(all.find(({ key_id: id }) => id === idOf(0))).toMatchObject({
      calls: 12,
      is_learning: true,
      key_alias: '<b>search</b>',
    });
  });

  it('tells what is normal for one, where it leaked, and what happened', async () => {
    const detail = keyDetailSchema.parse((await get(`/v1/keys/${idOf(0)}`)).json());
    expect(detail.profile).toEqual({ countries: ['NO'] });
    expect(detail.leaks).toMatchObject([{ type: 'leak', source: 'github', is_verified: true, place: '' }]);
    expect(detail.incidents).toMatchObject([{ key_id: idOf(0) }]);
  });

  it('prefers what the detectors know now to what the table says', async () => {
    live = {
      ...{
        keyId: idOf(0),
        gateway: 'litellm',
        keyAlias: 'search',
        team: 'team-of-keys',
        user: 'dana',
        calls: 13,
        costUsd: 0.6,
      },
      ...{
        firstSeenAt: NOW - HOUR_MS,
        lastSeenAt: NOW,
        isLearning: false,
        profile: { countries: ['NO', 'SE'] },
      },
    };
    const detail = keyDetailSchema.parse((await get(`/v1/keys/${idOf(0)}`)).json());
    live = undefined;
    expect(detail).toMatchObject({ calls: 13, is_learning: false, profile: { countries: ['NO', 'SE'] } });
  });

  it('knows a key that only the detectors know yet, and no other', async () => {
    const keyId = 'foreign:0123456789abcdef' as KeyId;
    live = {
      ...{ keyId, gateway: 'litellm', keyAlias: '', team: '', user: '', calls: 1, costUsd: 0 },
      ...{ firstSeenAt: NOW, lastSeenAt: NOW, isLearning: true, profile: {} },
    };
    expect((await get(`/v1/keys/${keyId}`)).json()).toMatchObject({
      key_id: keyId,
      leaks: [],
      incidents: [],
    });
    live = undefined;
    expect((await get(`/v1/keys/${keyId}`)).statusCode).toBe(404);
  });
});

describe('POST /v1/sql', () => {
  const ask = (payload: object) => api.as('read', { method: 'POST', url: '/v1/sql', payload });

  it('answers a SELECT with columns and rows', async () => {
    const answer = await ask({ query: 'SELECT 1 AS one, {name:String} AS name', params: { name: "o'hara" } });
    expect(answer.statusCode, answer.body).toBe(200);
    expect(sqlResponseSchema.strict().parse(answer.json())).toMatchObject({
      columns: [
        { name: 'one', type: 'UInt8' },
        { name: 'name', type: 'String' },
      ],
      rows: [[1, "o'hara"]],
      truncated: false,
    });
  });

  it('cuts after 10,000 rows and says so', async () => {
    const query = 'SELECT arrayJoin(range(10001)) AS n';
    const { rows, truncated } = (await ask({ query })).json<{ rows: unknown[]; truncated: boolean }>();
    expect([rows.length, truncated]).toEqual([10_000, true]);
    expect((await ask({ query, format: 'csv' })).headers['x-truncated']).toBe('true');
  });

  it('gives CSV that no spreadsheet takes for formulas', async () => {
    const query = "SELECT '=1+1' AS text, -1 AS number, 'a\"b' AS quoted";
    const answer = await ask({ query, format: 'csv' });
    expect(answer.headers['content-type']).toBe('text/csv; charset=utf-8');
    expect(answer.headers['content-disposition']).toContain('attachment');
    expect(answer.body).toBe('text,number,quoted\r\n\'=1+1,-1,"a""b"\r\n');
  });

  it.each([
    ['INSERT INTO events VALUES (1)', 'E_SQL_REFUSED'],
    ['SELECT * FROM system.tables', 'E_SQL_REFUSED'],
    ["SELECT file('/etc/passwd')", 'E_SQL_REFUSED'],
    ['SELECT 1; SELECT 2', 'E_SQL_REFUSED'],
    ['SELECT nothing FROM events', 'E_SQL_INVALID'],
  ])('refuses %s', async (query, code) => {
    const answer = await ask({ query });
    expect([answer.statusCode, answer.json<{ error: { code: string } }>().error.code]).toEqual([400, code]);
  });

  it('counts what became of each query', async () => {
    const { sqlQueries } = api.deps.metrics;
    const counted = async (result: string) =>
      (await sqlQueries.get()).values.find(({ labels }) => labels.result === result)?.value ?? 0;
    const before = { ok: await counted('ok'), refused: await counted('refused') };
    await ask({ query: 'SELECT 1' });
    await ask({ query: 'DROP TABLE events' });
    expect(await counted('ok')).toBe(before.ok + 1);
    expect(await counted('refused')).toBe(before.refused + 1);
  });

  it('makes nobody wait behind a crowd', async () => {
    const answers = await Promise.all(Array.from({ length: 30 }, () => ask({ query: 'SELECT 1' })));
    const statuses = answers.map(({ statusCode }) => statusCode);
    expect(new Set(statuses)).toEqual(new Set([200, 503]));
    expect(statuses.filter((status) => status === 200)).toHaveLength(16);
    expect((await ask({ query: 'SELECT 1' })).statusCode).toBe(200);
  });

  it.each([
    ['no query', {}],
    ['another format', { query: 'SELECT 1', format: 'xml' }],
    ['settings', { query: 'SELECT 1', settings: { readonly: 0 } }],
    ['a parameter with a strange name', { query: 'SELECT 1', params: { 'a b': 1 } }],
  ])('refuses %s', async (_story, payload) => {
    const answer = await ask(payload);
    expect([answer.statusCode, answer.json<{ error: { code: string } }>().error.code]).toEqual([
      400,
      'E_BAD_REQUEST',
    ]);
  });
});
