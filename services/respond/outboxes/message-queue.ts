import { AppError, whyOf } from '../../errors.ts';
import type { Log } from '../../log.ts';
import type { Metrics } from '../../metrics.ts';
import type { Notification, Notifier } from '../../notifiers/notifier.ts';
import type { Journal } from './journal.ts';

/** More messages than this nobody reads; what comes on top is counted and on the page. */
const MAX_WAITING = 1_000;
const FIRST_PAUSE_MS = 2_000;
/** Whoever is on call must not wait half an hour for a mail server that is back since long. */
const MAX_PAUSE_MS = 5 * 60_000;
/** A message that could not be delivered for so long is old news. */
const GIVE_UP_MS = 24 * 60 * 60_000;
const CLOSE_MS = 5_000;

interface Message {
  notification: Notification;
  order: number;
  attempts: number;
  nextAt: number;
  queuedAt: number;
}

export interface MessageQueueParts {
  notifier: Notifier;
  journal: Journal;
  log: Log;
  metrics: Metrics;
  now: () => number;
}

/** Messages on their way to one notifier. Each is saved before it is sent and removed afterwards, keeps its id over all
 *  attempts, and those about one incident keep their order. */
export class MessageQueue {
  readonly #parts: MessageQueueParts;
  readonly #prefix: string;
  readonly #messages = new Map<string, Message>();
  #nextOrder = 0;
  #wake: (() => void) | undefined;
  #running: Promise<void> | undefined;
  readonly #closing = new AbortController();
  readonly #sending = new AbortController();
  readonly #closed = new Promise<void>((resolve) => {
    this.#closing.signal.addEventListener('abort', () => resolve(), { once: true });
  });

  constructor(parts: MessageQueueParts) {
    this.#parts = parts;
    this.#prefix = `message/${parts.notifier.name}/`;
  }

  open(entries: ReadonlyMap<string, string>): void {
    const saved = [...entries]
      .filter(([name]) => name.startsWith(this.#prefix))
      .map(([, text]) => JSON.parse(text) as Message)
      .sort((a, b) => a.order - b.order);
    for (const message of saved)
      this.#messages.set(message.notification.notificationId, { ...message, nextAt: 0 });
    this.#nextOrder = (saved.at(-1)?.order ?? -1) + 1;
    this.#running = this.#run();
  }

  add(notification: Notification): void {
    const { notificationId } = notification;
    if (this.#messages.has(notificationId)) return;
    if (this.#messages.size >= MAX_WAITING) {
      this.#count('dropped');
      this.#parts.log.error(
        { notificationId },
        'Too many messages wait for a notifier; this one is left out.',
      );
      return;
    }
    const queuedAt = this.#parts.now();
    const message = { notification, order: this.#nextOrder, attempts: 0, nextAt: 0, queuedAt };
    this.#nextOrder += 1;
    this.#messages.set(notificationId, message);
    this.#save(message);
    this.#wake?.();
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
      const message = this.#due();
      if (message === undefined) await this.#untilDue();
      else await this.#send(message);
    }
  }

  /** The first message that may go now: none about the same incident waits before it. */
  #due(): Message | undefined {
    const now = this.#parts.now();
    const held = new Set<string>();
    for (const message of this.#messages.values()) {
      const incidentId = message.notification.incident?.incidentId ?? message.notification.notificationId;
      if (!held.has(incidentId) && message.nextAt <= now) return message;
      held.add(incidentId);
    }
    return undefined;
  }

  async #untilDue(): Promise<void> {
    const next = Math.min(...[...this.#messages.values()].map(({ nextAt }) => nextAt));
    const timer = Number.isFinite(next)
      ? setTimeout(() => this.#wake?.(), Math.max(10, next - this.#parts.now()))
      : undefined;
    await new Promise<void>((resolve) => (this.#wake = resolve));
    clearTimeout(timer);
  }

  async #send(message: Message): Promise<void> {
    const { notifier, journal } = this.#parts;
    await Promise.race([journal.saved(), this.#closed]);
    if (this.#closing.signal.aborted) return;
    try {
      await notifier.send(message.notification, this.#sending.signal);
      this.#count('sent');
      this.#remove(message);
    } catch (error) {
      if (!this.#sending.signal.aborted) this.#failed(message, error);
    }
    // Until this is on disk, a crash would send it again.
    await Promise.race([journal.saved(), this.#closed]);
  }

  #failed(message: Message, error: unknown): void {
    const { log, notifier, now } = this.#parts;
    const { notificationId } = message.notification;
    const where = { notifier: notifier.name, notificationId, ...whyOf(error) };
    const isFinal = error instanceof AppError && !error.mayRetry;
    if (isFinal || now() - message.queuedAt > GIVE_UP_MS) {
      this.#count(isFinal ? 'refused' : 'expired');
      log.error(where, 'A message is given up.');
      this.#remove(message);
      return;
    }
    this.#count('failed');
    message.attempts += 1;
    const pauseMs = pauseAfter(message.attempts, error);
    message.nextAt = now() + pauseMs;
    this.#save(message);
    log.warn({ ...where, pauseMs }, 'A message could not be delivered and is sent again.');
  }

  #save(message: Message): void {
    const { notificationId } = message.notification;
    this.#parts.journal.set(`${this.#prefix}${notificationId}`, JSON.stringify(message));
  }

  #remove({ notification }: Message): void {
    this.#messages.delete(notification.notificationId);
    this.#parts.journal.set(`${this.#prefix}${notification.notificationId}`, undefined);
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
