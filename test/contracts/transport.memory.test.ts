import { MemoryLog, MemoryTransport } from '../support/memory-transport.ts';
import { describeTransport } from './transport.contract.ts';

const DUPLICATE_WINDOW_MS = 7 * 86_400_000;

describeTransport(
  'memory',
  () => {
    const log = new MemoryLog();
    return Promise.resolve({
      open: (options = {}) =>
        Promise.resolve(new MemoryTransport({ log, duplicateWindowMs: DUPLICATE_WINDOW_MS, ...options })),
      dispose: () => Promise.resolve(),
    });
  },
  { duplicateWindowMs: DUPLICATE_WINDOW_MS },
);
