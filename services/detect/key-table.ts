import type { KeySummary } from '../../detectors/detector.ts';
import type { KeyId } from '../../detectors/event.ts';
import { messageOf } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import type { Store } from '../stores/store.ts';
import { encodeRow } from '../stores/tables.ts';

/** A busy key's row is written anew at most this often. */
const EVERY_MS = 5 * 60_000;
const BATCH_ROWS = 200;

type Describe = (keyId: KeyId) => KeySummary | undefined;

/** Keeps the `keys` table near what the detectors know. It can always be made again, so a failed write waits for the
 *  next round instead of holding anything up. */
export class KeyTable {
  readonly #changed = new Map<KeyId, Describe>();
  readonly #writtenAt = new Map<KeyId, number>();
  readonly #store: Store;
  readonly #log: Log;
  readonly #metrics: Metrics;
  readonly #now: () => number;

  constructor(store: Store, log: Log, metrics: Metrics, now: () => number) {
    this.#store = store;
    this.#log = log;
    this.#metrics = metrics;
    this.#now = now;
  }

  noteChanged(keyIds: readonly KeyId[], describe: Describe): void {
    for (const keyId of keyIds) this.#changed.set(keyId, describe);
  }

  async flush(): Promise<void> {
    const now = this.#now();
    const due = [...this.#changed].filter(([keyId]) => now - (this.#writtenAt.get(keyId) ?? 0) >= EVERY_MS);
    for (let at = 0; at < due.length; at += BATCH_ROWS) {
      const part = due.slice(at, at + BATCH_ROWS);
      if (!(await this.#write(part))) return;
      for (const [keyId] of part) {
        this.#changed.delete(keyId);
        this.#writtenAt.set(keyId, now);
      }
    }
  }

  async #write(part: readonly [KeyId, Describe][]): Promise<boolean> {
    const rows = part
      .map(([keyId, describe]) => describe(keyId))
      .filter((summary) => summary !== undefined)
      .map(keyRow);
    if (rows.length === 0) return true;
    try {
      await this.#store.insert('keys', rows);
      return true;
    } catch (error) {
      this.#metrics.storeFailures.inc({ table: 'keys' });
      this.#log.warn({ reason: messageOf(error) }, 'The keys table waits for the store.');
      return false;
    }
  }
}

function keyRow(key: KeySummary): string {
  return encodeRow('keys', {
    key_id: key.keyId,
    gateway: key.gateway,
    key_alias: key.keyAlias,
    team: key.team,
    user: key.user,
    first_seen_at: key.firstSeenAt,
    last_seen_at: key.lastSeenAt,
    calls: key.calls,
    cost_usd: key.costUsd,
    is_learning: key.isLearning ? 1 : 0,
    profile: JSON.stringify(key.profile),
  });
}
