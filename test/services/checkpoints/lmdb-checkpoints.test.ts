import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open } from 'lmdb';
import type { Database } from 'lmdb';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openLmdbCheckpoints } from '../../../services/checkpoints/lmdb-checkpoints.ts';

const CHILD = join(import.meta.dirname, 'lmdb-checkpoints-child.ts');

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'gatewatch-checkpoints-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

async function saveOne(): Promise<void> {
  const store = await openLmdbCheckpoints({ dir, now: () => 1234 });
  await (
    await store.open('events/0')
  ).checkpoint.save({
    offsets: { 'events/0': 7 },
    changed: new Map([
      ['a', 'text of a'],
      ['b', 'text of b'],
    ]),
  });
  await store.close();
}

async function changeFiles(
  change: (tables: { entries: Database; manifests: Database }) => void,
): Promise<void> {
  const root = open({ path: dir, noSubdir: false, overlappingSync: false });
  change({
    entries: root.openDB({ name: 'entries', encoding: 'binary' }),
    manifests: root.openDB({ name: 'manifests', encoding: 'binary' }),
  });
  await root.close();
}

function damage(table: Database, key: string | [string, string]): void {
  const bytes = Buffer.from(table.get(key) as Buffer);
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  table.putSync(key, bytes);
}

async function loadAll() {
  const store = await openLmdbCheckpoints({ dir });
  try {
    const { found } = await store.open('events/0');
    return found && { ...found, entries: new Map(found.entries) };
  } finally {
    await store.close();
  }
}

describe('checkpoints in LMDB', () => {
  it('tell when they were saved', async () => {
    await saveOne();
    expect(await loadAll()).toMatchObject({ savedAt: 1234, offsets: { 'events/0': 7 } });
  });

  it.each([
    {
      what: 'an entry is damaged',
      change: (tables: { entries: Database }) => {
        damage(tables.entries, ['events/0', 'b']);
      },
    },
    {
      what: 'an entry is missing',
      change: (tables: { entries: Database }) => {
        tables.entries.removeSync(['events/0', 'b']);
      },
    },
    {
      what: 'the manifest is damaged',
      change: (tables: { manifests: Database }) => {
        damage(tables.manifests, 'events/0');
      },
    },
  ])('are refused when $what', async ({ change }) => {
    await saveOne();
    await changeFiles(change);
    await expect(loadAll()).rejects.toMatchObject({ code: 'E_CHECKPOINT_CORRUPT' });
  });

  it('are saved without waiting for a large one of another name', async () => {
    const store = await openLmdbCheckpoints({ dir });
    const many = Array.from({ length: 10_000 }, (_, index) => [`key:${index.toString()}`, 'text'] as const);
    const saved: string[] = [];
    const save = async (name: string, changed: ReadonlyMap<string, string>) => {
      const { checkpoint } = await store.open(name);
      await checkpoint.save({ offsets: {}, changed });
      saved.push(name);
    };
    await Promise.all([save('detect/0', new Map(many)), save('respond', new Map([['incident', 'text']]))]);
    expect(saved).toEqual(['respond', 'detect/0']);
    await store.close();
  });

  it('say what to do when the folder cannot be made', async () => {
    await writeFile(join(dir, 'file'), '');
    await expect(openLmdbCheckpoints({ dir: join(dir, 'file', 'state') })).rejects.toMatchObject({
      code: 'E_CHECKPOINT_UNAVAILABLE',
    });
  });

  it('keep the one before when the disk is full, and say what to do', async () => {
    const command = [process.execPath, '--import', 'tsx', CHILD, dir, '3000'];
    const child = spawn('/bin/sh', ['-c', 'ulimit -f 8000; exec "$0" "$@"', ...command]);
    let said = '';
    child.stdout.on('data', (data: Buffer) => (said += data.toString()));
    const [code] = (await once(child, 'close')) as [number | null];
    expect(code).toBe(0);
    expect(said).toMatch(/^1\nState cannot be saved in .* Free disk space .*\n$/);
    const found = await loadAll();
    expect(found?.offsets).toEqual({ 'events/0': 1 });
    expect(found?.entries.size).toBe(300);
    expect([...(found?.entries.values() ?? [])].every((text) => text.startsWith('1 '))).toBe(true);
  });

  it.each([1, 3, 8])(
    'hold the whole of one save after a kill, the last acknowledged or the one after (%i saves)',
    async (saves) => {
      const child = spawn(process.execPath, ['--import', 'tsx', CHILD, dir]);
      let said = '';
      child.stdout.on('data', (data: Buffer) => (said += data.toString()));
      await vi.waitFor(
        () => {
          expect(said.split('\n').length).toBeGreaterThan(saves);
        },
        { timeout: 10_000, interval: 1 },
      );
      child.kill('SIGKILL');
      await once(child, 'close');
      const acknowledged = Number(said.trim().split('\n').at(-1));
      const found = await loadAll();
      const round = found?.offsets['events/0'] ?? 0;
      expect([acknowledged, acknowledged + 1]).toContain(round);
      expect(new Set([...(found?.entries.values() ?? [])].map((text) => text.split(' ')[0]))).toEqual(
        new Set([round.toString()]),
      );
      expect(found?.entries.size).toBe(300);
    },
  );
});
