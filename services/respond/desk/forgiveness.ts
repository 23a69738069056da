import type { EvidencePart } from '../../incidents/incident.ts';

interface Forgiven {
  until: number;
  findingIds: string[];
  indicators: string[];
}

/** Evidence that a person answered by a restore or a denial: for a while it does not act again. */
export class Forgiveness {
  #byKey = new Map<string, Forgiven[]>();

  forgive(keyId: string, evidence: readonly EvidencePart[], until: number): void {
    const findingIds = evidence.map(({ findingId }) => findingId);
    const indicators = [...new Set(evidence.flatMap((part) => part.indicators))];
    const others = this.#byKey.get(keyId) ?? [];
    this.#byKey.set(keyId, [...others.slice(-9), { until, findingIds, indicators }]);
  }

  /** The same story, or one in which nothing new turns up. */
  isForgiven(keyId: string, { findingId, indicators }: EvidencePart, now: number): boolean {
    return (this.#byKey.get(keyId) ?? []).some(
      (one) =>
        one.until > now &&
        (one.findingIds.includes(findingId) ||
          (indicators.length > 0 && indicators.every((indicator) => one.indicators.includes(indicator)))),
    );
  }

  /** Drops what is over; true when something was. */
  expire(now: number): boolean {
    const before = this.#byKey.size;
    for (const [keyId, all] of this.#byKey) {
      if (all.every(({ until }) => until <= now)) this.#byKey.delete(keyId);
    }
    return this.#byKey.size < before;
  }

  save(): [string, Forgiven[]][] {
    return [...this.#byKey];
  }

  restore(saved: [string, Forgiven[]][]): void {
    this.#byKey = new Map(saved);
  }
}
