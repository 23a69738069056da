import { createHash, randomBytes } from 'node:crypto';
import {
  blockedKey,
  expiredKey,
  modelDenied,
  noKey,
  notAKey,
  overBudget,
  unknownKey,
} from './fake-denials.ts';
import type { Denial } from './fake-denials.ts';
import type { Identity } from './log-record.ts';
import { NOBODY } from './log-record.ts';

export interface NewKey {
  alias: string;
  team?: string;
  user?: string;
  /** Empty or left out: all models. */
  models?: readonly string[];
  maxBudgetUsd?: number;
  /** Epoch milliseconds. */
  expiresAt?: number;
  /** Restricts the key to paths; a key of an administrator may use the key API on them. */
  allowedRoutes?: readonly string[];
  isAdmin?: boolean;
}

export interface StoredKey extends NewKey {
  hash: string;
  /** Last letters, which is all of the key that the gateway shows. */
  tail: string;
  spendUsd: number;
  isBlocked: boolean;
  isDeleted: boolean;
  createdAt: number;
}

export interface KeyTableOptions {
  masterKey: string;
  workers: number;
  /** How long a worker believes what it read about a key. */
  keyCacheMs: number;
  now: () => number;
}

interface Cached {
  key: StoredKey;
  until: number;
}

/** The log has this word in place of the hash. */
const MASTER: Identity = { ...NOBODY, hash: 'litellm_proxy_master_key', user: 'default_user_id' };

export function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Keys as the database has them, and as each worker remembers them. A change reaches the worker that made it at once,
 *  the others when their copy is old. */
export class KeyTable {
  readonly #options: KeyTableOptions;
  readonly #keys = new Map<string, StoredKey>();
  readonly #caches: Map<string, Cached>[];
  /** A fault: changes never reach the workers. */
  ignoresBlocks = false;

  constructor(options: KeyTableOptions) {
    this.#options = options;
    this.#caches = Array.from({ length: options.workers }, () => new Map<string, Cached>());
  }

  create(wanted: NewKey): { key: string; stored: StoredKey } {
    const key = `sk-${randomBytes(16).toString('base64url')}`;
    const state = { spendUsd: 0, isBlocked: false, isDeleted: false, createdAt: this.#options.now() };
    const stored = { ...wanted, hash: hashOf(key), tail: key.slice(-4), ...state };
    this.#keys.set(stored.hash, stored);
    return { key, stored };
  }

  all(): readonly StoredKey[] {
    return [...this.#keys.values()];
  }

  hasAlias(alias: string): boolean {
    return this.all().some((key) => key.alias === alias && !key.isDeleted);
  }

  /** By `sk-…` text or by hash. */
  find(keyOrHash: string): StoredKey | undefined {
    return this.#keys.get(keyOrHash.startsWith('sk-') ? hashOf(keyOrHash) : keyOrHash);
  }

  change(stored: StoredKey, changes: Partial<StoredKey>, worker: number): StoredKey {
    const changed = { ...stored, ...changes };
    this.#keys.set(stored.hash, changed);
    this.#caches[worker]?.delete(stored.hash);
    return changed;
  }

  addSpend(hash: string, costUsd: number): void {
    const stored = this.#keys.get(hash);
    if (stored !== undefined) this.#keys.set(hash, { ...stored, spendUsd: stored.spendUsd + costUsd });
  }

  /** What the gate of a worker says about a credential. */
  admit(
    credential: string | undefined,
    model: string,
    worker: number,
  ): { identity: Identity; denial: Denial | undefined } {
    if (credential === undefined || credential === '') return { identity: NOBODY, denial: noKey };
    if (credential === this.#options.masterKey) return { identity: MASTER, denial: undefined };
    if (!credential.startsWith('sk-'))
      return { identity: { ...NOBODY, hash: credential }, denial: notAKey(credential) };
    const hash = hashOf(credential);
    const key = this.#read(hash, worker);
    if (key === undefined || key.isDeleted)
      return { identity: { ...NOBODY, hash }, denial: unknownKey(credential, hash) };
    return { identity: identityOf(key), denial: this.#refusal(key, model) };
  }

  #refusal(key: StoredKey, model: string): Denial | undefined {
    const now = this.#options.now();
    const { expiresAt = Infinity, maxBudgetUsd = Infinity } = key;
    if (key.isBlocked && !this.ignoresBlocks) return blockedKey;
    if (expiresAt <= now) return expiredKey(expiresAt, now);
    if (key.spendUsd >= maxBudgetUsd) return overBudget(key);
    return mayUse(key, model) ? undefined : modelDenied(model);
  }

  #read(hash: string, worker: number): StoredKey | undefined {
    const now = this.#options.now();
    const cached = this.#caches[worker]?.get(hash);
    if (cached !== undefined && cached.until > now) return cached.key;
    const key = this.#keys.get(hash);
    if (key !== undefined) this.#caches[worker]?.set(hash, { key, until: now + this.#options.keyCacheMs });
    return key;
  }
}

/** A key as the log names it. */
export function identityOf({ hash, alias, team, user }: StoredKey): Identity {
  const teamId = team === undefined ? null : `team-${team}`;
  return { hash, alias, team: teamId, teamAlias: team ?? null, user: user ?? null };
}

function mayUse({ models = [] }: StoredKey, model: string): boolean {
  return models.length === 0 || models.includes(model) || model === '';
}
