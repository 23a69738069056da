import { setTimeout as pause } from 'node:timers/promises';

export interface ShipperOptions {
  url: string;
  token: string;
  flushMs: number;
}

const BATCH_SIZE = 512;
const RETRY_AFTER_MS = [1_000, 2_000, 4_000];

/** Sends log records in batches as the gateway does: every so often or when a batch is full; failures of the receiver
 *  are repeated three times, then the batch is lost; what the receiver refuses (4xx) is lost at once. */
export class LogShipper {
  readonly #options: ShipperOptions;
  readonly #timer: NodeJS.Timeout;
  readonly #closing = new AbortController();
  #queue: unknown[] = [];
  #running: Promise<void> = Promise.resolve();
  lost = 0;

  constructor(options: ShipperOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.flush(), options.flushMs);
    this.#timer.unref();
  }

  add(record: unknown): void {
    this.#queue.push(record);
    if (this.#queue.length >= BATCH_SIZE) void this.flush();
  }

  /** Resolves when everything added so far has arrived or is lost. */
  flush(): Promise<void> {
    this.#running = this.#running.then(async () => {
      while (this.#queue.length > 0) await this.#send(this.#queue.splice(0, BATCH_SIZE));
    });
    return this.#running;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#closing.abort();
    await this.flush();
  }

  async #send(batch: readonly unknown[]): Promise<void> {
    const body = JSON.stringify(batch);
    for (const delayMs of [...RETRY_AFTER_MS, undefined]) {
      const status = await this.#post(body);
      if (status < 400) return;
      if (status < 500 || delayMs === undefined) break;
      const isOpen = await pause(delayMs, true, { signal: this.#closing.signal }).catch(() => false);
      if (!isOpen) break;
    }
    this.lost += batch.length;
  }

  async #post(body: string): Promise<number> {
    const headers = {
      authorization: `Bearer ${this.#options.token}`,
      'content-type': 'application/json',
      'user-agent': 'litellm/1.106.2',
    };
    try {
      const response = await fetch(this.#options.url, {
        method: 'POST',
        headers,
        body,
        signal: AbortSignal.timeout(5_000),
      });
      await response.arrayBuffer();
      return response.status;
    } catch {
      return 599;
    }
  }
}
