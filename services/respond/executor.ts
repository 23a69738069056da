import { AppError, messageOf, whyOf } from '../errors.ts';
import { cleanClaims, differences } from '../incidents/claims.ts';
import type { Claims } from '../incidents/incident.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import type { KeyAtGateway, Revoker } from '../revokers/revoker.ts';
import type { ActionResult, FailureCode, PlannedAction } from './desk/effects.ts';
import { isGatewayTrouble, isTimeout } from './sightings.ts';
import type { Sightings } from './sightings.ts';

/** Old evidence should not act: after that, a person decides. */
const GIVE_UP_MS = 15 * 60_000;
const CALL_TIMEOUT_MS = 10_000;
const FIRST_PAUSE_MS = 500;
const MAX_PAUSE_MS = 30_000;
/** Blocks that the gateway took over but does not show. */
const MAX_READ_BACKS = 3;

export interface ExecutorParts {
  revokers: ReadonlyMap<string, Revoker>;
  sightings: Sightings;
  /** Asked before each step at the gateway. */
  mustStop: (actionId: string) => FailureCode | undefined;
  /** False when another process may have taken over: nothing is done until we know. */
  isSure: () => boolean;
  report: (result: ActionResult) => void;
  log: Log;
  metrics: Metrics;
  now: () => number;
  wait: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** The end of an action: nothing was done on purpose, or what was done did not help. A repeat would not change it. */
class NotDone extends Error {
  readonly state: 'refused' | 'failed';
  readonly code: FailureCode;
  readonly atGateway: Claims | undefined;
  constructor(state: 'refused' | 'failed', code: FailureCode, message: string, atGateway?: Claims) {
    super(message);
    this.state = state;
    this.code = code;
    this.atGateway = atGateway;
  }
}

function refusal(code: FailureCode, message: string, atGateway?: Claims): NotDone {
  return new NotDone('refused', code, message, atGateway);
}

/** Does at the gateway what was decided and audited. Asks the gateway first and reads back afterwards, so a step that a
 *  crash left open is settled by looking, and doing it twice is harmless. Actions on one key wait for each other; nobody
 *  else waits. */
export class Executor {
  readonly #parts: ExecutorParts;
  readonly #lanes = new Map<string, Promise<void>>();
  readonly #closing = new AbortController();

  constructor(parts: ExecutorParts) {
    this.#parts = parts;
  }

