import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { vi } from 'vitest';
import { PATIENT } from './patience.ts';

const CHILD = fileURLToPath(new URL('./gatewatch-child.ts', import.meta.url));

export interface ProcessSettings {
  dataDir: string;
  port: number;
  adminToken: string;
  ingestToken: string;
  /** More settings, as environment variables. */
  env: Readonly<Record<string, string>>;
  /** Steps of a process that does not do everything. */
  only?: string;
}

/** A whole gatewatch in a process of its own, to be killed and started again on the same folder and port. */
export class GatewatchProcess {
  readonly url: string;
  readonly #settings: ProcessSettings;
  #child: ChildProcess | undefined;
  #output = '';

  constructor(settings: ProcessSettings) {
    this.#settings = settings;
    this.url = `http://127.0.0.1:${settings.port.toString()}`;
  }

  /** Does not wait until it is ready: a kill may come before. */
  start(): void {
    const { dataDir, port, adminToken, ingestToken, env, only } = this.#settings;
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', CHILD, 'start', ...(only === undefined ? [] : ['--only', only])],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: {
          PATH: process.env['PATH'],
          GATEWATCH_DATA_DIR: dataDir,
          GATEWATCH_LISTEN: `127.0.0.1:${port.toString()}`,
          GATEWATCH_ADMIN_TOKEN: adminToken,
          GATEWATCH_INGEST_TOKEN: ingestToken,
          GATEWATCH_LOG_LEVEL: 'error',
          ...env,
        },
      },
    );
    this.#output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (data: Buffer) => {
        this.#output += data.toString();
      });
    }
    // One that ends by itself says why where somebody sees it.
    child.once('exit', (code) => {
      if (code !== null && code !== 0)
        console.error(
          `gatewatch ${only ?? ''} ended with ${code.toString()}:\n${this.#output.slice(-4_000)}`,
        );
    });
    this.#child = child;
  }

  async ready(): Promise<void> {
    await vi.waitFor(
      async () => {
        if (this.#child?.exitCode !== null) throw new Error(`gatewatch ended by itself:\n${this.#output}`);
        const answer = await fetch(`${this.url}/readyz`);
        if (!answer.ok) throw new Error(await answer.text());
      },
      { ...PATIENT, interval: 50 },
    );
  }

  /** Answers its exit code: 0 for one that ended by itself in the time that it gives itself, null for one that was killed. */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> {
    const child = this.#child;
    if (child?.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    const exited = once(child, 'exit');
    child.kill(signal);
    const [code] = (await exited) as [number | null];
    return code;
  }

  /** `SIGSTOP` lets it stand still, `SIGCONT` go on. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child?.kill(signal);
  }

  /** The value of a metric without labels, or the sum over all labels. */
  async metric(name: string): Promise<number> {
    const answer = await fetch(`${this.url}/metrics`, {
      headers: { authorization: `Bearer ${this.#settings.adminToken}` },
      signal: AbortSignal.timeout(5_000),
    });
    const lines = (await answer.text()).split('\n');
    const found = lines.filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
    return found.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  }

  async api<T>(path: string, body?: unknown): Promise<T> {
    const answer = await fetch(`${this.url}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${this.#settings.adminToken}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${path}: ${answer.status.toString()} ${await answer.text()}`);
    return (await answer.json()) as T;
  }

  /** As the gateway would: with the token for logs. */
  async send(path: string, body: unknown): Promise<void> {
    const answer = await fetch(`${this.url}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${this.#settings.ingestToken}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${path}: ${answer.status.toString()} ${await answer.text()}`);
  }

  async sql(query: string): Promise<unknown[][]> {
    return (await this.api<{ rows: unknown[][] }>('/v1/sql', { query })).rows;
  }
}
