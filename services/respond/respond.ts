import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises';
import type { Fact } from '../../detectors/detector.ts';
import type { KeyId } from '../../detectors/event.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import type { CheckpointStore } from '../checkpoints/checkpoint-store.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import type { Notifier } from '../notifiers/notifier.ts';
import type { Revoker } from '../revokers/revoker.ts';
import type { Store } from '../stores/store.ts';
import type { Command, Finding } from '../topics.ts';
import type { Batch, Subscription, Transport } from '../transports/transport.ts';
import { AuditQueue } from './outboxes/audit-queue.ts';
import { createCanary } from './canary.ts';
import type { CanaryRequest } from './canary.ts';
import { createDesk } from './desk/desk.ts';
import type { Desk, DeskSettings } from './desk/desk.ts';
import type { Effect } from './desk/effects.ts';
import { Executor } from './executor.ts';
import { FactOutbox } from './outboxes/fact-outbox.ts';
import { parseFleet, readFleet, writeFleet } from './fleet.ts';
import { Journal } from './outboxes/journal.ts';
import { MessageQueue } from './outboxes/message-queue.ts';
import type { ChannelHealth } from './outboxes/message-queue.ts';
import { RowOutbox } from './outboxes/row-outbox.ts';
import { reportEffects } from './reports.ts';
import { Sightings } from './sightings.ts';
import type { Sighting } from './sightings.ts';
import { auditRow } from './desk/rows.ts';

const GROUP = 'respond';
const DESK_PREFIX = 'desk/';
const TICK_MS = 1_000;
const FLEET_MS = 60_000;
/** A store that does not answer must not hold up the start. */
const FIRST_FLEET_MS = 1_000;
const FLEET_ENTRY = 'fleet';
/** A disk that does not take the state must not hold up start and end. */
const SAVE_WAIT_MS = 2_000;
const CLOSE_ROWS_MS = 3_000;
/** Records handled before the event loop gets its turn: a block must not wait for the end of a storm. */
const SLICE_RECORDS = 20;
const TOPICS = ['findings', 'commands', 'facts'] as const;
type InTopic = (typeof TOPICS)[number];

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
  /** How pauses between attempts at a gateway are spent. */
  wait?: (ms: number, signal: AbortSignal) => Promise<void>;
}

export interface Respond {
  /** Records of `findings` and `commands` not yet handled. */
  lag(): Promise<number>;
  isFrozen(): boolean;
  /** How the ways to people do. */
  channels(): readonly ChannelHealth[];
  /** The gateways that were asked for something since the start. */
  gateways(): readonly Sighting[];
  createCanary(request: CanaryRequest): Promise<{ key: string; keyId: KeyId }>;
  /** Finishes what is in hand, saves, leaves. Actions and messages under way go on after the next start. */
  close(): Promise<void>;
}

/** Reads findings, commands and facts, decides, audits, acts, tells. State, offsets and everything still to be sent are
 *  one checkpoint, so after a crash the same input leads to the same ids and nothing is done twice. */
export async function startRespond(deps: RespondDeps): Promise<Respond> {
  const respond = new RespondStep(deps);
  await respond.open();
  return respond;
}

class RespondStep implements Respond {
  readonly #deps: RespondDeps;
  readonly #desk: Desk;
  readonly #journal: Journal;
  readonly #rows: RowOutbox;
  readonly #facts: FactOutbox;
  readonly #audit: AuditQueue;
  readonly #messages: readonly MessageQueue[];
  readonly #executor: Executor;
  readonly #sightings = new Sightings();
  #subscriptions: Subscription[] = [];
  #timers: NodeJS.Timeout[] = [];

