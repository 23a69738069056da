import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { YOUNG_GENERATION } from '../services/garbage-collection.ts';
import type { BodyOptions } from './bodies.ts';
import type { ChildSettings, Order, Usage } from './child.ts';

const FILE = fileURLToPath(new URL('./child.ts', import.meta.url));

/** Of ingest; with `-admin` behind it, of the API. */
export const TOKEN = 'bench-ingest-token-0123456789';

/** The parent's side of `child.ts`: one question at a time. */
export class Child {
  readonly url: string;
  readonly #process: ChildProcess;

  private constructor(child: ChildProcess, url: string) {
    this.#process = child;
    this.url = url;
  }

  static async start(settings: ChildSettings): Promise<Child> {
    const child = fork(FILE, [JSON.stringify(settings)], {
      execArgv: [...process.execArgv, YOUNG_GENERATION],
    });
    const url = await answerOf(child);
    return new Child(child, url as string);
  }

  usage(): Promise<Usage> {
    return this.#ask({ order: 'usage' }) as Promise<Usage>;
  }

  /** Milliseconds of CPU. */
  parse(bodies: BodyOptions): Promise<number> {
    return this.#ask({ order: 'parse', bodies }) as Promise<number>;
  }

  async settle(): Promise<void> {
    await this.#ask({ order: 'settle' });
  }

  async close(): Promise<void> {
    const exited = once(this.#process, 'exit');
    await this.#ask({ order: 'close' });
    await exited;
  }

  #ask(order: Order): Promise<unknown> {
    this.#process.send(order);
    return answerOf(this.#process);
  }
}

async function answerOf(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null) =>
      reject(new Error(`A process of the bench ended with ${String(code)}.`));
    child.once('exit', onExit);
    child.once('message', ({ value }: { value?: unknown }) => {
      child.off('exit', onExit);
      resolve(value);
    });
  });
}
