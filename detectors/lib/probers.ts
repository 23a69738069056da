import type { Probe } from '../detector.ts';

const HOUR_MS = 3_600_000;
const MEMORY_MS = 24 * HOUR_MS;
const MAX_ADDRESSES = 2_000;
const MAX_CREDENTIALS = 16;

interface Prober {
  lastAt: number;
  credentials: string[];
}

/** Addresses that tried credentials nobody knows here. Background noise of the internet, until the same address uses a
 *  real key. */
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
    if (this.#addresses.size === 0) return 0;
    const prober = this.#addresses.get(ip);
    return prober === undefined || ts - prober.lastAt > MEMORY_MS ? 0 : prober.credentials.length;
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
