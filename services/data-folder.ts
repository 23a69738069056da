import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { open } from 'lmdb';
import type { RootDatabase } from 'lmdb';
import { AppError, messageOf } from './errors.ts';

const OWNER = 'owner';
/** With less than this left, the log of events and the audit record soon cannot be written. */
const MIN_FREE_BYTES = 8 * 1024 ** 2;

/** A pid alone does not name a process: after a crash the same number may belong to another one. */
interface Owner {
  pid: number;
  startedAt: string;
}

/** Makes the folder, readable by its owner alone, and takes it for this process until `release()`. Rejects with
 *  `E_DATA_LOCKED` while another process that is alive has it. What a killed process left is taken over.
 *
 *  The owner's name stands in a small LMDB file, because its transactions let one process at a time look and take, and
 *  survive a kill in the middle; a pid file alone leaves a gap in which two take over the same stale lock. Processes of
 *  different containers do not see each other: give each its own folder. */
export async function lockDataFolder(dir: string): Promise<() => Promise<void>> {
  const file = openLock(dir);
  const self: Owner = { pid: process.pid, startedAt: startOf(process.pid) ?? '' };
  const holder = file.transactionSync(() => {
    const owner = file.get(OWNER);
    if (owner !== undefined && isAlive(owner)) return owner;
    file.putSync(OWNER, self);
    return undefined;
  });
  if (holder !== undefined) {
    await file.close();
    throw new AppError(
      'E_DATA_LOCKED',
      `The data folder ${dir} is in use by process ${holder.pid.toString()}. Stop it, or set GATEWATCH_DATA_DIR.`,
      { dir, pid: holder.pid },
    );
  }
  let releasing: Promise<void> | undefined;
  return () => (releasing ??= release(file));
}

/** False while the disk of the folder is full, or as good as full. */
export function hasRoom(dir: string): boolean {
  const { bavail, bsize } = statfsSync(dir);
  return bavail * bsize >= MIN_FREE_BYTES;
}

async function release(file: RootDatabase<Owner, string>): Promise<void> {
  file.removeSync(OWNER);
  await file.close();
}

function openLock(dir: string): RootDatabase<Owner, string> {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    // LMDB ends the process when there is no room for its lock.
    if (!hasRoom(dir)) throw new Error('its disk is full');
    return open<Owner, string>({
      path: join(dir, 'lock.mdb'),
      noSubdir: true,
      overlappingSync: false,
      encoding: 'json',
    });
  } catch (cause) {
    const message = `The data folder ${dir} cannot be used (${messageOf(cause)}). Make room or correct its rights, or set GATEWATCH_DATA_DIR.`;
    throw new AppError('E_CONFIG', message, { cause, dir });
  }
}

function isAlive({ pid, startedAt }: Owner): boolean {
  return startOf(pid) === startedAt;
}

/** When the process started, in whatever form the system tells; undefined if there is no such process. */
function startOf(pid: number): string | undefined {
  return process.platform === 'linux' ? startOnLinux(pid) : startByPs(pid);
}

function startOnLinux(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid.toString()}/stat`, 'utf8');
    // The name before the last parenthesis may hold anything. After it: state, …, the start in ticks since boot.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const isGone = fields[0] === 'Z' || fields[0] === 'X';
    if (isGone) return undefined;
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}/${fields[19] ?? ''}`;
  } catch {
    return undefined;
  }
}

function startByPs(pid: number): string | undefined {
  try {
    return (
      execFileSync('ps', ['-o', 'lstart=', '-p', pid.toString()], { encoding: 'utf8' }).trim() || undefined
    );
  } catch {
    return undefined;
  }
}
