import type { Context, NetworkClass } from '../../detectors/detector.ts';
import type { Enricher } from '../../services/enrichment/enricher.ts';
import { aLitellmRecord } from './litellm-records.ts';
import type { LitellmRecord } from './litellm-records.ts';

/** A recorded log in small: two keys at work for ten days, then a thief with one of them. */

const HOUR = 3_600;
/** Epoch seconds, midnight UTC of a Monday. */
export const START = 1_789_948_800;
export const THEFT_AT = START + 10 * 24 * HOUR + 3 * HOUR;
export const STOLEN = 'aa'.repeat(32);
export const OTHER = 'bb'.repeat(32);

const OWNER = { ip: '192.0.2.10', userAgent: 'OpenAI/Python 1.51.0', model: 'gpt-4o-mini' };
const THIEF = { ip: '203.0.113.66', userAgent: 'curl/8.5.0', model: 'o1-pro' };

let count = 0;

function call(keyHash: string, endTime: number, caller: typeof OWNER, cost: number): LitellmRecord {
  count += 1;
  const stolen = keyHash === STOLEN;
  return aLitellmRecord({
    ...caller,
    callId: `00000000-0000-4000-8000-${count.toString().padStart(12, '0')}`,
    keyHash,
    keyAlias: stolen ? 'dana-laptop' : 'batch-prod',
    team: stolen ? 'team-search' : 'team-data',
    user: stolen ? 'dana' : 'svc-data',
    endTime,
    cost,
  });
}

/** Four calls an hour from nine to five, ten days long. */
export function quietDays(): LitellmRecord[] {
  const calls: LitellmRecord[] = [];
  for (let day = 0; day < 10; day += 1) {
    for (let quarter = 0; quarter < 32; quarter += 1) {
      const at = START + day * 24 * HOUR + 9 * HOUR + quarter * 900;
      calls.push(call(STOLEN, at, OWNER, 0.01), call(OTHER, at + 60, { ...OWNER, ip: '192.0.2.99' }, 0.02));
    }
  }
  return calls;
}

/** At three in the night, from a hoster abroad, with another program and a dear model, without a pause. */
export function theft(): LitellmRecord[] {
  return Array.from({ length: 120 }, (_, index) => call(STOLEN, THEFT_AT + index * 10, THIEF, 0.5));
}

export function lines(records: readonly LitellmRecord[]): string {
  return records.map((record) => `${JSON.stringify(record)}\n`).join('');
}

function context(country: string, asn: number, networkClass: NetworkClass, prefix: string): Context {
  const place = { country, city: '', latitude: 60, longitude: country === 'NO' ? 10 : 100, radiusKm: 1_000 };
  const network = { asn, organisation: `Network ${asn}`, class: networkClass, prefix, source: 'test' };
  return { place, network };
}

const PLACES: ReadonlyMap<string, Context> = new Map([
  [OWNER.ip, context('NO', 2119, 'isp', '192.0.2.0/24')],
  ['192.0.2.99', context('NO', 24940, 'hosting', '192.0.2.0/24')],
  [THIEF.ip, context('VN', 64_500, 'hosting', '203.0.113.0/24')],
]);

/** Knows the addresses of the story alone. */
export const storyEnricher: Enricher = {
  lookup: (ip) => PLACES.get(ip) ?? { place: undefined, network: undefined },
  sources: () => [],
  close: () => Promise.resolve(),
};
