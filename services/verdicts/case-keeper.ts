import { whyOf } from '../errors.ts';
import type { IncidentSnapshot } from '../incidents/incident.ts';
import type { Log } from '../log.ts';
import type { Store } from '../stores/store.ts';
import { saveCase } from './case-folder.ts';
import { showCase } from './show-case.ts';
import { CASE_COLUMNS, parseRows } from './verdict-case.ts';
import type { CaseHead, CaseRow, VerdictCase } from './verdict-case.ts';

const HOUR_MS = 3_600_000;
/** What is normal for a key is learned from the weeks before. */
const BEFORE_MS = 28 * 24 * HOUR_MS;
const MAX_EVENTS = 10_000;
const MAX_STORY_EVENTS = 5_000;

export interface CaseKeeperParts {
  store: Pick<Store, 'query'>;
  dir: string;
  learningDays: number;
  log: Log;
}

/** Saves the events around an incident that people judged. Never rejects: a verdict does not depend on it. */
export function createCaseKeeper(parts: CaseKeeperParts): (incident: IncidentSnapshot) => Promise<void> {
  // One at a time: each judges its events once.
  let last = Promise.resolve();
  return (incident) => {
    last = last.then(async () => {
      const { incidentId } = incident;
      try {
        const one = await collectCase(parts, incident);
        if (one === undefined) return;
        await saveCase(parts.dir, one);
        parts.log.info({ incidentId, events: one.rows.length }, 'A case of this verdict was saved.');
      } catch (error) {
        const what = 'No case of this verdict could be saved; the verdict itself stands.';
        parts.log.warn({ ...whyOf(error), incidentId }, what);
      }
    });
    return last;
  };
}

/** Undefined where there is nothing to compare with, or no event left. */
async function collectCase(
  { store, learningDays }: CaseKeeperParts,
  incident: IncidentSnapshot,
): Promise<VerdictCase | undefined> {
  const { keyId, verdict, firstEventAt, lastEventAt, evidence } = incident;
  if (keyId === '' || verdict === '' || verdict === 'unclear') return undefined;
  const story = await eventsOf(store, {
    keyId,
    order: 'ASC',
    from: Math.floor(firstEventAt),
    until: Math.floor(lastEventAt) + 1,
    limit: MAX_STORY_EVENTS,
  });
  if (story.length === 0) return undefined;
  const before = await eventsOf(store, {
    keyId,
    order: 'DESC',
    from: Math.floor(firstEventAt) - BEFORE_MS,
    until: Math.floor(firstEventAt),
    limit: MAX_EVENTS - story.length,
  });
  const about: CaseHead = {
    version: 1,
    incidentId: incident.incidentId,
    verdict,
    at: incident.closedAt ?? incident.updatedAt,
    keyId,
    kind: incident.kind,
    severity: incident.severity,
    title: incident.title,
    indicators: [...new Set(evidence.flatMap(({ indicators }) => indicators))],
    from: firstEventAt,
    to: lastEventAt,
    learningDays,
    facts: await factsOf(store, keyId, lastEventAt),
    shown: { severity: null, wouldBlock: false, detectors: [] },
  };
  const unseen = { ...about, rows: [...before.reverse(), ...story] };
  return { ...unseen, shown: await showCase(unseen) };
}

interface Asked {
  keyId: string;
  order: 'ASC' | 'DESC';
  /** Epoch milliseconds; `until` is not among them. */
  from: number;
  until: number;
  limit: number;
}

async function eventsOf(store: Pick<Store, 'query'>, { order, ...params }: Asked): Promise<CaseRow[]> {
  const select = `SELECT toFloat64(toUnixTimestamp64Milli(ts)) AS at, ${CASE_COLUMNS.join(', ')} FROM events`;
  const between =
    "ts >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND ts < fromUnixTimestamp64Milli({until:Int64}, 'UTC')";
  const rows = await store.query(
    `${select} WHERE key_id = {keyId:String} AND ${between} ORDER BY ts ${order} LIMIT {limit:UInt32}`,
    params,
  );
  return parseRows(rows);
}

interface LeakRow {
  type: 'leak' | 'canary';
  reported: number;
  found: number;
  source: string;
  is_verified: number;
  place: string;
}

/** The address of a report stays here. */
async function factsOf(
  store: Pick<Store, 'query'>,
  keyId: VerdictCase['keyId'],
  until: number,
): Promise<CaseHead['facts']> {
  const rows = await store.query<LeakRow>(
    'SELECT type, toFloat64(toUnixTimestamp64Milli(reported_at)) AS reported, toFloat64(toUnixTimestamp64Milli(found_at)) AS found, source, is_verified, place FROM leaked_keys WHERE key_id = {keyId:String}',
    { keyId },
  );
  return rows
    .filter(({ reported }) => reported <= until)
    .map(({ type, reported: at, found: foundAt, source, is_verified: isVerified, place }) =>
      type === 'leak'
        ? { type, keyId, at, source, url: '', foundAt, isVerified: isVerified === 1 }
        : { type, keyId, at, place, gateway: source },
    );
}
