import type { Context, NetworkClass } from '../../detectors/detector.ts';
import type { Event, KeyId } from '../../detectors/event.ts';
import type { Enricher } from '../../services/enrichment/enricher.ts';
import { anEvent } from './events.ts';
import { seededRandom } from './seeded-random.ts';

/** Two weeks of an organisation whose keys lie in all partitions: what one key does bears on what is said of others. */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** A Monday. */
export const WEEKS_START = Date.UTC(2026, 5, 1);
const DAYS = 14;
const TEAMS = 4;
const KEYS_OF_TEAM = 5;

interface Place {
  prefix: string;
  asn: number;
  country: string;
  class: NetworkClass;
}

const OFFICE: Place = { prefix: '192.0.2', asn: 64_500, country: 'NO', class: 'isp' };
/** Where people of several teams work on some days. */
const CAFE: Place = { prefix: '198.51.100', asn: 64_501, country: 'NO', class: 'isp' };
const HOSTER: Place = { prefix: '203.0.113', asn: 64_502, country: 'VN', class: 'hosting' };
const ABROAD: Place = { prefix: '203.0.112', asn: 64_503, country: 'KZ', class: 'isp' };
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

/** In order of time: ordinary days, a café that many get used to, a launch of a whole team, and two thefts. */
export function officeWeeks(seed: number): Event[] {
  const random = seededRandom(seed);
  const keys = Array.from({ length: TEAMS * KEYS_OF_TEAM }, (_, at) => newKey(at));
  const events: Event[] = [];
  const call = (key: Key, ts: number, place: Place, changes: Partial<Event> = {}) => {
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
        const at = WEEKS_START + day * DAY + hour * HOUR;
        const place = day >= key.cafeFrom && hour > 13 ? CAFE : OFFICE;
        for (let calls = 0; calls < 3; calls += 1)
          call(key, at + Math.floor(random() * HOUR), place, { costUsd: random() / 500 });
      }
    }
  }
  launch(keys, call);
  for (const { key, day, from } of [
    { key: keys[3], day: 11, from: HOSTER },
    { key: keys[11], day: 12, from: ABROAD },
  ]) {
    const at = WEEKS_START + day * DAY + 2 * HOUR;
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

function launch(
  keys: readonly Key[],
  call: (key: Key, ts: number, place: Place, changes: Partial<Event>) => void,
) {
  for (const key of keys.filter(({ team }) => team === 'team-2')) {
    const at = WEEKS_START + 10 * DAY + 9 * HOUR + key.desk * MINUTE;
    for (let minute = 0; minute < 240; minute += 1)
      call(key, at + minute * MINUTE, OFFICE, { costUsd: 0.05 });
  }
}
