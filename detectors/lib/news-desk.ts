import type { NetworkUse, News, Probe } from '../detector.ts';
import type { Event } from '../event.ts';
import { shortId } from './egress.ts';
import type { Egress } from './egress.ts';
import { knownCredential, unknownCredential } from './probers.ts';
import type { Probers } from './probers.ts';

/** What is known beyond a single key: learned here and told to the other partitions, or told by them. */
export class NewsDesk {
  readonly #egress: Egress;
  readonly #probers: Probers;
  readonly #hasOthers: boolean;
  #networks: NetworkUse[] = [];
  #probes: Probe[] = [];

  constructor(egress: Egress, probers: Probers, hasOthers: boolean) {
    this.#egress = egress;
    this.#probers = probers;
    this.#hasOthers = hasOthers;
  }

  noteUse(asn: number, { keyId, team }: { keyId: string; team: string }, ts: number): void {
    const use = { asn, key: shortId(keyId), team, ts };
    if (this.#egress.note(use) && this.#hasOthers) this.#networks.push(use);
  }

  /** A credential that nobody knows. */
  noteProbe({ ip, keyId, ts }: Event): void {
    if (keyId !== '') this.#note({ ip, credential: unknownCredential(keyId), ts });
  }

  /** A key used from an address that is new to it. */
  noteStranger({ ip, keyId, ts }: Event): void {
    this.#note({ ip, credential: knownCredential(keyId), ts });
  }

  #note(probe: Probe): void {
    if (this.#probers.note(probe) && this.#hasOthers) this.#probes.push(probe);
  }

  drain(): News {
    const news = { networks: this.#networks, probes: this.#probes };
    this.#networks = [];
    this.#probes = [];
    return news;
  }

  learn({ networks, probes }: News): void {
    for (const use of networks) this.#egress.note(use);
    for (const probe of probes) this.#probers.note(probe);
  }
}
