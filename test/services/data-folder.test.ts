import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open } from 'lmdb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hasRoom, lockDataFolder } from '../../services/data-folder.ts';

const CHILD = join(import.meta.dirname, 'data-folder-child.ts');

let base: string;
let dir: string;
const closers: (() => unknown)[] = [];
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'gatewatch-data-'));
  dir = join(base, 'data');
});
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
  await rm(base, { recursive: true, force: true });
});

function startChild() {
  const child = spawn(process.execPath, ['--import', 'tsx', CHILD, dir]);
  closers.push(() => child.kill('SIGKILL'));
  const said = once(child.stdout, 'data').then(([data]: unknown[]) => String(data).trim());
  return { child, said, exited: once(child, 'exit') };
}

async function lock(): Promise<() => Promise<void>> {
  const release = await lockDataFolder(dir);
  closers.push(release);
  return release;
}

/** Leaves the lock as a process that was killed. */
async function leaveLock(owner: { pid: number; startedAt: string }): Promise<void> {
  await (
    await lockDataFolder(dir)
  )();
  const file = open({
    path: join(dir, 'lock.mdb'),
    noSubdir: true,
    overlappingSync: false,
    encoding: 'json',
  });
  file.putSync('owner', owner);
  await file.close();
}

describe('the lock of the data folder', () => {
  it('makes the folder for its owner alone', async () => {
    await lock();
    expect((await stat(dir)).mode & 0o777).toBe(0o700);
  });

  it('refuses a second taker in the same process until it is released', async () => {
    const release = await lock();
    await expect(lock()).rejects.toMatchObject({
      code: 'E_DATA_LOCKED',
      message: expect.stringContaining(`process ${process.pid.toString()}`) as string,
    });
    await release();
    await release();
    await lock();
  });

  it('names the process that has it', async () => {
    const { child, said, exited } = startChild();
    expect(await said).toBe('locked');
    await expect(lock()).rejects.toMatchObject({ code: 'E_DATA_LOCKED', details: { pid: child.pid } });
    child.stdin.write('\n');
    await exited;
    await lock();
  });

  it('is free again after a kill', async () => {
    const { child, said, exited } = startChild();
    expect(await said).toBe('locked');
    child.kill('SIGKILL');
    await exited;
    await lock();
  });

  it.each([
    { story: 'that is gone', owner: { pid: 2 ** 22 + 1, startedAt: 'before' } },
    { story: 'whose number belongs to another by now', owner: { pid: process.pid, startedAt: 'before' } },
  ])('is taken over from a process $story', async ({ owner }) => {
    await leaveLock(owner);
    await lock();
  });

  it('goes to exactly one of those who find a stale lock at the same time', async () => {
    await leaveLock({ pid: process.pid, startedAt: 'before' });
    const said = await Promise.all([startChild(), startChild(), startChild()].map((child) => child.said));
    expect(said.toSorted()).toEqual(['locked', 'refused E_DATA_LOCKED', 'refused E_DATA_LOCKED']);
  });

  it.runIf(process.platform === 'linux')('knows a full disk: a start there would end without a word', () => {
    expect(hasRoom(base)).toBe(true);
    // A file system without any room that every Linux has.
    expect(hasRoom('/proc')).toBe(false);
  });

  it('says what to do when the folder cannot be made', async () => {
    await writeFile(dir, '');
    await expect(lockDataFolder(join(dir, 'below'))).rejects.toMatchObject({
      code: 'E_CONFIG',
      message: expect.stringContaining('GATEWATCH_DATA_DIR') as string,
    });
  });
});
