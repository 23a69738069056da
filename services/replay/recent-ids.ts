/** Ids remembered at least; twice as many at most (about 100 MB). */
const REMEMBERED = 500_000;

/** Recognises calls that a log holds twice, as ingest does: gateways send again what they are not sure of. */
export class RecentIds {
  #newer = new Set<string>();
  #older = new Set<string>();

  /** False when the id was seen before. */
  add(id: string): boolean {
    if (this.#newer.has(id) || this.#older.has(id)) return false;
    if (this.#newer.size >= REMEMBERED) {
      this.#older = this.#newer;
      this.#newer = new Set();
    }
    this.#newer.add(id);
    return true;
  }
}