  /** `audited` rejects when the action could not be audited: then it is not done. */
  start(action: PlannedAction, audited: Promise<void>): void {
    // It may fail before its turn comes.
    audited.catch(() => undefined);
    const lane = (this.#lanes.get(action.keyId) ?? Promise.resolve()).then(() => this.#run(action, audited));
    this.#lanes.set(action.keyId, lane);
    void lane.then(() => {
      if (this.#lanes.get(action.keyId) === lane) this.#lanes.delete(action.keyId);
    });
  }

  /** Stops at once; what is not finished is taken up after the next start. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#lanes.values());
  }

  async #run(action: PlannedAction, audited: Promise<void>): Promise<void> {
    try {
      await this.#untilDone(action, audited);
    } catch (error) {
      if (this.#closing.signal.aborted) return;
      const { code, ...failure } = failureOf(error);
      this.#parts.log.error(
        { actionId: action.actionId, keyId: action.keyId, code, reason: messageOf(error) },
        'An action at a gateway was not done.',
      );
      this.#report({ actionId: action.actionId, at: this.#parts.now(), code, ...failure });
    }
  }

  async #untilDone(action: PlannedAction, audited: Promise<void>): Promise<void> {
    await audited.catch((error: unknown) => {
      const note = 'No audit record, no action: the audit record cannot be written (E_AUDIT_UNAVAILABLE).';
      throw refusal('audit-unavailable', `${note} ${messageOf(error)}`);
    });
    const { revokers, log, wait } = this.#parts;
    const revoker = revokers.get(action.gateway);
    if (revoker === undefined) {
      throw refusal(
        'no-gateway',
        `No gateway named “${action.gateway}” is set up, so nothing can be blocked there.`,
      );
    }
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS)) {
      try {
        await this.#once(action, revoker);
        this.#saw(action, true);
        return;
      } catch (error) {
        if (!this.#closing.signal.aborted) this.#saw(action, !isGatewayTrouble(error));
        if (!mayRetry(error) || this.#closing.signal.aborted) throw error;
        log.warn({ actionId: action.actionId, pauseMs, ...whyOf(error) }, 'The gateway is asked again.');
        await wait(pauseMs, this.#closing.signal);
        if (this.#isTooOld(action)) throw error;
      }
    }
  }

  #saw({ gateway }: PlannedAction, isWell: boolean): void {
    this.#parts.sightings.note(gateway, this.#parts.now(), isWell);
  }

  async #once(action: PlannedAction, revoker: Revoker): Promise<void> {
    const { now } = this.#parts;
    const key = await revoker.inspect(action.keyId, this.#signal());
    const note =
      action.kind === 'block'
        ? await this.#block(action, revoker, key)
        : await this.#restore(action, revoker, key);
    const { effectDeadlineMs } = revoker;
    this.#report({ actionId: action.actionId, state: 'accepted', at: now(), effectDeadlineMs, note });
  }

  async #block(action: PlannedAction, revoker: Revoker, key: KeyAtGateway): Promise<string> {
    checkActive(action, key);
    if (key.state === 'blocked' && !action.isRepeat)
      return 'The gateway says that the key is blocked already.';
    if (this.#isTooOld(action)) {
      throw refusal(
        'too-old',
        'The evidence is older than 15 minutes by now, and the gateway was not asked to block before.',
      );
    }
    for (let tries = 0; tries < MAX_READ_BACKS; tries += 1) {
      this.#goAhead(action);
      await revoker.block(action.keyId, action.incidentId, this.#signal());
      const after = await revoker.inspect(action.keyId, this.#signal());
      if (after.state === 'blocked') return 'Blocked, and read back as blocked.';
      await this.#parts.wait(FIRST_PAUSE_MS, this.#closing.signal);
    }
    throw new NotDone(
      'failed',
      'read-back-disagrees',
      'The gateway took the block over, but says that the key is not blocked.',
    );
  }

  async #restore(action: PlannedAction, revoker: Revoker, key: KeyAtGateway): Promise<string> {
    if (key.state === 'unknown') throw refusal('unknown-key', 'The gateway does not know this key.');
    if (key.state !== 'blocked') return `The gateway says that the key is not blocked (${key.state}).`;
    this.#goAhead(action);
    await revoker.restore(action.keyId, action.incidentId, this.#signal());
    const after = await revoker.inspect(action.keyId, this.#signal());
    if (after.state === 'blocked') {
      throw new NotDone(
        'failed',
        'read-back-disagrees',
        'The gateway took the restore over, but says that the key is blocked.',
      );
    }
    return 'Restored, and read back as active.';
  }

  /** The last look before the call. */
  #goAhead(action: PlannedAction): void {
    const { now, metrics, mustStop, isSure } = this.#parts;
    if (!isSure()) throw new AppError('E_BUSY', 'It is not certain that this process may act.');
    const stop = mustStop(action.actionId);
    if (stop !== undefined)
      throw refusal(stop, stop === 'frozen' ? 'Automatic actions were frozen.' : 'It was called off.');
    const at = now();
    const latencyMs = Math.max(0, at - action.receivedAt);
    metrics.actionLatency.observe(latencyMs / 1000);
    this.#report({ actionId: action.actionId, state: 'sent', at, latencyMs });
  }

  #isTooOld({ requestedAt }: PlannedAction): boolean {
    return this.#parts.now() - requestedAt > GIVE_UP_MS;
  }

  #report(result: ActionResult): void {
    this.#parts.report(result);
  }

  #signal(): AbortSignal {
    return AbortSignal.any([this.#closing.signal, AbortSignal.timeout(CALL_TIMEOUT_MS)]);
  }
}

/** Logs are claims: the key must exist, be in use, and be whose the log says it is. A person who asks for a block has seen
 *  the difference. */
function checkActive({ claims, isAutomatic }: PlannedAction, key: KeyAtGateway): void {
  if (key.state === 'unknown')
    throw refusal(
      'unknown-key',
      'The gateway does not know this key: the log claims calls that it cannot have served.',
    );
  if (key.state === 'deleted' || key.state === 'expired') {
    throw refusal('not-active', `The gateway says that the key is ${key.state}.`);
  }
  if (!isAutomatic) return;
  const differs = differences(claims, key);
  if (differs.length > 0) {
    throw refusal(
      'log-integrity',
      `Log integrity: the log and the gateway disagree about this key (${differs.join('; ')}).`,
      cleanClaims(key),
    );
  }
}

function mayRetry(error: unknown): boolean {
  if (error instanceof NotDone) return false;
  return error instanceof AppError ? error.mayRetry : isTimeout(error);
}

type Failure = Omit<ActionResult & { state: 'failed' | 'refused' }, 'actionId' | 'at'>;

function failureOf(error: unknown): Failure {
  if (error instanceof NotDone) {
    const { state, code, message: note, atGateway } = error;
    return { state, code, note, ...(atGateway === undefined ? {} : { atGateway }) };
  }
  const note = messageOf(error);
  const code = error instanceof AppError ? error.code : undefined;
  if (code === 'E_REVOKER_DENIED') return { state: 'failed', code: 'gateway-denied', note };
  if (code === 'E_REVOKER_UNKNOWN_KEY') return { state: 'refused', code: 'unknown-key', note };
  return { state: 'failed', code: 'gateway-unavailable', note };
}
