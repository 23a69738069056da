import type { AuditLog } from '../audit/audit-log.ts';
import type { CheckpointStore } from '../checkpoints/checkpoint-store.ts';
import type { IncidentSnapshot } from '../incidents/incident.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import type { Notifier } from '../notifiers/notifier.ts';
import type { Revoker } from '../revokers/revoker.ts';
import type { Store } from '../stores/store.ts';
import type { Transport } from '../transports/transport.ts';
import type { DeskSettings } from './desk/desk.ts';

/** What respond works with. */
export interface RespondDeps {
  transport: Transport;
  checkpoints: CheckpointStore;
  store: Store;
  audit: AuditLog;
  revokers: ReadonlyMap<string, Revoker>;
  notifiers: readonly Notifier[];
  settings: DeskSettings;
  log: Log;
  metrics: Metrics;
  now: () => number;
  /** Saves the events around an incident that people judged; never rejects. */
  keepCase?: (incident: IncidentSnapshot) => Promise<void>;
  /** How pauses between attempts at a gateway are spent. */
  wait?: (ms: number, signal: AbortSignal) => Promise<void>;
}
