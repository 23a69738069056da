import type { Core } from '../../detectors/detector.ts';
import type { CheckpointStore } from '../checkpoints/checkpoint-store.ts';
import type { Enricher } from '../enrichment/enricher.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import type { Store } from '../stores/store.ts';
import type { Transport } from '../transports/transport.ts';

/** What detection works with. */
export interface DetectDeps {
  transport: Transport;
  checkpoints: CheckpointStore;
  store: Store;
  enricher: Enricher;
  createCore(partition: number, partitions: number): Core;
  log: Log;
  metrics: Metrics;
  now: () => number;
}
