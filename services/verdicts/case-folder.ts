import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { AppError, isErrno, messageOf } from '../errors.ts';
import { readCase, writeCase } from './verdict-case.ts';
import type { VerdictCase } from './verdict-case.ts';

/** Beyond, the oldest go. A case has 10,000 events at most, about 300 kB packed. */
const MAX_CASES = 200;
/** As long as incidents are kept. */
const MAX_AGE_MS = 400 * 86_400_000;
const MAX_TEXT_BYTES = 64 * 2 ** 20;
const ENDING = /\.ndjson(\.gz)?$/;
const pack = promisify(gzip);
const unpack = promisify(gunzip);

export const caseFolderOf = (dataDir: string): string => join(dataDir, 'verdicts');

/** One file for each incident, packed; a new verdict replaces the one before. */
export async function saveCase(dir: string, one: VerdictCase): Promise<void> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const file = join(dir, `${one.incidentId.replace(/[^\w-]/g, '_')}.ndjson.gz`);
  await writeFile(`${file}.new`, await pack(writeCase(one)), { mode: 0o600 });
  await rename(`${file}.new`, file);
  await makeRoom(dir, one.at);
}

async function makeRoom(dir: string, now: number): Promise<void> {
  const files = await Promise.all(
    (await filesIn(dir)).map(async (file) => ({ file, savedAt: (await stat(file)).mtimeMs })),
  );
  const newestFirst = files.sort((a, b) => b.savedAt - a.savedAt);
  for (const [index, { file, savedAt }] of newestFirst.entries()) {
    if (index >= MAX_CASES || now - savedAt > MAX_AGE_MS) await rm(file, { force: true });
  }
}

async function filesIn(dir: string): Promise<string[]> {
  const names = await readdir(dir);
  return names
    .filter((name) => ENDING.test(name))
    .sort()
    .map((name) => join(dir, name));
}

/** The files of a folder, or the file itself. A folder that is not there yet has none. */
export async function caseFiles(path: string): Promise<string[]> {
  try {
    return (await stat(path)).isDirectory() ? await filesIn(path) : [path];
  } catch (cause) {
    if (isErrno(cause, 'ENOENT') && !ENDING.test(path)) return [];
    throw new AppError('E_BAD_REQUEST', `Cannot read ${path}: ${messageOf(cause)}.`, { cause });
  }
}

export async function loadCase(file: string): Promise<VerdictCase> {
  const bytes = await readBytes(file);
  return readCase(bytes.toString('utf8'), basename(file));
}

async function readBytes(file: string): Promise<Buffer> {
  try {
    const bytes = await readFile(file);
    return file.endsWith('.gz') ? await unpack(bytes, { maxOutputLength: MAX_TEXT_BYTES }) : bytes;
  } catch (cause) {
    throw new AppError('E_NOTHING_READABLE', `Cannot read ${file}: ${messageOf(cause)}.`, { cause });
  }
}
