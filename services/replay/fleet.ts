import type { Event, KeyId } from '../../detectors/event.ts';

const HOUR_MS = 3_600_000;
const ACTIVE_MS = 30 * 24 * HOUR_MS;

/** Which keys are in use and whose they are: what the caps on blocking are shares of. */
export class Fleet {
  readonly #keys = new Map<KeyId, { team: string; lastSeenAt: number }>();
  #countedAt = 0;

  note({ keyId, team, ts }: Event): void {
    if (keyId === '' || keyId.startsWith('foreign:')) return;
    const known = this.#keys.get(keyId);
    if (known === undefined) {
      this.#keys.set(keyId, { team, lastSeenAt: ts });
      return;
    }
    if (team !== '') known.team = team;
    known.lastSeenAt = Math.max(known.lastSeenAt, ts);
  }

  isDue(now: number): boolean {
    return now - this.#countedAt >= HOUR_MS;
  }

  count(now: number): { activeKeys: number; keysByTeam: ReadonlyMap<string, number> } {
    this.#countedAt = now;
    const keysByTeam = new Map<string, number>();
    for (const [keyId, { team, lastSeenAt }] of this.#keys) {
      if (now - lastSeenAt > ACTIVE_MS) this.#keys.delete(keyId);
      else keysByTeam.set(team, (keysByTeam.get(team) ?? 0) + 1);
    }
    return { activeKeys: this.#keys.size, keysByTeam };
  }
}
