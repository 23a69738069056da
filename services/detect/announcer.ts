import { whyOf } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Mark } from '../topics.ts';
import type { OutRecord, Transport } from '../transports/transport.ts';

const EVERY_MS = 1_000;
/** An import moves hours of event time in a moment, and others wait for it to be said. */
const SOON_MS = 25;
/** Pieces of news in one record, which must not become larger than a broker takes. */
const MAX_NEWS = 500;

/** A partition of ours. */
export interface Speaker {
  /** The others have to know more than what was said last. */
  hasToSay(): boolean;
  /** What it has to say, with so many pieces of news at most; undefined when that is nothing. `wasTold`: to be called when
   *  all partitions can read it. */
  say(maxNews: number): Saying | undefined;
  /** Lets time pass if there is nothing left to be judged. */
  passTime(): Promise<void>;
}

export interface Saying {
  mark: Mark;
  wasTold: () => void;
}

export interface AnnouncerParts {
  transport: Pick<Transport, 'append'>;
  /** Of `rollups`. */
  partitions: number;
  held: () => Iterable<Speaker>;
  log: Log;
}

/** Tells all partitions how far ours are and what they learned: a record to each of them, through `rollups`, behind the
 *  rollups that it speaks of. With one partition there is nobody to tell. */
export class Announcer {
  readonly #parts: AnnouncerParts;
  #timer: NodeJS.Timeout | undefined;
  #soon: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #passing: Promise<void> = Promise.resolve();

  constructor(parts: AnnouncerParts) {
    this.#parts = parts;
  }

  start(): void {
    if (!this.#hasOthers()) return;
    this.#timer = setInterval(() => {
      if ([...this.#parts.held()].some((one) => one.hasToSay())) this.#tryToAnnounce();
      this.#passTime();
    }, EVERY_MS);
  }

  soon(): void {
    if (!this.#hasOthers()) return;
    this.#soon ??= setTimeout(() => {
      this.#soon = undefined;
      this.#tryToAnnounce();
    }, SOON_MS);
  }

  /** Resolves when all that our partitions had to say by now is in the topic, of much news a part. */
  announce(): Promise<void> {
    if (!this.#hasOthers()) return Promise.resolve();
    const after = this.#running.catch(() => undefined).then(() => this.#announce());
    this.#running = after;
    return after;
  }

  close(): void {
    clearInterval(this.#timer);
    clearTimeout(this.#soon);
  }

  #hasOthers(): boolean {
    return this.#parts.partitions > 1;
  }

  #tryToAnnounce(): void {
    this.announce().catch((error: unknown) => {
      this.#parts.log.debug(whyOf(error), 'Partitions could not be told how far the others are.');
    });
  }

  /** Beside announcing: it asks brokers that may not answer. */
  #passTime(): void {
    const all = [...this.#parts.held()];
    this.#passing = this.#passing.then(async () => {
      await Promise.allSettled(all.map((one) => one.passTime()));
    });
  }

  async #announce(): Promise<void> {
    const { transport, partitions, held } = this.#parts;
    const all = [...held()];
    const share = Math.ceil(MAX_NEWS / Math.max(1, all.length));
    const said = [];
    for (const one of all) {
      const saying = one.say(share);
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
