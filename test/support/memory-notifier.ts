import type { Notification, Notifier } from '../../services/notifiers/notifier.ts';
import { AppError } from '../../services/errors.ts';

/** Takes messages and keeps them. */
export class MemoryNotifier implements Notifier {
  readonly name: string;
  readonly sent: Notification[] = [];
  attempts = 0;
  mood: 'takes' | 'away' | 'refuses' = 'takes';

  constructor(name = 'memory') {
    this.name = name;
  }

  async send(notification: Notification): Promise<void> {
    this.attempts += 1;
    if (this.mood === 'away')
      throw new AppError('E_NOTIFIER_UNAVAILABLE', 'Nobody answers.', { retryAfterMs: 10 });
    if (this.mood === 'refuses') throw new AppError('E_NOTIFIER_REFUSED', 'No such receiver.');
    this.sent.push(notification);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  transitions(): string[] {
    return this.sent.map(({ transition }) => transition);
  }
}
