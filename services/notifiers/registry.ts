import type { Log } from '../log.ts';
import type { Lookup } from './egress.ts';
import { mailNotifier } from './mail.ts';
import type { MailSettings } from './mail.ts';
import type { Notifier } from './notifier.ts';
import { webhookNotifier } from './webhook.ts';
import type { WebhookSettings } from './webhook.ts';

/** `notify` of the settings: a channel is there when its settings are. */
export interface NotifySettings {
  mail?: MailSettings | undefined;
  webhook?: WebhookSettings | undefined;
}

export interface NotifierParts {
  log: Log;
  now: () => number;
  lookup?: Lookup;
}

/** Every channel that is set up. Throws `E_CONFIG` when one cannot work. */
export function createNotifiers({ mail, webhook }: NotifySettings, parts: NotifierParts): Notifier[] {
  return [
    ...(mail === undefined ? [] : [mailNotifier(mail, parts)]),
    ...(webhook === undefined ? [] : [webhookNotifier(webhook, parts)]),
  ];
}
