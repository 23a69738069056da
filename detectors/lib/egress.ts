import type { NetworkUse } from '../detector.ts';

const DAY_MS = 86_400_000;
const MIN_KEYS = 3;
const MIN_TEAMS = 2;
const MIN_AGE_MS = 3 * DAY_MS;
/** A first use counts from then on. Long enough for every partition to have heard of it, and for a thief with several
 *  keys to be found out. */
export const COUNTS_AFTER_MS = DAY_MS;
const MAX_KEYS = 4;
const MAX_SYSTEMS = 2_000;
const SHORT_ID = 16;

/** Who used it first, and when (epoch milliseconds). */
type FirstUse = [name: string, at: number];

interface Users {
  keys: FirstUse[];
  teams: FirstUse[];
}

/** Networks that keys of several teams have used for days belong to the organisation or its town: one more key there is
 *  no surprise. Only keys' own, undoubted use counts. The order in which uses are noted makes no difference. */
export class Egress {
  readonly #systems = new Map<number, Users>();
  readonly #changed = new Set<number>();

  /** False for what changes nothing. */
  note({ asn, key, team, ts }: NetworkUse): boolean {
    let users = this.#systems.get(asn);
    if (users === undefined) {
      users = { keys: [], teams: [] };
      this.#systems.set(asn, users);
    }
    const isNewKey = noteFirst(users.keys, shortId(key), ts);
    const isNewTeam = team !== '' && noteFirst(users.teams, team, ts);
    if (isNewKey || isNewTeam) this.#changed.add(asn);
    if (this.#systems.size > MAX_SYSTEMS) this.#dropNewest();
    return isNewKey || isNewTeam;
  }

  isLearned(asn: number, keyId: string, ts: number): boolean {
    const users = this.#systems.get(asn);
    if (users === undefined) return false;
    const counts = ([, at]: FirstUse) => at <= ts - COUNTS_AFTER_MS;
    const own = shortId(keyId);
    const others = users.keys.filter((one) => one[0] !== own && counts(one)).length;
    if (others < MIN_KEYS || users.teams.filter(counts).length < MIN_TEAMS) return false;
    return users.keys.some(([, at]) => at <= ts - MIN_AGE_MS);
  }

  takeChanged(): number[] {
    const changed = [...this.#changed];
    this.#changed.clear();
    return changed;
  }

  save(asn: number): string | undefined {
    const users = this.#systems.get(asn);
    return users === undefined ? undefined : JSON.stringify(users);
  }

  restore(asn: number, text: string): void {
    this.#systems.set(asn, JSON.parse(text) as Users);
  }

  /** The one that came last, of those that never came to anything if there are such. */
  #dropNewest(): void {
    let newest: [asn: number, users: Users] | undefined;
    for (const one of this.#systems) if (newest === undefined || goesBefore(one, newest)) newest = one;
    if (newest === undefined) return;
    this.#systems.delete(newest[0]);
    this.#changed.add(newest[0]);
  }
}

function goesBefore([asn, users]: [number, Users], [otherAsn, other]: [number, Users]): boolean {
  const [isKnown, isOtherKnown] = [users.keys.length >= MIN_KEYS, other.keys.length >= MIN_KEYS];
  if (isKnown !== isOtherKnown) return isOtherKnown;
  return firstOf(users) - firstOf(other) > 0 || (firstOf(users) === firstOf(other) && asn > otherAsn);
}

function firstOf({ keys }: Users): number {
  return Math.min(...keys.map(([, at]) => at));
}

export function shortId(keyId: string): string {
  return keyId.slice(0, SHORT_ID);
}

/** Keeps the earliest ones. False for what is known, or later than all that are kept. */
function noteFirst(uses: FirstUse[], name: string, at: number): boolean {
  const known = uses.find((one) => one[0] === name);
  if (known !== undefined) {
    if (at >= known[1]) return false;
    known[1] = at;
    return true;
  }
  if (uses.length < MAX_KEYS) {
    uses.push([name, at]);
    return true;
  }
  const last = uses.reduce((latest, one) => (isLater(one, latest) ? one : latest));
  if (!isLater(last, [name, at])) return false;
  uses[uses.indexOf(last)] = [name, at];
  return true;
}

function isLater([name, at]: FirstUse, [otherName, otherAt]: FirstUse): boolean {
  return at > otherAt || (at === otherAt && name > otherName);
}
