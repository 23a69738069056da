import { whyOf } from '../errors.ts';
import type { Log } from '../log.ts';
import type { OutRecord, Transport } from '../transports/transport.ts';
import type { HeldPartition } from './held-partition.ts';

const EVERY_MS = 1_000;
/** An import moves hours of event time in a moment, and others wait for it to be said. */
const SOON_MS = 25;

export interface AnnouncerParts {
  transport: Pick<Transport, 'append'>;
  /** Of `rollups`. */
  partitions: number;
  held: () => Iterable<HeldPartition>;
  log: Log;
}

/** Tells all partitions how far ours are and what they learned: a record to each of them, through `rollups`, behind the
 *  rollups that it speaks of. With one partition there is nobody to tell. */
export class Announcer {
  readonly #parts: AnnouncerParts;
  readonly #timer: NodeJS.Timeout | undefined;
  #soon: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(parts: AnnouncerParts) {
    this.#parts = parts;
    if (parts.partitions === 1) return;
    this.#timer = setInterval(() => {
      this.announce().catch((error: unknown) => {
        parts.log.debug(whyOf(error), 'Partitions could not be told how far the others are.');
      });
    }, EVERY_MS);
  }

  soon(): void {
    if (this.#timer === undefined) return;
    this.#soon ??= setTimeout(() => {
      this.#soon = undefined;
      this.announce().catch(() => undefined);
    }, SOON_MS);
  }

  /** Resolves when all that our partitions had to say by now is in the topic. */
  announce(): Promise<void> {
    if (this.#timer === undefined) return Promise.resolve();
    const after = this.#running.catch(() => undefined).then(() => this.#announce());
    this.#running = after;
    return after;
  }

  close(): void {
    clearInterval(this.#timer);
    clearTimeout(this.#soon);
  }

  async #announce(): Promise<void> {
    const { transport, partitions, held } = this.#parts;
    const said = [];
    for (const one of held()) {
      await one.passTime();
      const saying = one.say();
      if (saying !== undefined) said.push(saying);
    }
    if (said.length === 0) return;
    const value = JSON.stringify({ marks: said.map(({ mark }) => mark) });
    const records: OutRecord[] = [];
    for (let partition = 0; partition < partitions; partition += 1)
      records.push({ key: '', id: '', value, partition });
    await transport.append('rollups', records);
    for (const { wasTold } of said) wasTold();
  }
}
