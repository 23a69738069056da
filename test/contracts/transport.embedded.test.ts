import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLog } from '../../services/log.ts';
import { openEmbeddedTransport } from '../../services/transports/embedded.ts';
import { describeTransport } from './transport.contract.ts';

const DUPLICATE_WINDOW_MS = 7 * 86_400_000;

describeTransport(
  'embedded',
  async () => {
    const dir = await mkdtemp(join(tmpdir(), 'gatewatch-transport-'));
    return {
      open: ({ partitions = 1, ...options } = {}) =>
        openEmbeddedTransport({
          dir,
          log: createLog('silent'),
          partitions: { events: partitions },
          duplicateWindowMs: DUPLICATE_WINDOW_MS,
          ...options,
        }),
      dispose: () => rm(dir, { recursive: true, force: true }),
    };
  },
  { duplicateWindowMs: DUPLICATE_WINDOW_MS },
);
