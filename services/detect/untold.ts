import type { NetworkUse, News, Probe } from '../../detectors/detector.ts';

/** Whoever may send logs can make up addresses; other partitions do not remember more of them anyway. */
const MAX_PROBES = 2_000;

interface Counts {
  networks: number;
  probes: number;
}

/** What a partition learned and has not told the others yet, oldest first. */
export class Untold {
  #networks: NetworkUse[] = [];
  #probes: Probe[] = [];
  /** Of everything that was ever added, how much was told; each kind by itself, since networks go first. */
  readonly #told: Counts = { networks: 0, probes: 0 };

  add({ networks, probes }: News): void {
    this.#networks.push(...networks);
    this.#probes.push(...probes);
    const tooMany = this.#probes.length - MAX_PROBES;
    if (tooMany > 0) this.#drop(0, tooMany);
  }

  some(max: number): News {
    const networks = this.#networks.slice(0, max);
    return { networks, probes: this.#probes.slice(0, Math.max(0, max - networks.length)) };
  }

  isEmpty(): boolean {
    return this.#networks.length === 0 && this.#probes.length === 0;
  }

  wasTold({ networks, probes }: News): void {
    // Some of it may have been dropped meanwhile.
    const gone = probes.findIndex((one) => one === this.#probes[0]);
    this.#drop(networks.length, gone === -1 ? 0 : probes.length - gone);
  }

  /** What was added by now ends here. */
  end(): Counts {
    return {
      networks: this.#told.networks + this.#networks.length,
      probes: this.#told.probes + this.#probes.length,
    };
  }

  isBefore(end: Counts): boolean {
    return this.#told.networks < end.networks || this.#told.probes < end.probes;
  }

  #drop(networks: number, probes: number): void {
    this.#networks.splice(0, networks);
    this.#probes.splice(0, probes);
    this.#told.networks += networks;
    this.#told.probes += probes;
  }
}
