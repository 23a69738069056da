import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { AppError, isErrno, messageOf } from '../errors.ts';

const LOCK_TRIES = 100;
const LOCK_PAUSE_MS = 20;
/** Writing takes milliseconds; a lock this old was left by a process that was killed. */
const LOCK_STALE_MS = 10_000;

/** `tokens.json` of the data folder, as text: read by a running server, written also by the command line meanwhile. */
export class TokenFile {
  readonly path: string;
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
    this.path = join(dir, 'tokens.json');
  }

  /** Changes whenever somebody writes the file; empty while there is none. */
  version(): string {
    const stat = statSync(this.path, { throwIfNoEntry: false });
    return stat === undefined ? '' : `${stat.ino}/${stat.mtimeMs}/${stat.size}`;
  }

  read(): string | undefined {
    return this.version() === '' ? undefined : readFileSync(this.path, 'utf8');
  }

  /** Rewrites the file as a whole; one process at a time. */
  async update(change: (text: string | undefined) => string): Promise<void> {
    this.#orExplain(() => mkdirSync(this.#dir, { recursive: true, mode: 0o700 }));
    const release = await this.#lock();
    try {
      const text = change(this.read());
      this.#orExplain(() => writeWhole(this.path, text));
    } finally {
      release();
    }
  }

  #orExplain(write: () => unknown): void {
    try {
      write();
    } catch (cause) {
      const advice = 'Make room or correct the rights of its folder, or set GATEWATCH_DATA_DIR.';
      throw new AppError('E_CONFIG', `${this.path} cannot be written (${messageOf(cause)}). ${advice}`, {
        cause,
      });
    }
  }

  async #lock(): Promise<() => void> {
    const path = `${this.path}.lock`;
    for (let tries = 0; tries < LOCK_TRIES; tries += 1) {
      try {
        closeSync(openSync(path, 'wx', 0o600));
        return () => {
          rmSync(path, { force: true });
        };
      } catch (cause) {
        if (!isErrno(cause, 'EEXIST'))
          throw new AppError('E_CONFIG', `${path} cannot be written: ${messageOf(cause)}.`, { cause });
        await waitFor(path);
      }
    }
    throw new AppError('E_BUSY', `Another process holds ${path}. If none runs, remove it.`);
  }
}

async function waitFor(lock: string): Promise<void> {
  const since = statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
  if (Date.now() - since > LOCK_STALE_MS) rmSync(lock, { force: true });
  else await pause(LOCK_PAUSE_MS);
}

/** A reader sees the old or the new file, never half of one. */
function writeWhole(path: string, text: string): void {
  const next = `${path}.new`;
  rmSync(next, { force: true });
  const file = openSync(next, 'wx', 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(next, path);
}
