import { whyOf } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Store } from '../stores/store.ts';
import type { Fleet } from './desk/caps.ts';

/** A key is active when it was used within so many days. */
const ACTIVE_DAYS = 30;
const SQL = `SELECT team, count() AS keys FROM keys
  WHERE last_seen_at > fromUnixTimestamp64Milli({since:Int64}) AND NOT startsWith(key_id, 'foreign:') AND key_id != ''
  GROUP BY team`;

/** How many keys there are, from the store. Undefined while it cannot be asked. */
export async function readFleet(store: Store, now: number, log: Log): Promise<Fleet | undefined> {
  try {
    const since = Math.round(now - ACTIVE_DAYS * 86_400_000);
    const rows = await store.query<{ team: string; keys: string | number }>(SQL, { since });
    const keysByTeam = new Map(rows.map(({ team, keys }) => [team, Number(keys)]));
    return { activeKeys: [...keysByTeam.values()].reduce((sum, keys) => sum + keys, 0), keysByTeam };
  } catch (error) {
    log.warn({ ...whyOf(error) }, 'The number of keys is not known; shares of them allow one block.');
    return undefined;
  }
}

export function writeFleet({ activeKeys, keysByTeam }: Fleet): string {
  return JSON.stringify({ activeKeys, keysByTeam: [...keysByTeam] });
}

export function parseFleet(text: string): Fleet {
  const { activeKeys, keysByTeam } = JSON.parse(text) as {
    activeKeys: number;
    keysByTeam: [string, number][];
  };
  return { activeKeys, keysByTeam: new Map(keysByTeam) };
}
