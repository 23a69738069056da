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
  /** Partitions that are ours: all or none. */
  readonly #held = new Set<number>();
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
        assigned: (partition) => this.#take(partition),
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

  async #take(partition: number): Promise<Record<string, number>> {
    this.#held.add(partition);
    const active = await this.#activate();
    return Object.fromEntries(TOPICS.map((topic) => [topic, active.offset(topic, partition)]));
  }

  async #handle(batch: Batch): Promise<void> {
    if (this.#open === undefined) throw new AppError('E_BUSY', 'This process stands by.');
    await this.#open.handle(batch);
  }

  #activate(): Promise<ActiveResponder> {
    this.#active ??= this.#ended.then(() => this.#openActive());
    // The partitions ask again.
    this.#active.catch(() => (this.#active = undefined));
    return this.#active;
  }

  async #openActive(): Promise<ActiveResponder> {
    const { audit, log, metrics } = this.#deps;
    await audit.takeOver();
    const isSure = () => this.#subscription?.isSure() ?? true;
    const active = new ActiveResponder({ ...this.#deps, sightings: this.#sightings, isSure });
    await active.open();
    this.#open = active;
    metrics.responderActive.set(1);
    log.info('This process decides and acts from now on.');
    return active;
  }

  async #letGo(partition: number, why: 'moved' | 'closing'): Promise<void> {
    this.#held.delete(partition);
    if (this.#held.size > 0 || this.#active === undefined) return;
    const active = this.#active;
    this.#active = undefined;
    this.#open = undefined;
    this.#deps.metrics.responderActive.set(0);
    this.#ended = active.then(
      (one) => (why === 'moved' ? one.abandon() : one.close()),
      () => undefined,
    );
    await this.#ended;
    if (why === 'moved') this.#deps.log.info('Another process decides and acts from now on.');
  }
}
