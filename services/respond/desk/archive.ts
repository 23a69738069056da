import type { Entity } from '../../../detectors/detector.ts';
import { entityText } from '../../entity-text.ts';
import type { Dossier } from './dossier.ts';

/** Dossiers kept at most; the resolved ones that were touched longest ago go first. */
const MAX_DOSSIERS = 10_000;
const PREFIX = 'incident/';

/** All incidents the desk knows: every open one, and the newest resolved ones. */
export class Archive {
  readonly #dossiers = new Map<string, Dossier>();
  readonly #byEntity = new Map<string, Set<Dossier>>();
  readonly #changed = new Set<string>();
  #evictAbove = MAX_DOSSIERS;

  get(incidentId: string): Dossier | undefined {
    return this.#dossiers.get(incidentId);
  }

  all(): Iterable<Dossier> {
    return this.#dossiers.values();
  }

  /** Dossiers of one entity, oldest first. */
  of(entity: Entity): Dossier[] {
    return [...(this.#byEntity.get(entityText(entity)) ?? [])];
  }

  /** There is one open incident per entity at most. */
  openOf(entity: Entity): Dossier | undefined {
    return this.of(entity).find(({ incident }) => incident.status !== 'resolved');
  }

  add(dossier: Dossier): void {
    const { incidentId, entity } = dossier.incident;
    this.#dossiers.set(incidentId, dossier);
    const entityId = entityText(entity);
    const siblings = this.#byEntity.get(entityId) ?? new Set();
    this.#byEntity.set(entityId, siblings.add(dossier));
    if (this.#dossiers.size > this.#evictAbove) this.#evict();
  }

  markChanged({ incident }: Dossier): void {
    this.#changed.add(incident.incidentId);
  }

  #evict(): void {
    const resolved = [...this.#dossiers.values()].filter(({ incident }) => incident.status === 'resolved');
    const oldest = resolved
      .sort((a, b) => a.incident.updatedAt - b.incident.updatedAt)
      .slice(0, MAX_DOSSIERS / 10);
    for (const dossier of oldest) {
      const { incidentId, entity } = dossier.incident;
      this.#dossiers.delete(incidentId);
      this.#changed.add(incidentId);
      const siblings = this.#byEntity.get(entityText(entity));
      siblings?.delete(dossier);
      if (siblings?.size === 0) this.#byEntity.delete(entityText(entity));
    }
    // In a flood of open incidents there is nothing to evict; looking for it each time would be the real harm.
    this.#evictAbove = Math.max(MAX_DOSSIERS, this.#dossiers.size + MAX_DOSSIERS / 10);
  }

  takeChanged(): string[] {
    const names = [...this.#changed].map((incidentId) => `${PREFIX}${incidentId}`);
    this.#changed.clear();
    return names;
  }

  /** Undefined: it is gone, or the name is not one of ours. */
  save(name: string): string | undefined {
    const dossier = this.#dossiers.get(name.slice(PREFIX.length));
    return name.startsWith(PREFIX) && dossier !== undefined ? JSON.stringify(dossier) : undefined;
  }

  restore(name: string, text: string): boolean {
    if (!name.startsWith(PREFIX)) return false;
    this.add(JSON.parse(text) as Dossier);
    return true;
  }
}
