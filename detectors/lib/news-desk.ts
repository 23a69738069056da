import type { NetworkUse, News, Probe } from '../detector.ts';
import type { Event } from '../event.ts';
import { shortId } from './egress.ts';
import type { Egress } from './egress.ts';
import type { Probers } from './probers.ts';

const SHORT_CREDENTIAL = 24;

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

  noteProbe({ ip, keyId, ts }: Event): void {
    if (keyId === '') return;
    const probe = { ip, credential: keyId.slice(0, SHORT_CREDENTIAL), ts };
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
