import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';

/** A file that only grows. `append` resolves when the bytes are on disk. After a failure nobody knows what the disk
 *  took, so the next call opens the file anew and cuts it to what was known to be there. */
export class DurableFile {
  readonly #path: string;
  #handle: FileHandle | undefined;
  #sizeBytes: number;

  constructor(path: string, sizeBytes: number) {
    this.#path = path;
    this.#sizeBytes = sizeBytes;
  }

  async append(text: string): Promise<void> {
    const bytes = Buffer.from(text);
    try {
      this.#handle ??= await this.#open();
      await this.#handle.appendFile(bytes);
      await this.#handle.datasync();
      this.#sizeBytes += bytes.length;
    } catch (error) {
      await this.close().catch(() => undefined);
      throw error;
    }
  }

  /** Makes the file if it is not there, and cuts off what lies beyond its known size. */
  async prepare(): Promise<void> {
    this.#handle ??= await this.#open();
  }

  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }

  async #open(): Promise<FileHandle> {
    const handle = await open(this.#path, 'a', 0o600);
    try {
      const { size } = await handle.stat();
      if (size < this.#sizeBytes) throw new Error(`${this.#path} is shorter than it was.`);
      if (size > this.#sizeBytes) await handle.truncate(this.#sizeBytes);
      await handle.sync();
      await syncFolder(dirname(this.#path));
      return handle;
    } catch (error) {
      await handle.close();
      throw error;
    }
  }
}

/** So that the file's name survives a power cut as well. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
