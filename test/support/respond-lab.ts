import { pino } from 'pino';
import type { AuditLog } from '../../services/audit/audit-log.ts';
import type { CheckpointStore } from '../../services/checkpoints/checkpoint-store.ts';
import type { IncidentSnapshot } from '../../services/incidents/incident.ts';
import { createMetrics } from '../../services/metrics.ts';
import type { Metrics } from '../../services/metrics.ts';
import type { Notifier } from '../../services/notifiers/notifier.ts';
import type { DeskSettings } from '../../services/respond/desk/desk.ts';
import { startRespond } from '../../services/respond/respond.ts';
import type { Respond } from '../../services/respond/respond.ts';
import type { Revoker } from '../../services/revokers/revoker.ts';
import type { Store } from '../../services/stores/store.ts';
import type { Command, Finding } from '../../services/topics.ts';
import type { Transport } from '../../services/transports/transport.ts';
import { aKeyId } from './findings.ts';
import { MemoryAudit } from './memory-audit.ts';
import { MemoryCheckpoints } from './memory-checkpoints.ts';
import { MemoryNotifier } from './memory-notifier.ts';
import { MemoryRevoker } from './memory-revoker.ts';
import { MemoryStore } from './memory-store.ts';
import { MemoryLog, MemoryTransport } from './memory-transport.ts';

const DAY_MS = 86_400_000;

export const SETTINGS: DeskSettings = {
  mode: 'certain',
  caps: { per10min: 3, perHour: 10, perDay: 20, fleetPercent: 100, teamPercent: 100 },
  protectedKeys: [],
  graceMs: DAY_MS,
  publicUrl: 'https://gatewatch.example.com',
  simulate: false,
};

/** Looks at every call of a port, and may hold it up or break it off. */
export type Intercept = (port: string, call: () => Promise<unknown>) => Promise<unknown>;

/** Everything around respond that outlives its process: the log, the disk, the gateway, the people. */
export class RespondWorld {
  readonly log = new MemoryLog();
  readonly checkpoints = new MemoryCheckpoints();
  readonly audit = new MemoryAudit();
  readonly store = new MemoryStore();
  readonly revoker = new MemoryRevoker();
  readonly notifier = new MemoryNotifier();
  readonly outside = new MemoryTransport({ log: this.log });
  metrics: Metrics = createMetrics();
  settings = SETTINGS;
  /** Incidents that people judged, as they were then. */
  readonly judged: IncidentSnapshot[] = [];
  /** Added to the clock. */
  skewMs = 0;
  #running: Respond | undefined;
  #transport: MemoryTransport | undefined;

  constructor(keys = 1) {
    for (let number = 0; number < keys; number += 1) this.revoker.has(aKeyId(number));
    this.store.answers = [{ team: 'team-search', keys: 1_000 }];
  }

  now = () => Date.now() + this.skewMs;

  /** Starts respond; a pause between attempts lets time pass without waiting for it. */
  async start(intercept: Intercept = (_port, call) => call()): Promise<Respond> {
    this.metrics = createMetrics();
    this.#transport = new MemoryTransport({ log: this.log });
    this.#running = await startRespond({
      transport: through<Transport>('transport', this.#transport, intercept),
      checkpoints: checkpointsThrough(this.checkpoints, intercept),
      store: through<Store>('store', this.store, intercept),
      audit: through<AuditLog>('audit', this.audit, intercept),
      revokers: new Map([['litellm', through<Revoker>('revoker', this.revoker, intercept)]]),
      notifiers: [through<Notifier>('notifier', this.notifier, intercept)],
      settings: this.settings,
      log: pino({ level: 'silent' }),
      metrics: this.metrics,
      now: this.now,
      keepCase: (incident) => {
        this.judged.push(incident);
        return Promise.resolve();
      },
      wait: (ms) => {
        this.skewMs += ms;
        return new Promise((resolve) => setImmediate(resolve));
      },
    });
    return this.#running;
  }

  async stop(): Promise<void> {
    await this.#running?.close();
    await this.#transport?.close();
    this.#running = undefined;
  }

  /** What a crash leaves behind: nothing that goes on. */
  async abandon(): Promise<void> {
    void this.#running?.close();
    await this.#transport?.close();
    this.#running = undefined;
    this.#transport = undefined;
  }

  async finds(...findings: Finding[]): Promise<void> {
    await this.#append(
      'findings',
      findings.map((one) => ({ id: one.findingId, value: one })),
    );
  }

  async asks(...commands: Command[]): Promise<void> {
    await this.#append(
      'commands',
      commands.map((one) => ({ id: one.commandId, value: one })),
    );
  }

  async #append(topic: string, records: { id: string; value: unknown }[]): Promise<void> {
    await this.#transport?.append(
      topic,
      records.map(({ id, value }) => ({ key: '', id, value: JSON.stringify(value) })),
    );
    if (this.#transport === undefined) {
      await this.outside.append(
        topic,
        records.map(({ id, value }) => ({ key: '', id, value: JSON.stringify(value) })),
      );
    }
  }

  /** The facts that detect was told. */
  facts(): Record<string, unknown>[] {
    return this.log.records('facts', 0).map(({ value }) => JSON.parse(value) as Record<string, unknown>);
  }

  incident(): Record<string, unknown> {
    const [incident, ...more] = this.store.incidents().values();
    if (incident === undefined || more.length > 0) throw new Error('Not one incident.');
    return incident;
  }
}

/** The port itself, with every call that gives a promise going through `intercept`. */
function through<Port extends object>(name: string, port: Port, intercept: Intercept): Port {
  return new Proxy(port, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        const call = () => Reflect.apply(value, target, args) as unknown;
        const isSync = property === 'anchor' || property === 'read';
        return isSync ? call() : intercept(`${name}.${String(property)}`, async () => call());
      };
    },
  });
}

/** What is opened goes through `intercept` too. */
function checkpointsThrough(checkpoints: CheckpointStore, intercept: Intercept): CheckpointStore {
  return through<CheckpointStore>(
    'checkpoints',
    {
      open: async (name) => {
        const { found, checkpoint } = await checkpoints.open(name);
        return { found, checkpoint: through('checkpoints', checkpoint, intercept) };
      },
      close: () => checkpoints.close(),
    },
    intercept,
  );
}
