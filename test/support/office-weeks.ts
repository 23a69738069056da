import type { Context, NetworkClass } from '../../detectors/detector.ts';
import type { Event, KeyId } from '../../detectors/event.ts';
import type { Enricher } from '../../services/enrichment/enricher.ts';
import { anEvent } from './events.ts';
import { aLitellmRecord } from './litellm-records.ts';
import type { LitellmRecord } from './litellm-records.ts';
import { seededRandom } from './seeded-random.ts';

/** Two weeks of an organisation whose keys lie in all partitions: what one key does bears on what is said of others. */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const DAYS = 14;
const TEAMS = 4;
const KEYS_OF_TEAM = 5;

interface Place {
  prefix: string;
  asn: number;
  country: string;
  class: NetworkClass;
}

/** Addresses as the data that gatewatch brings along knows them, for those who look them up there. */
const OFFICE: Place = { prefix: '80.202.10', asn: 15_659, country: 'NO', class: 'isp' };
/** Where people of several teams work on some days. */
const CAFE: Place = { prefix: '84.208.20', asn: 25_400, country: 'NO', class: 'isp' };
const HOSTER: Place = { prefix: '88.198.1', asn: 24_940, country: 'DE', class: 'hosting' };
const ABROAD: Place = { prefix: '95.56.10', asn: 9_198, country: 'KZ', class: 'isp' };
const PLACES: ReadonlyMap<string, Place> = new Map(
  [OFFICE, CAFE, HOSTER, ABROAD].map((one) => [one.prefix, one]),
);

export const weeksEnricher: Enricher = {
  lookup: (ip) => contextOf(PLACES.get(ip.slice(0, ip.lastIndexOf('.')))),
  sources: () => [],
  close: () => Promise.resolve(),
};

function contextOf(place: Place | undefined): Context {
  if (place === undefined) return { place: undefined, network: undefined };
  const { country, asn, prefix } = place;
  return {
    place: { country, city: '', latitude: 60, longitude: country === 'NO' ? 10 : 100, radiusKm: 500 },
    network: {
      ...{ asn, organisation: `Network ${asn.toString()}`, class: place.class },
      ...{ prefix: `${prefix}.0/24`, source: 'test' },
    },
  };
}

interface Key {
  keyId: KeyId;
  alias: string;
  team: string;
  desk: number;
  /** Day from which on it is in the café, too. */
  cafeFrom: number;
}

/** In order of time: ordinary days, a café that many get used to, a launch of a whole team, and two thefts. `start`: a
 *  Monday, epoch milliseconds. */
export function officeWeeks(start: number): Event[] {
  const random = seededRandom(1);
  const keys = Array.from({ length: TEAMS * KEYS_OF_TEAM }, (_, at) => newKey(at));
  const events: Event[] = [];
  const call: Call = (key, ts, place, changes = {}) => {
    const ip = `${place.prefix}.${(key.desk + 1).toString()}`;
    events.push(
      anEvent({
        ...{ ts, receivedAt: ts, eventId: `call-${events.length.toString()}`, keyId: key.keyId, ip },
        ...{ keyAlias: key.alias, team: key.team, teamAlias: key.team, user: key.alias, costUsd: 0.002 },
        ...changes,
      }),
    );
  };
  for (const key of keys) {
    for (let day = 0; day < DAYS; day += 1) {
      for (let hour = 8; hour < 17; hour += 1) {
        const at = start + day * DAY + hour * HOUR;
        const place = day >= key.cafeFrom && hour > 13 ? CAFE : OFFICE;
        for (let calls = 0; calls < 3; calls += 1)
          call(key, at + Math.floor(random() * HOUR), place, { costUsd: random() / 500 });
      }
    }
  }
  launch(keys, start, call);
  for (const { key, day, from } of [
    { key: keys[3], day: 11, from: HOSTER },
    { key: keys[11], day: 12, from: ABROAD },
  ]) {
    const at = start + day * DAY + 2 * HOUR;
    for (let calls = 0; key !== undefined && calls < 80; calls += 1)
      call(key, at + calls * 20_000, from, {
        client: 'curl',
        clientMajor: '8',
        model: 'o1-pro',
        costUsd: 0.4,
      });
  }
  return events.sort((a, b) => a.ts - b.ts);
}

function newKey(at: number): Key {
  const team = `team-${(at % TEAMS).toString()}`;
  const keyId = (at + 16).toString(16).padStart(2, '0').repeat(32) as KeyId;
  // Most of them early, one after the other; some when the café is known to belong to the organisation.
  const cafeFrom = at % 3 === 0 ? 1 + (at % 4) : at % 3 === 1 ? 9 : DAYS;
  return { keyId, alias: `key-${at.toString()}`, team, desk: at, cafeFrom };
}

type Call = (key: Key, ts: number, place: Place, changes?: Partial<Event>) => void;

function launch(keys: readonly Key[], start: number, call: Call) {
  for (const key of keys.filter(({ team }) => team === 'team-2')) {
    const at = start + 10 * DAY + 9 * HOUR + key.desk * MINUTE;
    for (let minute = 0; minute < 240; minute += 1)
      call(key, at + minute * MINUTE, OFFICE, { costUsd: 0.05 });
  }
}

/** As the gateway would log it. */
export function officeRecord(event: Event): LitellmRecord {
  return aLitellmRecord({
    ...{ callId: event.eventId, keyHash: event.keyId, keyAlias: event.keyAlias, team: event.team },
    ...{ user: event.user, ip: event.ip, model: event.model, endTime: event.ts / 1_000, cost: event.costUsd },
    userAgent: event.client === 'curl' ? 'curl/8.5.0' : event.userAgent,
  });
}
