import { constants } from 'node:fs';
import { access, readdir, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { verifyAudit } from '../../audit/verify.ts';
import { note, ok, problem, warning } from './advice.ts';
import type { Advice } from './advice.ts';

const MIN_FREE_BYTES = 200 * 1024 ** 2;
const FEW_FREE_BYTES = 2 * 1024 ** 3;
const OTHERS = 0o077;

/** Rights and room of the data folder. */
export async function checkFolder(dataDir: string): Promise<Advice[]> {
  const mode = await modeOf(dataDir);
  const existing = mode === undefined ? await nearestFolder(dataDir) : dataDir;
  const found = [await checkWritable(existing), await checkRoom(existing)];
  if (mode === undefined) return [...found, note(`${dataDir} will be made at the first start.`)];
  if ((mode & OTHERS) !== 0)
    found.push(warning(`Others on this machine may look into ${dataDir}. Run: chmod 700 ${dataDir}`));
  return [...found, ...(await checkSecrets(dataDir))];
}

async function modeOf(path: string): Promise<number | undefined> {
  return stat(path).then(
    ({ mode }) => mode,
    () => undefined,
  );
}

async function nearestFolder(path: string): Promise<string> {
  const parent = dirname(path);
  return parent === path || (await modeOf(parent)) !== undefined ? parent : nearestFolder(parent);
}

async function checkWritable(path: string): Promise<Advice> {
  try {
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
    return ok(`${path} can be read and written.`);
  } catch {
    return problem(
      `${path} cannot be read and written by this user. Correct its owner and rights, or set GATEWATCH_DATA_DIR.`,
    );
  }
}

async function checkRoom(path: string): Promise<Advice> {
  const { bavail, bsize } = await statfs(path);
  const freeBytes = bavail * bsize;
  const free = `${(freeBytes / 1024 ** 3).toFixed(1)} GiB`;
  if (freeBytes < MIN_FREE_BYTES)
    return problem(
      `Only ${free} are free for ${path}: soon nothing can be written, and without its audit record nothing is blocked. Make room.`,
    );
  if (freeBytes < FEW_FREE_BYTES)
    return warning(`Only ${free} are free for ${path}. Make room, or shorten GATEWATCH_RETENTION_DAYS.`);
  return ok(`${free} are free for it.`);
}

/** Files that hold secrets of this installation, or hashes of tokens. */
async function checkSecrets(dataDir: string): Promise<Advice[]> {
  const keys = await readdir(join(dataDir, 'keys')).catch(() => []);
  const files = [
    ...keys.filter((name) => !name.endsWith('.pub')).map((name) => join('keys', name)),
    'tokens.json',
    'running.json',
    'audit.ndjson',
  ];
  const open: string[] = [];
  for (const file of files) {
    const mode = await modeOf(join(dataDir, file));
    if (mode !== undefined && (mode & OTHERS) !== 0) open.push(join(dataDir, file));
  }
  if (open.length === 0) return [ok('Its secrets are readable by their owner only.')];
  return [problem(`Others on this machine may read secrets. Run: chmod 600 ${open.join(' ')}`)];
}

export async function checkAudit(dataDir: string): Promise<Advice[]> {
  if ((await modeOf(join(dataDir, 'audit.ndjson'))) === undefined) {
    return [note('There is no audit chain yet; the first start makes it.')];
  }
  const { ok: isWhole, records, problems } = await verifyAudit(dataDir, []);
  if (isWhole) return [ok(`The audit chain is whole: ${records} records.`)];
  return [
    problem(
      `The audit chain is broken: ${problems[0] ?? ''} See "gatewatch audit verify" and docs/runbook.md.`,
    ),
  ];
}
