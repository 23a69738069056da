import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedStore } from '../../services/stores/embedded.ts';
import { quietLog } from '../support/quiet.ts';
import { describeStore } from './store.contract.ts';

describeStore('embedded', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'gatewatch-store-'));
  return {
    open: ({ retentionDays = 90 } = {}) => openEmbeddedStore({ dir, retentionDays, log: quietLog }),
    dispose: () => rm(dir, { recursive: true, force: true }),
  };
});
