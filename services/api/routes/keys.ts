import type { KeySummary } from '../../../detectors/detector.ts';
import type { KeyId } from '../../../detectors/event.ts';
import { AppError } from '../../errors.ts';
import { decodeCursor, toPage } from '../cursor.ts';
import type { Api, ApiDeps } from '../deps.ts';
import { incidentsOfKey } from '../incident-queries.ts';
import { toHead } from '../incident-shape.ts';
import {
  idParamsSchema,
  keyDetailSchema,
  keyListSchema,
  keyQuerySchema,
  keySchema,
  leakSchema,
} from '../schema.ts';
import type { Key, KeyDetail } from '../schema.ts';
import { before, select, toApi, when } from '../select.ts';

/** By the time of the first call, because that of the last one moves while people turn pages. */
const ORDER = { time: 'first_seen_at', id: 'key_id' };
const COLUMNS =
  'key_id, gateway, key_alias, team, user, first_seen_at, last_seen_at, calls, cost_usd, is_learning';
const INCIDENTS_SHOWN = 20;
const tags = ['keys'];

export function registerKeys(app: Api, deps: ApiDeps): void {
  app.get(
    '/v1/keys',
    {
      config: { access: 'read' },
      schema: {
        tags,
        summary: 'Keys seen in the traffic, newest first',
        querystring: keyQuerySchema,
        response: { 200: keyListSchema },
      },
    },
    async ({ query }) => {
      const where = [
        when(query.team, 'team = {team:String}', 'team'),
        when(query.user, 'user = {user:String}', 'user'),
        when(query.gateway, 'gateway = {gateway:String}', 'gateway'),
        before(decodeCursor(query.cursor), ORDER),
      ];
      const limit = query.limit + 1;
      const found = await select<Record<string, unknown>>(deps.store, {
        table: 'keys',
        columns: COLUMNS,
        where,
        order: ORDER,
        limit,
      });
      const keys = found.map((row) => keySchema.parse(toApi('keys', row)));
      const { rows, next } = toPage(keys, query.limit, (key) => ({
        at: Date.parse(key.first_seen_at),
        id: key.key_id,
      }));
      return { keys: rows, next };
    },
  );

  app.get(
    '/v1/keys/:id',
    {
      config: { access: 'read' },
      schema: {
        tags,
        summary: 'A key: its profile, what is normal for it, whether it is still being learned',
        params: idParamsSchema,
        response: { 200: keyDetailSchema },
      },
    },
    ({ params }) => describeKey(deps, params.id),
  );
}

async function describeKey({ store, ...deps }: ApiDeps, keyId: string): Promise<KeyDetail> {
  const where = [when(keyId, 'key_id = {key_id:String}', 'key_id')];
  const live = deps.describeKey(keyId as KeyId);
  const [[row], leaks, incidents] = await Promise.all([
    select<Record<string, unknown>>(store, { table: 'keys', where, order: ORDER, limit: 1 }),
    select<Record<string, unknown>>(store, {
      table: 'leaked_keys',
      where,
      order: { time: 'reported_at', id: 'type' },
      limit: INCIDENTS_SHOWN,
    }),
    incidentsOfKey(store, keyId, INCIDENTS_SHOWN),
  ]);
  const key = live === undefined ? stored(row) : fromLive(live);
  if (key === undefined) throw new AppError('E_NOT_FOUND', 'No key with this id was seen.');
  return {
    ...key,
    leaks: leaks.map((leak) => leakSchema.parse(toApi('leaked_keys', leak))),
    incidents: incidents.map(toHead),
  };
}

type Described = Key & { profile: Record<string, unknown> };

function stored(row: Record<string, unknown> | undefined): Described | undefined {
  if (row === undefined) return undefined;
  const profile = JSON.parse(String(row['profile'])) as Record<string, unknown>;
  return { ...keySchema.parse(toApi('keys', row)), profile };
}

/** The detectors know more than the table, which is written now and then. */
function fromLive(live: KeySummary): Described {
  return {
    key_id: live.keyId,
    gateway: live.gateway,
    key_alias: live.keyAlias,
    team: live.team,
    user: live.user,
    first_seen_at: new Date(live.firstSeenAt).toISOString(),
    last_seen_at: new Date(live.lastSeenAt).toISOString(),
    calls: live.calls,
    cost_usd: live.costUsd,
    is_learning: live.isLearning,
    profile: live.profile,
  };
}
