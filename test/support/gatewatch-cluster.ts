import { join } from 'node:path';
import { vi } from 'vitest';
import { freePorts } from './free-ports.ts';
import { GatewatchProcess } from './gatewatch-process.ts';
import { PATIENT } from './patience.ts';

const ADMIN = 'cluster-test-admin-token-0123456789-01';
const INGEST = 'cluster-test-ingest-token-0123456789-0';

export const PROCESSES = ['ingest', 'detect-1', 'detect-2', 'respond-1', 'respond-2', 'api'] as const;
export type ProcessName = (typeof PROCESSES)[number];

export interface ClusterSettings {
  dir: string;
  brokers: readonly string[];
  topicPrefix: string;
  clickhouseUrl: string;
  gateway: { url: string; key: string };
  /** More settings of every process. */
  env: Readonly<Record<string, string>>;
  /** More settings of the responders. */
  respondEnv: Readonly<Record<string, string>>;
}

/** Every step in processes of its own, as on several machines: nothing in common but Kafka, ClickHouse and settings. */
export class GatewatchCluster {
  readonly #processes: ReadonlyMap<ProcessName, GatewatchProcess>;
  readonly #dir: string;

  private constructor(dir: string, processes: ReadonlyMap<ProcessName, GatewatchProcess>) {
    this.#dir = dir;
    this.#processes = processes;
  }

  static async create(settings: ClusterSettings): Promise<GatewatchCluster> {
    const processes = new Map<ProcessName, GatewatchProcess>();
    const ports = await freePorts(PROCESSES.length);
    for (const [index, name] of PROCESSES.entries()) {
      const step = name.replace(/-\d$/, '');
      const options = {
        dataDir: join(settings.dir, name),
        port: ports[index] ?? 0,
        adminToken: ADMIN,
        ingestToken: INGEST,
        only: step,
        env: {
          GATEWATCH_KAFKA_BROKERS: settings.brokers.join(','),
          GATEWATCH_KAFKA_TOPIC_PREFIX: settings.topicPrefix,
          GATEWATCH_CLICKHOUSE_URL: settings.clickhouseUrl,
          GATEWATCH_PEPPER: 'the-same-pepper-on-every-machine',
          GATEWATCH_LITELLM_URL: settings.gateway.url,
          ...settings.env,
          ...(step === 'respond'
            ? { GATEWATCH_LITELLM_KEY: settings.gateway.key, ...settings.respondEnv }
            : {}),
        },
      };
      processes.set(name, new GatewatchProcess(options));
    }
    return new GatewatchCluster(settings.dir, processes);
  }

  process(name: ProcessName): GatewatchProcess {
    const found = this.#processes.get(name);
    if (found === undefined) throw new RangeError(`There is no process ${name}.`);
    return found;
  }

  async start(): Promise<void> {
    for (const name of PROCESSES) {
      this.process(name).start();
      // The first one makes tables and topics; many at once only take each other's CPU.
      await this.process(name).ready();
    }
  }

  /** Answers the exit code of each. */
  end(signal: 'SIGKILL' | 'SIGTERM'): Promise<(number | null)[]> {
    return Promise.all(PROCESSES.map((name) => this.process(name).end(signal)));
  }

  /** The responder that decides and acts. */
  async active(): Promise<'respond-1' | 'respond-2'> {
    return vi.waitFor(
      async () => {
        for (const name of ['respond-1', 'respond-2'] as const) {
          const isActive = await this.process(name)
            .metric('gatewatch_responder_active')
            .catch(() => 0);
          if (isActive === 1) return name;
        }
        throw new Error('No responder is active.');
      },
      { ...PATIENT, interval: 100 },
    );
  }

  send(path: string, body: unknown): Promise<void> {
    return this.process(path.startsWith('/v1/logs/') ? 'ingest' : 'api').send(path, body);
  }

  api<T>(path: string, body?: unknown): Promise<T> {
    return this.process('api').api<T>(path, body);
  }

  sql(query: string): Promise<unknown[][]> {
    return this.process('api').sql(query);
  }

  /** Data folders of the responders, with an audit file each. */
  auditDirs(): string[] {
    return ['respond-1', 'respond-2'].map((name) => join(this.#dir, name));
  }
}
