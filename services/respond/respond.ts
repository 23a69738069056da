import type { KeyId } from '../../detectors/event.ts';
import { AppError } from '../errors.ts';
import type { Batch, Subscription } from '../transports/transport.ts';
import { ActiveResponder } from './active-responder.ts';
import type { CanaryRequest } from './canary.ts';
import type { RespondDeps } from './deps.ts';
import type { ChannelHealth } from './outboxes/message-queue.ts';
import { Sightings } from './sightings.ts';
import type { Sighting } from './sightings.ts';

const GROUP = 'respond';
const TOPICS = ['findings', 'commands', 'facts'] as const;

export interface Respond {
  /** Records of `findings` and `commands` not yet handled. */
  lag(): Promise<number>;
  /** Brings the gauges up to date. */
  measure(): Promise<void>;
  /** False while this process stands by for another one. */
  isActive(): boolean;
  /** False while it takes over, or does not know whether it is the active one. */
  isReady(): boolean;
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

/** Of several processes one is active: it has all partitions. When it goes, another takes the saved state over and goes on. */
class RespondStep implements Respond {
  readonly #deps: RespondDeps;
  readonly #sightings = new Sightings();
  /** Partitions that are ours, all or none, and under whom. */
  readonly #held = new Map<number, Promise<ActiveResponder>>();
  #active: Promise<ActiveResponder> | undefined;
  /** The same, once it is open. */
  #open: ActiveResponder | undefined;
  #ended: Promise<void> = Promise.resolve();
  #subscription: Subscription | undefined;

  constructor(deps: RespondDeps) {
    this.#deps = deps;
  }

  async open(): Promise<void> {
    this.#deps.metrics.responderActive.set(0);
    this.#subscription = await this.#deps.transport.subscribe(
      TOPICS,
      GROUP,
      {
        assigned: (partition, signal) => this.#take(partition, signal),
        handle: (batch) => this.#handle(batch),
        revoked: (partition, why) => this.#letGo(partition, why),
      },
      'one',
    );
  }

  async lag(): Promise<number> {
    return (await this.#subscription?.lag()) ?? 0;
  }

  async measure(): Promise<void> {
    for (const topic of TOPICS) {
      const records = (await this.#subscription?.lag(topic)) ?? 0;
      this.#deps.metrics.lag.set({ topic, group: GROUP }, records);
    }
  }

  isActive(): boolean {
    return this.#open !== undefined;
  }

  isReady(): boolean {
    return this.#subscription?.isReady() ?? false;
  }

  isFrozen(): boolean {
    return this.#open?.isFrozen() ?? false;
  }

  channels(): readonly ChannelHealth[] {
    return this.#open?.channels() ?? [];
  }

  gateways(): readonly Sighting[] {
    return this.#sightings.all();
  }

  createCanary(request: CanaryRequest): Promise<{ key: string; keyId: KeyId }> {
    if (this.#open !== undefined) return this.#open.createCanary(request);
    throw new AppError(
      'E_BUSY',
      'This process stands by; another one is the active responder. Ask that one.',
    );
  }

  async close(): Promise<void> {
    await this.#subscription?.close();
    await this.#ended;
  }

  async #take(partition: number, signal: AbortSignal): Promise<Record<string, number>> {
    const opening = this.#activate(signal);
    this.#held.set(partition, opening);
    const active = await opening;
    return Object.fromEntries(TOPICS.map((topic) => [topic, active.offset(topic, partition)]));
  }

  async #handle(batch: Batch): Promise<void> {
    if (this.#open === undefined) throw new AppError('E_BUSY', 'This process stands by.');
    await this.#open.handle(batch);
  }

  #activate(signal: AbortSignal): Promise<ActiveResponder> {
    if (this.#active !== undefined) return this.#active;
    const opening = this.#ended.then(() => this.#openActive(signal));
    this.#active = opening;
    // The partitions ask again.
    opening.catch(() => {
      if (this.#active === opening) this.#active = undefined;
    });
    return opening;
  }

  /** Takes nothing from anybody once `signal` is aborted. */
  async #openActive(signal: AbortSignal): Promise<ActiveResponder> {
    const { audit, log, metrics } = this.#deps;
    const hasMoved = () => signal.aborted && signal.reason !== 'closing';
    const isSure = () => !hasMoved() && (this.#subscription?.isSure() ?? true);
    const onLost = () => {
      for (const partition of this.#held.keys()) this.#subscription?.reopen(partition);
    };
    const active = new ActiveResponder({ ...this.#deps, sightings: this.#sightings, isSure, onLost });
    try {
      signal.throwIfAborted();
      await audit.takeOver(isSure);
      signal.throwIfAborted();
      await active.open();
      signal.throwIfAborted();
    } catch (error) {
      await active.abandon();
      throw error;
    }
    this.#open = active;
    metrics.responderActive.set(1);
    log.info('This process decides and acts from now on.');
    return active;
  }

  async #letGo(partition: number, why: 'moved' | 'closing'): Promise<void> {
    const opening = this.#held.get(partition);
    this.#held.delete(partition);
    if (opening !== undefined && opening === this.#active) this.#retire(opening, why);
    await this.#ended;
  }

  #retire(opening: Promise<ActiveResponder>, why: 'moved' | 'closing'): void {
    this.#active = undefined;
    this.#open = undefined;
    this.#deps.metrics.responderActive.set(0);
    this.#ended = opening.then(
      (one) => (why === 'moved' ? one.abandon() : one.close()),
      () => undefined,
    );
    if (why === 'moved') this.#deps.log.info('This process decides and acts no more.');
  }
}
