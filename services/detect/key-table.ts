import type { KeySummary } from '../../detectors/detector.ts';
import type { KeyId } from '../../detectors/event.ts';
import { whyOf } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import type { Pace } from '../pace.ts';
import type { Store } from '../stores/store.ts';
import { encodeRow } from '../stores/tables.ts';

/** A busy key's row is written anew at most this often. */
const EVERY_MS = 5 * 60_000;
/** Each insert is a part on the disk that ClickHouse has to merge, so few large ones. */
const BATCH_ROWS = 2_000;
/** The others wait for the next flush, those that changed first before others: rows for people must not take the time of
 *  events where very many keys are in use. */
const FLUSH_ROWS = 10_000;
/** Anybody may show a new key with each call. One that finds no room waits for its next change. */
const MAX_WAITING = 500_000;

export interface KeyTableDeps {
  store: Store;
  log: Log;
  metrics: Metrics;
  now: () => number;
}

interface FlushOptions {
  maxRows?: number;
  hurry?: AbortSignal;
}

type Describe = (keyId: KeyId) => KeySummary | undefined;

/** Keeps the `keys` table near what the detectors know. It can always be made again, so a failed write waits for the
 *  next round instead of holding anything up. */
export class KeyTable {
  readonly #changed = new Map<KeyId, Describe>();
  /** Of the last minutes. */
  readonly #writtenAt = new Map<KeyId, number>();
  readonly #deps: KeyTableDeps;

  constructor(deps: KeyTableDeps) {
    this.#deps = deps;
  }

  noteChanged(keyIds: readonly KeyId[], describe: Describe): void {
    for (const keyId of keyIds) {
      if (this.#changed.size < MAX_WAITING || this.#changed.has(keyId)) this.#changed.set(keyId, describe);
    }
  }

  /** What is left when `hurry` is aborted waits; after the end, for the key's next call. */
  async flush(pace: Pace, { maxRows = FLUSH_ROWS, hurry }: FlushOptions = {}): Promise<void> {
    const now = this.#deps.now();
    for (const [keyId, at] of this.#writtenAt) if (now - at >= EVERY_MS) this.#writtenAt.delete(keyId);
    const isDue = (keyId: KeyId) => now - (this.#writtenAt.get(keyId) ?? 0) >= EVERY_MS;
    const due = [...this.#changed].filter(([keyId]) => isDue(keyId)).slice(0, maxRows);
    for (let at = 0; at < due.length && hurry?.aborted !== true; at += BATCH_ROWS) {
      const part = due.slice(at, at + BATCH_ROWS);
      if (!(await this.#write(await this.#take(part, pace)))) {
        for (const [keyId, describe] of part) this.#changed.set(keyId, describe);
        return;
      }
      for (const [keyId] of part) this.#writtenAt.set(keyId, now);
    }
  }

  /** A key that changes while its row is on the way is due again. */
  async #take(part: readonly [KeyId, Describe][], pace: Pace): Promise<string[]> {
    const rows: string[] = [];
    for (const [keyId, describe] of part) {
      this.#changed.delete(keyId);
      const summary = describe(keyId);
      if (summary !== undefined) rows.push(keyRow(summary));
      if (pace.isOver()) await pace.rest();
    }
    return rows;
  }

  async #write(rows: readonly string[]): Promise<boolean> {
    if (rows.length === 0) return true;
    const { store, log, metrics } = this.#deps;
    try {
      await store.insert('keys', rows);
      return true;
    } catch (error) {
      metrics.storeFailures.inc({ table: 'keys' });
      log.warn(whyOf(error), 'The keys table waits for the store.');
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
