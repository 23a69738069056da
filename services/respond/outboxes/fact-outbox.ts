import { setTimeout as wait } from 'node:timers/promises';
import type { Fact } from '../../../detectors/detector.ts';
import { whyOf } from '../../errors.ts';
import type { Log } from '../../log.ts';
import type { Transport } from '../../transports/transport.ts';
import type { Journal } from './journal.ts';

const MAX_PAUSE_MS = 10_000;
const PREFIX = 'fact/';

export interface FactOutboxParts {
  transport: Transport;
  journal: Journal;
  log: Log;
}

/** The same fact has the same id, so one that is appended twice counts once. */
function factId(fact: Fact): string {
  const about = 'incidentId' in fact ? fact.incidentId : '';
  return `${fact.type}/${fact.keyId}/${about}/${fact.at}`;
}

/** Tells detect what was done about keys, in order, however long the log cannot be written. */
export class FactOutbox {
  readonly #parts: FactOutboxParts;
  #facts: Fact[] = [];
  #running: Promise<void> | undefined;
  readonly #closing = new AbortController();

  constructor(parts: FactOutboxParts) {
    this.#parts = parts;
  }

  open(entries: ReadonlyMap<string, string>): void {
    for (const [name, text] of entries)
      if (name.startsWith(PREFIX)) this.#facts.push(JSON.parse(text) as Fact);
    this.#facts.sort((a, b) => a.at - b.at);
    this.#start();
  }

  add(fact: Fact): void {
    this.#parts.journal.set(`${PREFIX}${factId(fact)}`, JSON.stringify(fact));
    this.#facts.push(fact);
    this.#start();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#running;
  }

  #start(): void {
    this.#running ??= this.#run();
  }

  async #run(): Promise<void> {
    // With nothing to do it would end before it is known to run, and then seem to run for ever.
    await Promise.resolve();
    const { transport, journal, log } = this.#parts;
    const { signal } = this.#closing;
    for (let pauseMs = 100; !signal.aborted;) {
      const fact = this.#facts[0];
      if (fact === undefined) break;
      const id = factId(fact);
      try {
        const record = { key: fact.keyId, id, value: JSON.stringify(fact) };
        await transport.append('facts', [record], { dropDuplicates: true });
        this.#facts.shift();
        journal.set(`${PREFIX}${id}`, undefined);
        pauseMs = 100;
      } catch (error) {
        log.error({ ...whyOf(error) }, 'A fact waits for the log.');
        await wait(pauseMs, undefined, { signal }).catch(() => undefined);
        pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS);
      }
    }
    this.#running = undefined;
  }
}
