import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Secret } from '../../../services/secret.ts';
import type { ServerRequest } from './server-config.ts';

const CHILD = join(import.meta.dirname, 'http-child.ts');

/** For hooks and tests that start it: about a second by itself, much longer beside everything else. */
export const SLOW_START_MS = 120_000;

type Wishes = Pick<ServerRequest, 'grants' | 'cluster'>;

/** The engine behind ClickHouse’s HTTP interface, on loopback, in a process that can be killed and started again. */
export class ClickHouseOverHttp {
  readonly username = 'gatewatch_test';
  readonly password = `p@ss:${randomBytes(6).toString('hex')}/#%`;
  readonly #dir: string;
  #child: ChildProcessByStdio<Writable, Readable, null> | undefined;
  #port = 0;

  private constructor(dir: string) {
    this.#dir = dir;
  }

  static async start(wishes: Wishes = {}): Promise<ClickHouseOverHttp> {
    const server = new ClickHouseOverHttp(await mkdtemp(join(tmpdir(), 'gatewatch-clickhouse-')));
    await server.restart(wishes);
    return server;
  }

  url(database = 'gatewatch'): Secret {
    const login = `${this.username}:${encodeURIComponent(this.password)}`;
    return new Secret(`http://${login}@127.0.0.1:${this.#port.toString()}/${database}`);
  }

  /** On the same data and the same port, with other rights if wished. */
  async restart(wishes: Wishes = {}): Promise<void> {
    await this.kill();
    const { username, password } = this;
    const request: ServerRequest = { ...wishes, dir: this.#dir, username, password, port: this.#port };
    const child = spawn(process.execPath, ['--import', 'tsx', CHILD, JSON.stringify(request)], {
      stdio: ['pipe', 'pipe', 'inherit'],
      // Each running query takes a thread.
      env: { ...process.env, UV_THREADPOOL_SIZE: '16' },
    });
    this.#child = child;
    const said = (await Promise.race([once(child.stdout, 'data'), once(child, 'exit')]))[0] as unknown;
    this.#port = Number(String(said));
    if (!Buffer.isBuffer(said))
      throw new Error('The HTTP server over the embedded ClickHouse did not start.');
  }

  /** As a loss of power takes it. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child?.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  async stop(): Promise<void> {
    await this.kill();
    await rm(this.#dir, { recursive: true, force: true });
  }
}
