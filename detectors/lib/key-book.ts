import type { KeyId } from '../event.ts';
import type { KeyFacts, KeyProfile } from '../profile.ts';
import { glance, isSavedProfile, restoreProfile, saveProfile } from '../saved-profile.ts';
import { BoundedMap } from './bounded-map.ts';

export interface KeyBookOptions {
  /** Keys that are remembered. */
  max: number;
  /** Of these, so many are ready to be judged: the others, which were not used for longest, are kept as text. */
  maxReady: number;
  factsOf: (keyId: KeyId) => KeyFacts | undefined;
}

/** The profiles of all keys. Most keys of a large fleet are rarely used, and as text a profile takes a quarter of the memory,
 *  nothing of the garbage collector's time, and no time to restore. */
export class KeyBook {
  readonly #options: KeyBookOptions;
  readonly #keys: BoundedMap<KeyId, KeyProfile | string>;
  /** In the order of their last use. */
  readonly #ready = new Map<KeyId, KeyProfile>();

  constructor(options: KeyBookOptions) {
    this.#options = options;
    this.#keys = new BoundedMap({
      max: options.max,
      isKept: (_, keyId) => options.factsOf(keyId) !== undefined,
      worth: (entry) => (typeof entry === 'string' ? glance(entry).worth : worthOf(entry)),
    });
  }

  has(keyId: KeyId): boolean {
    return this.#keys.get(keyId) !== undefined;
  }

  get(keyId: KeyId): KeyProfile | undefined {
    const profile = this.#ready.get(keyId);
    if (profile !== undefined) {
      this.#ready.delete(keyId);
      this.#ready.set(keyId, profile);
      return profile;
    }
    const text = this.#keys.get(keyId);
    if (typeof text !== 'string') return undefined;
    const restored = this.#profileOf(keyId, text);
    this.#keys.restore(keyId, restored);
    this.#makeReady(keyId, restored);
    return restored;
  }

  /** As it is, for somebody who only looks. */
  peek(keyId: KeyId): KeyProfile | undefined {
    const entry = this.#keys.get(keyId);
    return typeof entry === 'string' ? this.#profileOf(keyId, entry) : entry;
  }

  /** Returns the keys that made room, if any had to. */
  add(profile: KeyProfile): KeyId[] {
    const dropped = this.#keys.add(profile.keyId, profile);
    for (const keyId of dropped) this.#ready.delete(keyId);
    this.#makeReady(profile.keyId, profile);
    return dropped;
  }

  /** Returns the keys whose newest call is older. */
  forgetBefore(ts: number): KeyId[] {
    const old: KeyId[] = [];
    for (const [keyId, entry] of this.#keys) {
      const { lastAt } = typeof entry === 'string' ? glance(entry) : entry;
      if (lastAt <= ts && this.#options.factsOf(keyId) === undefined) old.push(keyId);
    }
    for (const keyId of old) {
      this.#keys.delete(keyId);
      this.#ready.delete(keyId);
    }
    return old;
  }

  save(keyId: KeyId): string | undefined {
    const entry = this.#keys.get(keyId);
    return typeof entry === 'object' ? saveProfile(entry, worthOf(entry)) : entry;
  }

  /** A key whose text an older version wrote is learned anew. */
  restore(keyId: KeyId, text: string): void {
    this.#ready.delete(keyId);
    if (isSavedProfile(text)) this.#keys.restore(keyId, text);
  }

  #profileOf(keyId: KeyId, text: string): KeyProfile {
    const profile = restoreProfile(keyId, text);
    profile.facts = this.#options.factsOf(keyId);
    return profile;
  }

  #makeReady(keyId: KeyId, profile: KeyProfile): void {
    this.#ready.set(keyId, profile);
    if (this.#ready.size <= this.#options.maxReady) return;
    for (const [longestUnused, old] of this.#ready) {
      this.#keys.restore(longestUnused, saveProfile(old, worthOf(old)));
      this.#ready.delete(longestUnused);
      return;
    }
  }
}

/** Keys that are used stay, and above all those that something was told about. */
function worthOf({ calls, party, burn, floods, factStories }: KeyProfile): number {
  const stories = factStories.length + floods.length;
  const isTold = (party?.told.length ?? 0) > 0 || burn !== undefined || stories > 0;
  return isTold ? Number.MAX_SAFE_INTEGER : calls;
}
