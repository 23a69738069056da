import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../config.ts';
import { AppError, isErrno } from '../errors.ts';
import { ApiClient, overSocket } from './api-client.ts';

/** What a running server leaves in its data folder for the command line: its address, and a token that is good for as
 *  long as it runs. Readable by the owner of the folder only. */
export interface Running {
  url: string;
  token: string;
  /** Of a responder that answers nothing but its health at `url`. */
  socketPath?: string | undefined;
  pid: number;
}

const fileIn = (dataDir: string) => join(dataDir, 'running.json');

export function writeRunning(dataDir: string, running: Running): void {
  rmSync(fileIn(dataDir), { force: true });
  writeFileSync(fileIn(dataDir), JSON.stringify(running), { mode: 0o600, flag: 'wx' });
}

export function removeRunning(dataDir: string): void {
  rmSync(fileIn(dataDir), { force: true });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return isErrno(error, 'EPERM');
  }
}

function readRunning(dataDir: string): Running | undefined {
  if (!existsSync(fileIn(dataDir))) return undefined;
  try {
    const running = JSON.parse(readFileSync(fileIn(dataDir), 'utf8')) as Running;
    return isAlive(running.pid) ? running : undefined;
  } catch {
    return undefined;
  }
}

/** The server to talk to: GATEWATCH_URL with GATEWATCH_TOKEN, else the one that runs on this data folder. */
export function findServer(config: Config, env: NodeJS.ProcessEnv): ApiClient | undefined {
  const url = env['GATEWATCH_URL'];
  const token = env['GATEWATCH_TOKEN'];
  if (url !== undefined && url !== '') {
    if (token === undefined || token === '') {
      throw new AppError('E_CONFIG', 'GATEWATCH_URL is set; set GATEWATCH_TOKEN as well.');
    }
    return new ApiClient(url, token);
  }
  const running = readRunning(config.dataDir);
  return running === undefined ? undefined : new ApiClient(running.url, running.token);
}

export function requireServer(config: Config, env: NodeJS.ProcessEnv): ApiClient {
  const server = findServer(config, env);
  if (server !== undefined) return server;
  throw new AppError(
    'E_NOT_FOUND',
    `No gatewatch runs on ${config.dataDir}. Start it with "gatewatch start", or set GATEWATCH_URL and GATEWATCH_TOKEN.`,
  );
}

/** Whoever holds the credentials of gateways: the server that GATEWATCH_URL names, a responder of its own on this data folder,
 *  else the server that runs on it. */
export function requireResponder(config: Config, env: NodeJS.ProcessEnv): ApiClient {
  const { url = '', token = '', socketPath } = readRunning(config.dataDir) ?? {};
  if (socketPath === undefined || (env['GATEWATCH_URL'] ?? '') !== '') return requireServer(config, env);
  return new ApiClient(url, token, overSocket(socketPath));
}
