const DAY_MS = 86_400_000;
const MIN_KEYS = 3;
const MIN_TEAMS = 2;
const MIN_AGE_MS = 3 * DAY_MS;
const MAX_KEYS = 4;
const MAX_SYSTEMS = 2_000;

interface Users {
  firstAt: number;
  keys: string[];
  teams: string[];
}

/** Networks that keys of several teams have used for days belong to the organisation or its town: one more key there is
 *  no surprise. Only keys' own, undoubted use counts. */
export class Egress {
  readonly #systems = new Map<number, Users>();
  readonly #changed = new Set<number>();

  note(asn: number, keyId: string, team: string, ts: number): void {
    let users = this.#systems.get(asn);
    if (users === undefined) {
      if (this.#systems.size >= MAX_SYSTEMS) this.#dropOldest();
      users = { firstAt: ts, keys: [], teams: [] };
      this.#systems.set(asn, users);
    }
    const short = keyId.slice(0, 16);
    const isNewKey = users.keys.length < MAX_KEYS && !users.keys.includes(short);
    const isNewTeam = team !== '' && users.teams.length < MAX_KEYS && !users.teams.includes(team);
    if (isNewKey) users.keys.push(short);
    if (isNewTeam) users.teams.push(team);
    if (isNewKey || isNewTeam) this.#changed.add(asn);
  }

  isLearned(asn: number, keyId: string, ts: number): boolean {
    const users = this.#systems.get(asn);
    if (users === undefined || ts - users.firstAt < MIN_AGE_MS) return false;
    const short = keyId.slice(0, 16);
    const others = users.keys.length - (users.keys.includes(short) ? 1 : 0);
    return others >= MIN_KEYS && users.teams.length >= MIN_TEAMS;
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

  /** The oldest that never came to anything, else the oldest. */
  #dropOldest(): void {
    let oldest: number | undefined;
    for (const [asn, users] of this.#systems) {
      oldest ??= asn;
      if (users.keys.length >= MIN_KEYS) continue;
      oldest = asn;
      break;
    }
    if (oldest === undefined) return;
    this.#systems.delete(oldest);
    this.#changed.add(oldest);
  }
}
