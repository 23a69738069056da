import type { IncidentSnapshot } from '../../incidents/incident.ts';
import { decodeCursor, toPage } from '../cursor.ts';
import type { Api, ApiDeps } from '../deps.ts';
import { findIncident } from '../incident-queries.ts';
import { eventListSchema, eventQuerySchema, eventSchema } from '../schema.ts';
import { before, select, toApi, when } from '../select.ts';
import type { Condition } from '../select.ts';

const ORDER = { time: 'ts', id: 'event_id' };
const from = (ms: number | undefined, name: string) =>
  when(ms, `ts >= fromUnixTimestamp64Milli({${name}:Int64}, 'UTC')`, name);
const until = (ms: number | undefined, name: string) =>
  when(ms, `ts <= fromUnixTimestamp64Milli({${name}:Int64}, 'UTC')`, name);

export function registerEvents(app: Api, deps: ApiDeps): void {
  app.get(
    '/v1/events',
    {
      config: { access: 'read' },
      schema: {
        tags: ['events'],
        summary: 'Calls of a key, a team or an incident, newest first',
        querystring: eventQuerySchema,
        response: { 200: eventListSchema },
      },
    },
    async ({ query }) => {
      const incident =
        query.incident_id === undefined ? undefined : await findIncident(deps.store, query.incident_id);
      const where = [
        ...(incident === undefined ? [] : ofIncident(incident)),
        when(query.key_id, 'key_id = {key_id:String}', 'key_id'),
        when(query.team, 'team = {team:String}', 'team'),
        from(query.since, 'since'),
        until(query.until, 'until'),
        before(decodeCursor(query.cursor), ORDER),
      ];
      const found = await select<Record<string, unknown>>(deps.store, {
        table: 'events',
        where,
        order: ORDER,
        limit: query.limit + 1,
      });
      const events = found.map((row) => eventSchema.parse(toApi('events', row)));
      const { rows, next } = toPage(events, query.limit, ({ ts, event_id: id }) => ({
        at: Date.parse(ts),
        id,
      }));
      return { events: rows, next };
    },
  );
}

/** Calls of whom the incident is about, from its first event on: what came after a block is part of the story. */
function ofIncident({
  entity,
  firstEventAt,
  lastEventAt,
  closedAt,
}: IncidentSnapshot): (Condition | undefined)[] {
  const whose = {
    key: () => when('keyId' in entity ? entity.keyId : '', 'key_id = {incident_key:String}', 'incident_key'),
    team: () => when('team' in entity ? entity.team : '', 'team = {incident_team:String}', 'incident_team'),
    user: () => when('user' in entity ? entity.user : '', 'user = {incident_user:String}', 'incident_user'),
  }[entity.type]();
  const end = closedAt === null ? undefined : Math.max(closedAt, lastEventAt);
  return [whose, from(firstEventAt, 'incident_from'), until(end, 'incident_until')];
}
