import { AppError } from '../errors.ts';
import type { IncidentSnapshot } from '../incidents/incident.ts';
import type { Store } from '../stores/store.ts';
import { decodeCursor, toPage } from './cursor.ts';
import { indicatorsOf, toHead } from './incident-shape.ts';
import type { IncidentQuery, RelatedIncident } from './schema.ts';
import { before, select, when } from './select.ts';
import type { Condition } from './select.ts';

const ORDER = { time: 'opened_at', id: 'incident_id' };
const RELATED_WITHIN_MS = 14 * 86_400_000;
const RELATED_READ = 200;
const RELATED_SHOWN = 20;
const MAX_INDICATORS = 50;
/** Indicators that name a source; sharing a country or a client says little. */
const SOURCES = /^(ip|prefix|asn):/;

async function read(
  store: Store,
  where: readonly (Condition | undefined)[],
  limit: number,
): Promise<IncidentSnapshot[]> {
  const rows = await select<{ detail: string }>(store, {
    table: 'incidents',
    columns: 'detail',
    where,
    order: ORDER,
    limit,
  });
  return rows.map(({ detail }) => JSON.parse(detail) as IncidentSnapshot);
}

export async function findIncident(store: Store, incidentId: string): Promise<IncidentSnapshot> {
  const [found] = await read(store, [when(incidentId, 'incident_id = {id:String}', 'id')], 1);
  if (found === undefined) throw new AppError('E_NOT_FOUND', 'There is no incident with this id.');
  return found;
}

export async function listIncidents(store: Store, query: IncidentQuery) {
  const where = [
    when(query.status, 'has({status:Array(String)}, status)', 'status'),
    when(query.kind, 'has({kind:Array(String)}, kind)', 'kind'),
    when(query.severity, 'has({severity:Array(String)}, severity)', 'severity'),
    when(query.key_id, 'key_id = {key_id:String}', 'key_id'),
    when(query.team, 'team = {team:String}', 'team'),
    when(query.since, "opened_at >= fromUnixTimestamp64Milli({since:Int64}, 'UTC')", 'since'),
    before(decodeCursor(query.cursor), ORDER),
  ];
  const found = await read(store, where, query.limit + 1);
  return toPage(found, query.limit, ({ openedAt, incidentId }) => ({
    at: Math.round(openedAt),
    id: incidentId,
  }));
}

export function incidentsOfKey(store: Store, keyId: string, limit: number): Promise<IncidentSnapshot[]> {
  return read(store, [when(keyId, 'key_id = {key_id:String}', 'key_id')], limit);
}

/** Incidents around the same time that share a team, a user or a source. */
export async function relatedTo(store: Store, incident: IncidentSnapshot): Promise<RelatedIncident[]> {
  const sources = sourcesOf(incident);
  const shared: Condition = {
    sql: "((team != '' AND team = {team:String}) OR (user != '' AND user = {user:String}) OR (notEmpty({sources:Array(String)}) AND multiSearchAny(detail, {sources:Array(String)})))",
    params: {
      team: incident.team,
      user: incident.user,
      sources: sources.length === 0 ? ['\u0000'] : sources,
    },
  };
  const near: Condition = {
    sql: "opened_at BETWEEN fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND fromUnixTimestamp64Milli({until:Int64}, 'UTC')",
    params: { from: incident.openedAt - RELATED_WITHIN_MS, until: incident.openedAt + RELATED_WITHIN_MS },
  };
  const other = when(incident.incidentId, 'incident_id != {id:String}', 'id');
  const found = await read(store, [other, near, shared], RELATED_READ);
  return found
    .map((one) => ({ ...toHead(one), why: commonTo(incident, one) }))
    .filter(({ why }) => why.length > 0)
    .sort((a, b) => b.why.length - a.why.length)
    .slice(0, RELATED_SHOWN);
}

function sourcesOf(incident: IncidentSnapshot): string[] {
  return indicatorsOf(incident)
    .filter((one) => SOURCES.test(one))
    .slice(0, MAX_INDICATORS);
}

function commonTo(one: IncidentSnapshot, other: IncidentSnapshot): string[] {
  const theirs = new Set(sourcesOf(other));
  return [
    ...(one.team !== '' && one.team === other.team ? ['team'] : []),
    ...(one.user !== '' && one.user === other.user ? ['user'] : []),
    ...sourcesOf(one).filter((source) => theirs.has(source)),
  ];
}
