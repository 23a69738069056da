import type { EvidencePart } from '../../incidents/incident.ts';

const WINDOW_MS = 15 * 60_000;
const MIN_KEYS = 5;
const MIN_TEAMS = 2;
/** Networks watched at a time; an attacker may show us many. The oldest go. */
const MAX_NETWORKS = 1_000;
const MAX_SIGHTINGS = 50;

interface Sighting {
  keyId: string;
  team: string;
  at: number;
}

/** Five keys of two teams that meet the same new network within 15 minutes: more likely a move of ours (a new NAT, an
 *  office, new IP data) than five thefts. At hosters, where one autonomous system is everybody's, a network is a prefix:
 *  five keys that show something new in the same large cloud are an ordinary quarter of an hour. */
export class Breaker {
  readonly #networks = new Map<string, Sighting[]>();

  /** Takes the evidence of a key; the network that trips the breaker, if one does. `metAt`: when the story began that the
   *  evidence is of. One that goes on for hours is no move. */
  note(
    part: EvidencePart,
    { metAt, ...key }: { keyId: string; team: string; metAt: number },
    now: number,
  ): string | undefined {
    if (metAt <= now - WINDOW_MS) return undefined;
    return newNetworks(part).find((network) => this.#add(network, { ...key, at: now }));
  }

  #add(network: string, sighting: Sighting): boolean {
    const known = this.#networks.get(network) ?? [];
    const others = known.filter(({ keyId, at }) => keyId !== sighting.keyId && at > sighting.at - WINDOW_MS);
    const sightings = [...others, sighting].slice(-MAX_SIGHTINGS);
    this.#networks.delete(network);
    this.#networks.set(network, sightings);
    const oldest = this.#networks.keys().next();
    if (this.#networks.size > MAX_NETWORKS && oldest.done !== true) this.#networks.delete(oldest.value);
    return sightings.length >= MIN_KEYS && new Set(sightings.map(({ team }) => team)).size >= MIN_TEAMS;
  }

  /** Starts to count anew, after somebody looked at it. */
  reset(): void {
    this.#networks.clear();
  }

  save(): [string, Sighting[]][] {
    return [...this.#networks];
  }

  restore(networks: [string, Sighting[]][]): void {
    for (const [network, sightings] of networks) this.#networks.set(network, sightings);
  }
}

function newNetworks({ lines, indicators }: EvidencePart): readonly string[] {
  const isNew = lines.some(({ family, bits }) => family === 'network' && bits > 0);
  return isNew ? indicators.filter((indicator) => indicator.startsWith('network:')) : [];
}
