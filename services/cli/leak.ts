import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { text as readAll } from 'node:stream/consumers';
import type { Command } from 'commander';
import { AppError, messageOf } from '../errors.ts';
import { parseJson } from '../json-text.ts';
import { readConfig, withConfig } from './options.ts';
import type { ConfigOption } from './options.ts';
import { requireServer } from './running.ts';

/** Reports to the API in pieces; its body limit is 1 MB. */
const KEYS_PER_REQUEST = 5_000;
const SHORTEST_KEY = 8;

export interface LeakedKey {
  sha256: string;
}

type Json = Record<string, unknown>;

function secretOf(record: Json): string | undefined {
  // gitleaks says Secret; trufflehog says RawV2 (id and secret) or Raw.
  const candidates = [record['Secret'], record['Raw'], record['RawV2']];
  return candidates.find((one): one is string => typeof one === 'string' && one !== '');
}

function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Plaintext keys of a scanner's report or of plain lines; SHA-256 sums are passed on as they are. */
function keysOf(text: string): string[] {
  const whole = parseJson(text);
  if (Array.isArray(whole))
    return whole
      .filter(isRecord)
      .map(secretOf)
      .filter((key) => key !== undefined);
  const keys: string[] = [];
  for (const line of text.split(/\r?\n/)) {
    const trimmed = line.trim();
    const record = trimmed.startsWith('{') ? parseJson(trimmed) : undefined;
    const key = isRecord(record) ? secretOf(record) : trimmed;
    if (key !== undefined && key.length >= SHORTEST_KEY && !/^redacted$/i.test(key)) keys.push(key);
  }
  return keys;
}

/** Hashes here, so that the plaintext never leaves this process. */
export function hashKeys(text: string): LeakedKey[] {
  const sums = keysOf(text).map((key) =>
    /^[0-9a-f]{64}$/i.test(key) ? key.toLowerCase() : createHash('sha256').update(key).digest('hex'),
  );
  return [...new Set(sums)].map((sha256) => ({ sha256 }));
}

async function readInput(file: string | undefined): Promise<string> {
  if (file === undefined || file === '-') return readAll(process.stdin);
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new AppError('E_BAD_REQUEST', `Cannot read ${file}: ${messageOf(cause)}.`, { cause });
  }
}

interface ReportOptions extends ConfigOption {
  source: string;
  url?: string;
}

export function registerLeak(program: Command): void {
  const report = program
    .command('leak')
    .description('keys that were found where they should not be')
    .command('report')
    .description(
      'hash keys locally and report them; reads gitleaks JSON, trufflehog JSON lines, or one key a line',
    )
    .argument('[file]', 'report file; standard input when left out')
    .option('--source <text>', 'who found them', 'command line')
    .option('--url <url>', 'where they were found')
    .action(async (file: string | undefined, { source, url, ...options }: ReportOptions) => {
      const keys = hashKeys(await readInput(file));
      if (keys.length === 0)
        throw new AppError('E_BAD_REQUEST', 'No key was found in the report. Was it redacted?');
      const server = requireServer(readConfig(options), process.env);
      for (let at = 0; at < keys.length; at += KEYS_PER_REQUEST) {
        const part = keys.slice(at, at + KEYS_PER_REQUEST);
        await server.post('/v1/leaks', { source, keys: part, ...(url === undefined ? {} : { url }) });
      }
      const count = keys.length === 1 ? '1 key' : `${keys.length.toString()} keys`;
      process.stdout.write(`${count} reported by SHA-256.\n`);
    });
  withConfig(report);
}
