import type { Notification } from '../../notifiers/notifier.ts';
import { digestNotification, gather, isUrgent, newGathering } from './digest.ts';
import type { Gathering } from './digest.ts';
import type { Journal } from './journal.ts';
import { SendWindow, WINDOW_MS } from './send-window.ts';

/** When more than this wait, those on top are gathered at once: what waits stays bounded, and nothing is lost. */
const MAX_WAITING = 1_000;
const KEEP_WAITING = 500;

export interface Message {
  notification: Notification;
  order: number;
  attempts: number;
  nextAt: number;
  queuedAt: number;
}

export interface MessageBoxParts {
  /** Of the notifier. */
  name: string;
  journal: Journal;
  /** Where a digest leads. */
  publicUrl: string;
  onGathered: () => void;
}

/** The first message about an incident. Those behind it must not pass it, so it is as urgent as they are. */
interface Head {
  message: Message;
  isUrgent: boolean;
}

/** The messages that wait for one notifier, and which of them goes next: the critical ones first, and those about one
 *  incident in their order. When the window is full, what waits is gathered and becomes one digest. All of it is in the
 *  journal. */
export class MessageBox {
  readonly #parts: MessageBoxParts;
  readonly #messages = new Map<string, Message>();
  readonly #window = new SendWindow();
  #gathering: Gathering | undefined;
  /** It is on its way, so a digest must not tell it as well. */
  #inHand: Message | undefined;
  #nextOrder = 0;

  constructor(parts: MessageBoxParts) {
    this.#parts = parts;
  }

  open(entries: ReadonlyMap<string, string>): void {
    const saved = [...entries]
      .filter(([name]) => name.startsWith(this.#messageEntry('')))
      .map(([, text]) => JSON.parse(text) as Message)
      .sort((a, b) => a.order - b.order);
    for (const message of saved)
      this.#messages.set(message.notification.notificationId, { ...message, nextAt: 0 });
    this.#nextOrder = (saved.at(-1)?.order ?? -1) + 1;
    const sentAt = entries.get(this.#entry('sent'));
    if (sentAt !== undefined) this.#window.restore(sentAt);
    const gathering = entries.get(this.#entry('digest'));
    if (gathering !== undefined) this.#gathering = JSON.parse(gathering) as Gathering;
  }

  size(): number {
    return this.#messages.size;
  }

  add(notification: Notification, now: number): void {
    if (this.#messages.has(notification.notificationId)) return;
    this.save({ notification, order: this.#nextOrder, attempts: 0, nextAt: 0, queuedAt: now });
    this.#nextOrder += 1;
    if (this.#messages.size > MAX_WAITING) this.#gatherAllBut(KEEP_WAITING, now);
  }

  save(message: Message): void {
    const { notificationId } = message.notification;
    this.#messages.set(notificationId, message);
    this.#parts.journal.set(this.#messageEntry(notificationId), JSON.stringify(message));
  }

  remove({ notification: { notificationId } }: Message): void {
    this.#messages.delete(notificationId);
    this.#parts.journal.set(this.#messageEntry(notificationId), undefined);
  }

  /** False when it was gathered meanwhile: then the digest tells it. */
  takeInHand(message: Message): boolean {
    if (this.#messages.get(message.notification.notificationId) !== message) return false;
    this.#inHand = message;
    return true;
  }

  putDown(): void {
    this.#inHand = undefined;
  }

  delivered(message: Message, now: number): void {
    this.remove(message);
    if (isDigest(message)) return;
    this.#window.note(now);
    this.#parts.journal.set(this.#entry('sent'), this.#window.save());
  }

  /** The message that goes next, if one may go now. */
  next(now: number): Message | undefined {
    this.#endGathering(now);
    const due = this.#heads().filter(({ message }) => message.nextAt <= now);
    const free = due.filter((head) => this.#mayGo(head, now));
    if (free.length < due.length && this.#gathering === undefined) this.#setGathering(newGathering(now));
    return (free.find(({ isUrgent }) => isUrgent) ?? free[0])?.message;
  }

  /** When `next` may answer otherwise than now; never, when nothing waits. */
  nextLookAt(now: number): number {
    const times = this.#heads().map((head) => {
      const { nextAt } = head.message;
      return nextAt > now || this.#mayGo(head, now) ? nextAt : this.#window.opensAt(now);
    });
    const gathering = this.#gathering;
    return Math.min(...times, gathering === undefined ? Infinity : this.#gatheredAt(gathering, now));
  }

  #heads(): Head[] {
    const heads = new Map<string, Head>();
    for (const message of this.#messages.values()) {
      const { notification } = message;
      const about = notification.incident?.incidentId ?? notification.notificationId;
      const head = heads.get(about);
      if (head === undefined) heads.set(about, { message, isUrgent: isUrgent(notification) });
      else head.isUrgent ||= isUrgent(notification);
    }
    return [...heads.values()];
  }

  /** While messages are gathered, only what is critical still goes alone. */
  #mayGo({ message, isUrgent }: Head, now: number): boolean {
    if (isDigest(message)) return true;
    return this.#window.free(now) > 0 && (isUrgent || this.#gathering === undefined);
  }

  /** One digest at a time: while one cannot be delivered, the next one grows. A clock that was set back must not keep
   *  everything waiting. */
  #gatheredAt({ startedAt }: Gathering, now: number): number {
    if ([...this.#messages.values()].some(isDigest)) return Infinity;
    return startedAt - now > WINDOW_MS ? now : startedAt + WINDOW_MS;
  }

  /** Makes one message of what waits, but for what may go alone. */
  #endGathering(now: number): void {
    if (this.#gathering === undefined || now < this.#gatheredAt(this.#gathering, now)) return;
    const gathering = this.#gatherAllBut(this.#howManyGoAlone(this.#gathering, now), now);
    this.#setGathering(undefined);
    if (gathering.digest.messages === 0) return;
    this.add(digestNotification(gathering, { ...this.#parts, at: now }), now);
  }

  #howManyGoAlone({ digest }: Gathering, now: number): number {
    const singles = this.#singles();
    const free = this.#window.free(now);
    // A digest of one would only say less.
    if (digest.messages === 0 && singles.length === 1) return free;
    return Math.min(free, singles.filter(({ notification }) => isUrgent(notification)).length);
  }

  /** Messages that may become part of a digest, those that should go alone first. */
  #singles(): Message[] {
    const rank = ({ notification }: Message) => (isUrgent(notification) ? 0 : 1);
    return [...this.#messages.values()]
      .filter((message) => message !== this.#inHand && message.notification.incident !== undefined)
      .sort((a, b) => rank(a) - rank(b) || a.order - b.order);
  }

  #gatherAllBut(keep: number, now: number): Gathering {
    let gathering = this.#gathering ?? newGathering(now);
    for (const message of this.#singles().slice(keep)) {
      gathering = gather(gathering, message.notification);
      this.remove(message);
      this.#parts.onGathered();
    }
    this.#setGathering(gathering);
    return gathering;
  }

  #setGathering(gathering: Gathering | undefined): void {
    this.#gathering = gathering;
    const text = gathering === undefined ? undefined : JSON.stringify(gathering);
    this.#parts.journal.set(this.#entry('digest'), text);
  }

  #messageEntry(id: string): string {
    return `message/${this.#parts.name}/${id}`;
  }

  #entry(what: 'sent' | 'digest'): string {
    return `messages/${this.#parts.name}/${what}`;
  }
}

function isDigest({ notification }: Message): boolean {
  return notification.transition === 'digest';
}
