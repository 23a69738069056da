import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises';
import type { Fact } from '../../detectors/detector.ts';
import type { KeyId } from '../../detectors/event.ts';
import type { Command, Finding } from '../topics.ts';
import type { Batch } from '../transports/transport.ts';
import { createCanary } from './canary.ts';
import type { CanaryRequest } from './canary.ts';
import type { RespondDeps } from './deps.ts';
import { createDesk } from './desk/desk.ts';
import type { Desk } from './desk/desk.ts';
import type { Effect } from './desk/effects.ts';
import { auditRow } from './desk/rows.ts';
import { Executor } from './executor.ts';
import { parseFleet, readFleet, writeFleet } from './fleet.ts';
import { AuditQueue } from './outboxes/audit-queue.ts';
import { FactOutbox } from './outboxes/fact-outbox.ts';
import { Journal } from './outboxes/journal.ts';
import { MessageQueue } from './outboxes/message-queue.ts';
import type { ChannelHealth } from './outboxes/message-queue.ts';
import { RowOutbox } from './outboxes/row-outbox.ts';
import { reportEffects } from './reports.ts';
import type { Sightings } from './sightings.ts';

const DESK_PREFIX = 'desk/';
const TICK_MS = 1_000;
const FLEET_MS = 60_000;
/** A store that does not answer must not hold up the start. */
const FIRST_FLEET_MS = 1_000;
const FLEET_ENTRY = 'fleet';
/** A disk that does not take the state must not hold up start and end. */
const SAVE_WAIT_MS = 2_000;
const CLOSE_ROWS_MS = 3_000;
const STOP_WAIT_MS = 2_000;
/** Records handled before the event loop gets its turn: a block must not wait for the end of a storm. */
const SLICE_RECORDS = 20;

export interface ActiveParts extends RespondDeps {
  sightings: Sightings;
  /** False when another process may have become the active one. */
  isSure: () => boolean;
  /** Another process has taken the state over. */
  onLost: () => void;
}

/** The one that decides, acts and tells, from the moment it takes the state over to the moment it hands it on. */
export class ActiveResponder {
  readonly #deps: ActiveParts;
  readonly #desk: Desk;
  readonly #journal: Journal;
  readonly #rows: RowOutbox;
  readonly #facts: FactOutbox;
  readonly #audit: AuditQueue;
  readonly #messages: readonly MessageQueue[];
  readonly #executor: Executor;
  #timers: NodeJS.Timeout[] = [];

  constructor(deps: ActiveParts) {
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
      (notifier) =>
        new MessageQueue({ ...deps, notifier, publicUrl, journal: this.#journal, maySend: deps.isSure }),
    );
    this.#executor = new Executor({
      ...deps,
      isSure: deps.isSure,
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
    this.#timers = [
      setInterval(() => this.#tick(), TICK_MS),
      setInterval(() => void this.#refreshFleet(), FLEET_MS),
    ];
    this.#deps.metrics.frozen.set(this.#desk.isFrozen() ? 1 : 0);
  }

  /** Where to read a partition of a topic on from. */
  offset(topic: string, partition: number): number {
    return this.#journal.offset(topic, partition);
  }

  isFrozen(): boolean {
    return this.#desk.isFrozen();
  }

  channels(): readonly ChannelHealth[] {
    return this.#messages.map((queue) => queue.health());
  }

  createCanary(request: CanaryRequest): Promise<{ key: string; keyId: KeyId }> {
    return createCanary({ ...this.#deps, write: (entry) => this.#audit.write(entry) }, request);
  }

  /** Finishes what is in hand and saves; actions and messages under way go on after the next start. */
  async close(): Promise<void> {
    await this.#stop();
    await Promise.race([this.#journal.saved(), wait(SAVE_WAIT_MS)]);
    await this.#rows.close(CLOSE_ROWS_MS);
    await inTime(this.#journal.close());
  }

  /** Another process is the active one: it goes on with everything that was saved. */
  async abandon(): Promise<void> {
    await this.#stop();
    await this.#rows.close(0);
    await inTime(this.#journal.abandon());
  }

  /** Nothing in here waits for a gateway, the store or a notifier, so the next finding is never held up by them. */
  async handle({ topic, partition, records }: Batch): Promise<void> {
    for (const [index, { offset, value, appendedAt }] of records.entries()) {
      if (offset < this.#journal.offset(topic, partition)) continue;
      const at = this.#audit.isCatchingUp() ? appendedAt : this.#deps.now();
      this.#carryOut(this.#decide(topic, value, { at, partition, offset }));
      this.#journal.setOffset(topic, partition, offset + 1);
      if (index % SLICE_RECORDS === SLICE_RECORDS - 1) await nextTurn();
    }
  }

  async #stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await inTime(this.#executor.close());
    // A message in hand gets the time to arrive.
    const messages = Promise.all(this.#messages.map((queue) => queue.close()));
    await inTime(Promise.all([this.#facts, this.#audit].map((one) => one.close())));
    await messages;
  }

  #decide(
    topic: string,
    value: string,
    { at, partition, offset }: { at: number; partition: number; offset: number },
  ): Effect[] {
    const record = this.#parse(topic, value, offset);
    if (record === undefined) return [];
    switch (topic) {
      case 'findings':
        return this.#desk.applyFinding(record as Finding, at);
      case 'commands':
        return this.#desk.applyCommand(record as Command, at);
      default:
        return reportEffects(record as Fact, at, `${topic}/${partition}/${offset}`);
    }
  }

  /** Our own steps wrote these records; what cannot be read is damage. */
  #parse(topic: string, value: string, offset: number): unknown {
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
      case 'judged':
        void this.#deps.keepCase?.(effect.incident);
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

/** Brokers that are away must not hold up the end; what is not finished goes on after the next start. */
async function inTime(work: Promise<unknown>): Promise<void> {
  await Promise.race([work, wait(STOP_WAIT_MS, undefined, { ref: false })]);
}

function requestRef(actionId: string): string {
  return `${actionId}/requested`;
}
