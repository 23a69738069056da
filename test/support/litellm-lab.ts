import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** A real LiteLLM proxy that logs to our ingest address. */
export interface LitellmLab {
  url: string;
  masterKey: string;
  stop(): Promise<void>;
}

const labTools = fileURLToPath(new URL('../../../shared/tools/litellm/', import.meta.url));

/** Where our ingest has to listen: a proxy given by LITELLM_URL logs to a fixed address. */
export function listenForLab(): string {
  return process.env['LITELLM_URL'] === undefined
    ? '127.0.0.1:0'
    : (process.env['GATEWATCH_LISTEN'] ?? '127.0.0.1:8787');
}

export function hasLab(): boolean {
  return process.env['LITELLM_URL'] !== undefined || existsSync(join(labTools, 'litellm-up'));
}

/** Takes the proxy of LITELLM_URL (with LITELLM_MASTER_KEY; its callback must already point at us), else starts one. */
export async function startLab(ingestUrl: string, ingestToken: string): Promise<LitellmLab> {
  const given = process.env['LITELLM_URL'];
  if (given !== undefined) {
    return { url: given, masterKey: process.env['LITELLM_MASTER_KEY'] ?? '', stop: () => Promise.resolve() };
  }
  const dir = await mkdtemp(join(tmpdir(), 'gatewatch-lab-'));
  const env = {
    ...process.env,
    INGEST_URL: ingestUrl,
    INGEST_TOKEN: ingestToken,
    LITELLM_LAB_DIR: dir,
    LITELLM_PORT: '0',
    LITELLM_FLUSH: '1',
  };
  const state = await run(join(labTools, 'litellm-up'), env);
  return {
    url: valueOf(state, 'LITELLM_BASE_URL'),
    masterKey: valueOf(state, 'LITELLM_MASTER_KEY'),
    async stop() {
      await promisify(execFile)(join(labTools, 'litellm-down'), ['--purge'], { env });
      await rm(dir, { recursive: true, force: true });
    },
  };
}

function run(command: string, env: NodeJS.ProcessEnv): Promise<string> {
  return new Promise((resolve, reject) => {
    // The proxy it leaves behind keeps the pipes open, so the end of the script is what counts, not of its output.
    const child = spawn(command, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    let err = '';
    child.stdout.on('data', (data: Buffer) => (out += data.toString()));
    child.stderr.on('data', (data: Buffer) => (err += data.toString()));
    child.on('error', reject);
    child.on('exit', (code) => {
      if (code === 0) resolve(out);
      else reject(new Error(`The lab did not start:\n${err}`));
    });
  });
}

function valueOf(state: string, name: string): string {
  const value = new RegExp(`^${name}=(.*)$`, 'm').exec(state)?.[1];
  if (value === undefined) throw new Error(`The lab did not say ${name}.`);
  return value;
}

interface Answer {
  status: number;
  body: unknown;
}

async function post(
  url: string,
  token: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: await response.json() };
}

export async function newKey(lab: LitellmLab, keyAlias: string): Promise<string> {
  const { body } = await post(`${lab.url}/key/generate`, lab.masterKey, {
    key_alias: keyAlias,
    user_id: 'dana',
  });
  return (body as { key: string }).key;
}

/** One call of a key through the proxy, from an address; gives the HTTP status. */
export async function chat(lab: LitellmLab, key: string, ip: string): Promise<number> {
  const body = { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'hello' }] };
  const { status } = await post(`${lab.url}/v1/chat/completions`, key, body, { 'x-forwarded-for': ip });
  return status;
}
