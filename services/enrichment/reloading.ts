import { statSync } from 'node:fs';

/** A file that is opened anew when it has changed. What cannot be read is reported once, and what was read before stays in
 *  use. A change counts when the file has been left alone from one `refresh` to the next: one that is being written in
 *  place is not read halfway. */
export class Reloading<Opened> {
  readonly #path: string;
  readonly #open: (path: string) => Opened;
  readonly #report: (error: unknown) => void;
  #seen: string;
  #tried: string;
  current: Opened | undefined;

  constructor(path: string, open: (path: string) => Opened, report: (error: unknown) => void) {
    this.#path = path;
    this.#open = open;
    this.#report = report;
    this.#seen = stampOf(path);
    this.#tried = this.#seen;
    this.#tryOpen();
  }

  /** True when a new version came into use. */
  refresh(): boolean {
    const stamp = stampOf(this.#path);
    const isQuiet = stamp === this.#seen;
    this.#seen = stamp;
    if (!isQuiet || stamp === this.#tried) return false;
    this.#tried = stamp;
    return this.#tryOpen();
  }

  #tryOpen(): boolean {
    try {
      this.current = this.#open(this.#path);
      return true;
    } catch (error) {
      this.#report(error);
      return false;
    }
  }
}

function stampOf(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? 'missing' : `${stat.mtimeMs}/${stat.size}/${stat.ino}`;
}
