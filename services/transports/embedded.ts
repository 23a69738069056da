import { AppError, whyOf } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import { openFiles } from './embedded-files.ts';
import type { Files } from './embedded-files.ts';
import { Fingerprints } from './embedded-fingerprints.ts';
import { Reader } from './embedded-reader.ts';
import { removeForgotten, removeOld } from './embedded-retention.ts';
import { EmbeddedSubscription } from './embedded-subscription.ts';
import { Writer } from './embedded-writer.ts';
import type { AppendResult, Handler, InRecord, OutRecord, Subscription, Transport } from './transport.ts';

const HOUR_MS = 3_600_000;
/** How soon records that another process appended are seen. */
const POLL_MS = 500;

export interface EmbeddedTransportOptions {
  /** A folder of its own. */
  dir: string;
  log: Log;
  metrics?: Pick<Metrics, 'batchesRetried'>;
  /** By topic; 1 for those not named. May go up between runs; a smaller number than before is ignored. */
  partitions?: Readonly<Partial<Record<string, number>>>;
  duplicateWindowMs?: number;
  /** Records are kept this long, and longer while a group has not handled them. */
  retentionMs?: number;
  /** Upper bound of ids remembered, about 20 bytes each; beyond it the oldest eighth is forgotten too early. */
  maxFingerprints?: number;
  sweepEveryMs?: number;
  /** Appends are refused once a write has taken this long, until it is through. */
  stalledAfterMs?: number;
  now?: () => number;
}

type Settings = Required<Omit<EmbeddedTransportOptions, 'metrics'>> &
  Pick<EmbeddedTransportOptions, 'metrics'>;
const DEFAULTS = {
  partitions: {},
  duplicateWindowMs: 7 * 24 * HOUR_MS,
  retentionMs: 72 * HOUR_MS,
  maxFingerprints: 5_000_000,
  sweepEveryMs: 60_000,
  stalledAfterMs: 30_000,
  now: Date.now,
} satisfies Partial<Settings>;

/** Topics in an LMDB folder, for everything in one process. Other processes (the command line) may append to the same
 *  folder; only one may subscribe. */
export async function openEmbeddedTransport(options: EmbeddedTransportOptions): Promise<Transport> {
  const settings: Settings = { ...DEFAULTS, ...options };
  const files = openFiles(settings.dir);
  const { duplicateWindowMs: windowMs, maxFingerprints, log } = settings;
  const fingerprints = new Fingerprints(files, { windowMs, maxFingerprints, log });
  await fingerprints.load(settings.now());
  return new EmbeddedTransport(settings, files, fingerprints);
}

class EmbeddedTransport implements Transport {
  readonly #settings: Settings;
  readonly #files: Files;
  readonly #writer: Writer;
  readonly #subscriptions = new Map<string, EmbeddedSubscription>();
  readonly #closing = new AbortController();
  readonly #timers: NodeJS.Timeout[];
  #sweeping: Promise<void> | undefined;

  constructor(settings: Settings, files: Files, fingerprints: Fingerprints) {
    this.#settings = settings;
    this.#files = files;
    this.#writer = new Writer({
      files,
      fingerprints,
      partitions: (topic) => settings.partitions[topic] ?? 1,
      now: settings.now,
      stalledAfterMs: settings.stalledAfterMs,
      onAppended: (topics) => {
        this.#wake(topics);
      },
    });
    const sweep = () => {
      this.#sweeping ??= this.#sweep().finally(() => (this.#sweeping = undefined));
    };
    const poll = () => {
      this.#wake(undefined);
    };
    this.#timers = [setInterval(poll, POLL_MS), setInterval(sweep, settings.sweepEveryMs)];
  }

  async append(
    topic: string,
    records: readonly OutRecord[],
    { dropDuplicates = false }: { dropDuplicates?: boolean } = {},
  ): Promise<AppendResult> {
    if (records.length === 0) return { appended: 0, duplicates: [] };
    return this.#writer.append(topic, records, dropDuplicates);
  }

  /** There are no other members, so there is nothing to share. */
  async subscribe(topics: readonly string[], group: string, handler: Handler): Promise<Subscription> {
    const name = `${topics.join(',')}\n${group}`;
    if (this.#subscriptions.has(name))
      throw new Error(`The group ${group} reads ${topics.join(', ')} already.`);
    const { log, metrics } = this.#settings;
    const counts = topics.map(async (topic) => ({ topic, partitions: await this.partitions(topic) }));
    const subscription = new EmbeddedSubscription({
      ...{ files: this.#files, topics: await Promise.all(counts), group, handler, log },
      setPosition: (topic, partition, offset) => {
        this.#writer.setPosition(topic, group, partition, offset);
      },
      flush: () => this.#writer.flush(),
      onRetry: (topic) => metrics?.batchesRetried.inc({ topic, group }),
      onClose: () => {
        this.#subscriptions.delete(name);
      },
    });
    this.#subscriptions.set(name, subscription);
    await subscription.open();
    return subscription;
  }

  async *read(
    topic: string,
    partition: number,
    from: number,
    to: number,
  ): AsyncGenerator<readonly InRecord[]> {
    const reader = new Reader(this.#files, topic, partition);
    const first = reader.first();
    if (from < to && (from < first || to > reader.end())) {
      const where = { topic, partition, from, to, first, end: reader.end() };
      throw new AppError('E_NOT_FOUND', 'Some of these records are past retention or not there yet.', where);
    }
    for (let next = from; next < to;) {
      const records = reader.read(next, to) ?? [];
      yield records;
      next += records.length;
    }
  }

  partitions(topic: string): Promise<number> {
    return Promise.resolve(
      Math.max(this.#files.ends.get(topic)?.length ?? 0, this.#settings.partitions[topic] ?? 1),
    );
  }

  async lagOf(topic: string, group: string): Promise<number> {
    let lag = 0;
    for (let partition = 0; partition < (await this.partitions(topic)); partition++) {
      const reader = new Reader(this.#files, topic, partition);
      const next = this.#files.positions.get([topic, group, partition]) ?? 0;
      lag += reader.end() - Math.max(reader.first(), next);
    }
    return lag;
  }

  endOffset(topic: string, partition: number): Promise<number> {
    return Promise.resolve(new Reader(this.#files, topic, partition).end());
  }

  async close(): Promise<void> {
    this.#closing.abort();
    for (const timer of this.#timers) clearInterval(timer);
    await Promise.all([...this.#subscriptions.values()].map((subscription) => subscription.close()));
    await this.#sweeping;
    await this.#writer.close();
    await this.#files.root.close();
  }

  #wake(topics: ReadonlySet<string> | undefined): void {
    for (const subscription of this.#subscriptions.values()) {
      if (topics === undefined || [...topics].some((topic) => subscription.reads(topic))) subscription.wake();
    }
  }

  async #sweep(): Promise<void> {
    const { now, retentionMs, log } = this.#settings;
    try {
      const signal = this.#closing.signal;
      const removed = await removeOld({ files: this.#files, removeBefore: now() - retentionMs, signal });
      await removeForgotten(this.#files, signal);
      if (removed > 0) log.debug({ entries: removed }, 'Old entries of the log were removed.');
    } catch (error) {
      log.warn(whyOf(error), 'Old entries of the log could not be removed; tried again later.');
    }
  }
}
