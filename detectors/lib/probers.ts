import type { Probe } from '../detector.ts';

const HOUR_MS = 3_600_000;
const MEMORY_MS = 24 * HOUR_MS;
const MAX_ADDRESSES = 2_000;
const MAX_CREDENTIALS = 16;
/** Characters of an identifier that tell credentials apart. */
const SHORT_CREDENTIAL = 24;

interface Prober {
  lastAt: number;
  credentials: string[];
}

/** Marks a key that is known here and was used from an address that is new to it. */
const KNOWN = '+';

export function knownCredential(keyId: string): string {
  return `${KNOWN}${keyId.slice(0, SHORT_CREDENTIAL)}`;
}

export function unknownCredential(keyId: string): string {
  return keyId.slice(0, SHORT_CREDENTIAL);
}

/** Addresses that tried credentials nobody knows here, which is background noise of the internet until the same address
 *  uses a real key; and those that use several real keys, as whoever has a dumped set of them does. */
export class Probers {
  readonly #addresses = new Map<string, Prober>();
  #isChanged = false;

  /** False for what others need not hear of. */
  note({ ip, credential, ts }: Probe): boolean {
    if (ip === '') return false;
    let prober = this.#addresses.get(ip);
    if (prober === undefined || ts - prober.lastAt > MEMORY_MS) {
      prober = { lastAt: ts, credentials: [] };
    } else {
      this.#addresses.delete(ip);
    }
    // Last in the map is last seen, so the first one makes room.
    this.#addresses.set(ip, prober);
    const isLongAgo = ts - prober.lastAt > HOUR_MS;
    prober.lastAt = Math.max(prober.lastAt, ts);
    const isNew = prober.credentials.length < MAX_CREDENTIALS && !prober.credentials.includes(credential);
    if (isNew) prober.credentials.push(credential);
    if (this.#addresses.size > MAX_ADDRESSES) {
      for (const first of this.#addresses.keys()) {
        this.#addresses.delete(first);
        break;
      }
    }
    this.#isChanged = true;
    return isNew || isLongAgo;
  }

  /** Unknown credentials tried from this address in the last day. */
  tried(ip: string, ts: number): number {
    return this.#credentialsOf(ip, ts).filter((one) => !one.startsWith(KNOWN)).length;
  }

  /** Keys beside this one that were used from this address in the last day, though it was new to them. */
  usedBeside(ip: string, keyId: string, ts: number): number {
    const own = knownCredential(keyId);
    return this.#credentialsOf(ip, ts).filter((one) => one.startsWith(KNOWN) && one !== own).length;
  }

  #credentialsOf(ip: string, ts: number): readonly string[] {
    const prober = this.#addresses.get(ip);
    return prober === undefined || ts - prober.lastAt > MEMORY_MS ? [] : prober.credentials;
  }

  takeChanged(): boolean {
    const isChanged = this.#isChanged;
    this.#isChanged = false;
    return isChanged;
  }

  save(): string {
    return JSON.stringify([...this.#addresses]);
  }

  restore(text: string): void {
    for (const [ip, prober] of JSON.parse(text) as [string, Prober][]) this.#addresses.set(ip, prober);
  }
}
