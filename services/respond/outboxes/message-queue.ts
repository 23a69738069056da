import { setTimeout as wait } from 'node:timers/promises';
import { AppError, whyOf } from '../../errors.ts';
import type { Log } from '../../log.ts';
import type { Metrics } from '../../metrics.ts';
import type { Notification, Notifier } from '../../notifiers/notifier.ts';
import type { Journal } from './journal.ts';
import { MessageBox } from './message-box.ts';
import type { Message } from './message-box.ts';

const FIRST_PAUSE_MS = 2_000;
/** Whoever is on call must not wait half an hour for a mail server that is back since long. */
const MAX_PAUSE_MS = 5 * 60_000;
/** A message that could not be delivered for so long is old news. */
const GIVE_UP_MS = 24 * 60 * 60_000;
/** Timers stand still while a machine sleeps, and clocks are set. */
const LOOK_EVERY_MS = 1_000;
const CLOSE_MS = 5_000;
/** One failed attempt is an everyday thing. */
const FAILING_AFTER = 2;

export interface MessageQueueParts {
  notifier: Notifier;
  journal: Journal;
  log: Log;
  metrics: Metrics;
  publicUrl: string;
  /** False when another process may be sending the same messages. */
  maySend: () => boolean;
  now: () => number;
}

/** How a channel does. */
export interface ChannelHealth {
  channel: string;
  waiting: number;
  /** Nothing got out lately, and something should have. */
  isFailing: boolean;
}

/** Messages on their way to one notifier. Each is saved before it is sent and removed afterwards, and keeps its id over
 *  all attempts. */
export class MessageQueue {
  readonly #parts: MessageQueueParts;
  readonly #box: MessageBox;
  /** Attempts that failed since one went well. */
  #failures = 0;
  #wasRefused = false;
  #wake: (() => void) | undefined;
  #running: Promise<void> | undefined;
  readonly #closing = new AbortController();
  readonly #sending = new AbortController();
  readonly #closed = new Promise<void>((resolve) => {
    this.#closing.signal.addEventListener('abort', () => resolve(), { once: true });
  });

  constructor(parts: MessageQueueParts) {
    this.#parts = parts;
    const { name } = parts.notifier;
    this.#box = new MessageBox({ ...parts, name, onGathered: () => this.#count('digested') });
  }

  open(entries: ReadonlyMap<string, string>): void {
    this.#box.open(entries);
    this.#running = this.#run();
  }

  add(notification: Notification): void {
    this.#box.add(notification, this.#parts.now());
    this.#wake?.();
  }

  health(): ChannelHealth {
    const waiting = this.#box.size();
    const isFailing = this.#wasRefused || (waiting > 0 && this.#failures >= FAILING_AFTER);
    return { channel: this.#parts.notifier.name, waiting, isFailing };
  }

  /** Lets the message in hand arrive: broken off, it would be sent again. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#wake?.();
    const timer = setTimeout(() => this.#sending.abort(), CLOSE_MS);
    await this.#running;
    clearTimeout(timer);
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const message = this.#box.next(this.#parts.now());
      if (message === undefined) await this.#untilDue();
      else await this.#send(message);
    }
  }

  async #untilDue(): Promise<void> {
    const now = this.#parts.now();
    const pauseMs = this.#box.nextLookAt(now) - now;
    const timer = Number.isFinite(pauseMs)
      ? setTimeout(() => this.#wake?.(), Math.min(LOOK_EVERY_MS, Math.max(10, pauseMs)))
      : undefined;
    await new Promise<void>((resolve) => (this.#wake = resolve));
    clearTimeout(timer);
  }

  async #send(message: Message): Promise<void> {
    const { notifier, journal } = this.#parts;
    await Promise.race([journal.saved(), this.#closed]);
    if (!this.#parts.maySend()) {
      await Promise.race([wait(LOOK_EVERY_MS), this.#closed]);
      return;
    }
    if (this.#closing.signal.aborted || !this.#box.takeInHand(message)) return;
    try {
      await notifier.send(message.notification, this.#sending.signal);
      this.#delivered(message);
    } catch (error) {
      if (!this.#sending.signal.aborted) this.#failed(message, error);
    }
    this.#box.putDown();
    // Until this is on disk, a crash would send it again.
    await Promise.race([journal.saved(), this.#closed]);
  }

  #delivered(message: Message): void {
    this.#failures = 0;
    this.#wasRefused = false;
    this.#count('sent');
    this.#box.delivered(message, this.#parts.now());
  }

  #failed(message: Message, error: unknown): void {
    const { log, notifier, now } = this.#parts;
    this.#failures += 1;
    const { notificationId } = message.notification;
    const where = { notifier: notifier.name, notificationId, ...whyOf(error) };
    const isFinal = error instanceof AppError && !error.mayRetry;
    this.#wasRefused = isFinal;
    if (isFinal || now() - message.queuedAt > GIVE_UP_MS) {
      this.#count(isFinal ? 'refused' : 'expired');
      log.error(where, 'A message is given up.');
      this.#box.remove(message);
      return;
    }
    this.#count('failed');
    message.attempts += 1;
    const pauseMs = pauseAfter(message.attempts, error);
    message.nextAt = now() + pauseMs;
    this.#box.save(message);
    log.warn({ ...where, pauseMs }, 'A message could not be delivered and is sent again.');
  }

  #count(result: string): void {
    this.#parts.metrics.notifications.inc({ channel: this.#parts.notifier.name, result });
  }
}

/** Grows fourfold; a receiver that says when to come back is obeyed. */
function pauseAfter(attempts: number, error: unknown): number {
  const asked = error instanceof AppError ? error.details['retryAfterMs'] : undefined;
  const grown = Math.min(FIRST_PAUSE_MS * 4 ** (attempts - 1), MAX_PAUSE_MS);
  return typeof asked === 'number' ? Math.max(asked, grown) : grown;
}