  constructor(deps: RespondDeps) {
    this.#deps = deps;
    const { audit, transport, notifiers } = deps;
    this.#desk = createDesk(deps.settings);
    this.#journal = new Journal(deps);
    this.#rows = new RowOutbox({ ...deps, journal: this.#journal });
    this.#facts = new FactOutbox({ ...deps, transport, journal: this.#journal });
    const onRecord = (record: Parameters<typeof auditRow>[0]) => this.#rows.add(auditRow(record));
    this.#audit = new AuditQueue({ ...deps, audit, journal: this.#journal, onRecord });
    const { publicUrl } = deps.settings;
    this.#messages = notifiers.map(
      (notifier) => new MessageQueue({ ...deps, notifier, publicUrl, journal: this.#journal }),
    );
    this.#executor = new Executor({
      ...deps,
      sightings: this.#sightings,
      mustStop: (actionId) => this.#desk.mustStop(actionId),
      report: (result) => this.#carryOut(this.#desk.actionResult(result, deps.now())),
      wait: deps.wait ?? ((ms, signal) => wait(ms, undefined, { signal })),
    });
  }

  async open(): Promise<void> {
    const entries = await this.#journal.open();
    for (const [name, text] of entries) {
      if (name.startsWith(DESK_PREFIX)) this.#desk.restore(name.slice(DESK_PREFIX.length), text);
    }
    this.#journal.beforeSave(() => this.#writeDown());
    this.#rows.open(entries);
    this.#facts.open(entries);
    await this.#audit.open(entries);
    for (const queue of this.#messages) queue.open(entries);
    // From here on a crash finds out what was audited since.
    await Promise.race([this.#journal.saved(), wait(SAVE_WAIT_MS)]);
    for (const action of this.#desk.openActions()) {
      this.#executor.start(action, this.#audit.written(requestRef(action.actionId)));
    }
    const fleet = entries.get(FLEET_ENTRY);
    if (fleet !== undefined) this.#desk.setFleet(parseFleet(fleet));
    await Promise.race([this.#refreshFleet(), wait(FIRST_FLEET_MS)]);
    for (const topic of TOPICS) this.#subscriptions.push(await this.#subscribe(topic));
    this.#timers = [
      setInterval(() => this.#tick(), TICK_MS),
      setInterval(() => void this.#refreshFleet(), FLEET_MS),
    ];
    this.#deps.metrics.frozen.set(this.#desk.isFrozen() ? 1 : 0);
  }

  async lag(): Promise<number> {
    const lags = await Promise.all(this.#subscriptions.map((one) => one.lag()));
    return lags.reduce((sum, lag) => sum + lag, 0);
  }

  isFrozen(): boolean {
    return this.#desk.isFrozen();
  }

  channels(): readonly ChannelHealth[] {
    return this.#messages.map((queue) => queue.health());
  }

  gateways(): readonly Sighting[] {
    return this.#sightings.all();
  }

  createCanary(request: CanaryRequest): Promise<{ key: string; keyId: KeyId }> {
    return createCanary({ ...this.#deps, write: (entry) => this.#audit.write(entry) }, request);
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await Promise.all(this.#subscriptions.map((one) => one.close()));
    await this.#executor.close();
    await Promise.all([...this.#messages, this.#facts, this.#audit].map((one) => one.close()));
    await Promise.race([this.#journal.saved(), wait(SAVE_WAIT_MS)]);
    await this.#rows.close(CLOSE_ROWS_MS);
    await this.#journal.close();
  }

  #subscribe(topic: InTopic): Promise<Subscription> {
    return this.#deps.transport.subscribe(topic, `${GROUP}-${topic}`, {
      startAt: () => Promise.resolve(this.#journal.offset(topic)),
      handle: (batch) => this.#handle(topic, batch),
    });
  }

  /** Nothing in here waits for a gateway, the store or a notifier, so the next finding is never held up by them. */
  async #handle(topic: InTopic, { records }: Batch): Promise<void> {
    for (const [index, { offset, value, appendedAt }] of records.entries()) {
      if (offset < this.#journal.offset(topic)) continue;
      const at = this.#audit.isCatchingUp() ? appendedAt : this.#deps.now();
      this.#carryOut(this.#decide(topic, value, { at, offset }));
      this.#journal.setOffset(topic, offset + 1);
      if (index % SLICE_RECORDS === SLICE_RECORDS - 1) await nextTurn();
    }
  }

  #decide(topic: InTopic, value: string, { at, offset }: { at: number; offset: number }): Effect[] {
    const record = this.#parse(topic, value, offset);
    if (record === undefined) return [];
    switch (topic) {
      case 'findings':
        return this.#desk.applyFinding(record as Finding, at);
      case 'commands':
        return this.#desk.applyCommand(record as Command, at);
      case 'facts':
        return reportEffects(record as Fact, at, offset);
    }
  }

  /** Our own steps wrote these records; what cannot be read is damage. */
  #parse(topic: InTopic, value: string, offset: number): unknown {
    try {
      return JSON.parse(value);
    } catch {
      this.#deps.log.error({ topic, offset }, 'A record of the log is damaged and left out.');
      this.#deps.metrics.recordsRejected.inc({ format: topic, code: 'damaged_record' });
      return undefined;
    }
  }

  #carryOut(effects: readonly Effect[]): void {
    if (effects.length === 0) return;
    const { metrics } = this.#deps;
    const audited = new Map<string, Promise<void>>();
    for (const effect of effects) this.#carryOutOne(effect, effects, audited);
    metrics.frozen.set(this.#desk.isFrozen() ? 1 : 0);
    this.#journal.touch();
  }

  #carryOutOne(effect: Effect, all: readonly Effect[], audited: Map<string, Promise<void>>): void {
    const { audit, metrics } = this.#deps;
    switch (effect.type) {
      case 'audit': {
        const ref = String(effect.entry.detail['ref']);
        const isAwaited = all.some((one) => one.type === 'act' && requestRef(one.action.actionId) === ref);
        if (isAwaited) audited.set(ref, this.#audit.write(effect.entry));
        else this.#audit.add(effect.entry);
        return;
      }
      case 'act': {
        const ref = requestRef(effect.action.actionId);
        this.#executor.start(
          effect.action,
          audited.get(ref) ?? Promise.reject(new Error(`Nothing was audited for ${ref}.`)),
        );
        return;
      }
      case 'notify':
        for (const queue of this.#messages)
          queue.add({ ...effect.notification, auditAnchor: audit.anchor() });
        return;
      case 'fact':
        this.#facts.add(effect.fact);
        return;
      case 'row':
        this.#rows.add(effect);
        return;
      case 'count':
        if (effect.what === 'incident')
          metrics.incidents.inc({ kind: effect.kind, transition: effect.state });
        else metrics.actions.inc({ kind: effect.kind, state: effect.state });
    }
  }

  #writeDown(): void {
    for (const name of this.#desk.takeChanged())
      this.#journal.set(`${DESK_PREFIX}${name}`, this.#desk.save(name));
  }

  #tick(): void {
    this.#carryOut(this.#desk.tick(this.#deps.now()));
  }

  async #refreshFleet(): Promise<void> {
    const { store, log, now } = this.#deps;
    const fleet = await readFleet(store, now(), log);
    if (fleet === undefined) return;
    this.#desk.setFleet(fleet);
    this.#journal.set(FLEET_ENTRY, writeFleet(fleet));
  }
}

function requestRef(actionId: string): string {
  return `${actionId}/requested`;
}
