import { createHash } from 'node:crypto';
import type { KeyId } from '../../detectors/event.ts';
import type { Diagnosis, KeyAtGateway, Revoker } from '../../services/revokers/revoker.ts';
import { AppError } from '../../services/errors.ts';

type Key = KeyAtGateway & { state: 'active' | 'blocked' | 'deleted' | 'expired' };

/** A gateway in memory: keys, and every call that was made. */
export class MemoryRevoker implements Revoker {
  readonly gateway: string;
  effectDeadlineMs = 90_000;
  readonly keys = new Map<string, Key>();
  readonly calls: { call: 'inspect' | 'block' | 'restore'; keyId: string; at: number }[] = [];
  /** Calls after which a bad mood is over. */
  recoversAfter = Infinity;
  /** How it fails for now. `deaf`: takes a block over and forgets it. */
  mood: 'well' | 'away' | 'denies' | 'deaf' = 'well';

  constructor(gateway = 'litellm') {
    this.gateway = gateway;
  }

  has(keyId: string, key: Partial<Key> = {}): void {
    this.keys.set(keyId, {
      state: 'active',
      keyAlias: 'search-prod',
      team: 'team-search',
      user: 'dana',
      spendUsd: 1,
      ...key,
    });
  }

  async inspect(keyId: KeyId): Promise<KeyAtGateway> {
    this.#note('inspect', keyId);
    return { ...(this.keys.get(keyId) ?? { state: 'unknown' }) };
  }

  async block(keyId: KeyId): Promise<void> {
    this.#note('block', keyId);
    const key = this.#known(keyId);
    if (this.mood !== 'deaf') key.state = 'blocked';
  }

  async restore(keyId: KeyId): Promise<void> {
    this.#note('restore', keyId);
    this.#known(keyId).state = 'active';
  }

  async createCanary(place: string): Promise<{ keyId: KeyId; plaintext: string }> {
    const plaintext = `sk-canary-${place.length}-${this.keys.size}`;
    const keyId = createHash('sha256').update(plaintext).digest('hex') as KeyId;
    this.has(keyId);
    return { keyId, plaintext };
  }

  diagnose(): Promise<Diagnosis[]> {
    return Promise.resolve([]);
  }

  count(call: 'inspect' | 'block' | 'restore', keyId?: string): number {
    return this.calls.filter((one) => one.call === call && (keyId === undefined || one.keyId === keyId))
      .length;
  }

  #note(call: 'inspect' | 'block' | 'restore', keyId: string): void {
    this.calls.push({ call, keyId, at: performance.now() });
    if (this.calls.length > this.recoversAfter) this.mood = 'well';
    if (this.mood === 'away') throw new AppError('E_REVOKER_UNAVAILABLE', 'The gateway is away.');
    if (this.mood === 'denies') throw new AppError('E_REVOKER_DENIED', 'The gateway refused our credential.');
  }

  #known(keyId: string): Key {
    const key = this.keys.get(keyId);
    if (key === undefined) throw new AppError('E_REVOKER_UNKNOWN_KEY', 'Key not found.');
    return key;
  }
}
