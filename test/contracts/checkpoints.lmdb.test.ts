import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLmdbCheckpoints } from '../../services/checkpoints/lmdb-checkpoints.ts';
import { MemoryCheckpoints } from '../support/memory-checkpoints.ts';
import { describeCheckpoints } from './checkpoints.contract.ts';

describeCheckpoints('lmdb', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'gatewatch-checkpoints-'));
  return {
    open: () => openLmdbCheckpoints({ dir }),
    dispose: () => rm(dir, { recursive: true, force: true }),
  };
});

describeCheckpoints('memory, for tests', () => {
  const store = new MemoryCheckpoints();
  return Promise.resolve({ open: () => Promise.resolve(store), dispose: () => Promise.resolve() });
});
