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

type Entry = [asn: number, users: Users];

/** Networks that keys of several teams have used for days belong to the organisation or its town: one more key there is
 *  no surprise. Only keys' own, undoubted use counts. The order in which uses are noted makes no difference. */
export class Egress {
  readonly #systems = new Map<number, Users>();
  readonly #changed = new Set<number>();
  /** What goes next unless somebody comes who goes before it; to be looked for anew when it has changed. */
  #next: { asn: number; at: number } | undefined;

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
    if (this.#systems.size > MAX_SYSTEMS) this.#dropNewest(asn);
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
    this.#next = undefined;
  }

  /** The one that came last, of those that never came to anything if there are such. Mostly that is the one just met, and
   *  nobody else has to be looked at. */
  #dropNewest(met: number): void {
    const next = this.#next === undefined ? undefined : this.#entry(this.#next.asn);
    const isUnchanged = next !== undefined && firstOf(next[1]) === this.#next?.at && !isKnown(next[1]);
    const own = this.#entry(met);
    if (isUnchanged && own !== undefined && goesBefore(own, next)) {
      this.#drop(met);
      return;
    }
    const [newest, second] = this.#newestTwo();
    this.#next = second === undefined ? undefined : { asn: second[0], at: firstOf(second[1]) };
    if (newest !== undefined) this.#drop(newest[0]);
  }

  #newestTwo(): [Entry | undefined, Entry | undefined] {
    let newest: Entry | undefined;
    let second: Entry | undefined;
    for (const one of this.#systems) {
      if (newest === undefined || goesBefore(one, newest)) [newest, second] = [one, newest];
      else if (second === undefined || goesBefore(one, second)) second = one;
    }
    return [newest, second];
  }

  #entry(asn: number): Entry | undefined {
    const users = this.#systems.get(asn);
    return users === undefined ? undefined : [asn, users];
  }

  #drop(asn: number): void {
    this.#systems.delete(asn);
    this.#changed.add(asn);
  }
}

function isKnown({ keys }: Users): boolean {
  return keys.length >= MIN_KEYS;
}

function goesBefore([asn, users]: Entry, [otherAsn, other]: Entry): boolean {
  if (isKnown(users) !== isKnown(other)) return isKnown(other);
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
