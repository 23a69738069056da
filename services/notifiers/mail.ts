import { createHash } from 'node:crypto';
import { createTransport } from 'nodemailer';
import type { SMTPTransportOptions } from 'nodemailer';
import { AppError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Secret } from '../secret.ts';
import { htmlBody, textBody } from './mail-body.ts';
import type { Notification, Notifier } from './notifier.ts';
import { renderMessage } from './render.ts';

export interface MailSettings {
  /** `smtp://user:pass@host:587` (STARTTLS where offered, and required before a password) or `smtps://…`. */
  url: Secret;
  from?: string | undefined;
  to: readonly string[];
}

/** One mail to all receivers. The Message-ID is a function of the notification, so a mail server may drop repeats, and
 *  all mails of an incident share a thread. */
export function mailNotifier(
  { url, to, from = to[0] ?? '' }: MailSettings,
  { log, timeoutMs = 15_000 }: { log: Log; timeoutMs?: number },
): Notifier {
  const options = connectionOf(url, timeoutMs);
  const transport = createTransport(options);
  const closing = new AbortController();
  const domain = from.slice(from.lastIndexOf('@') + 1);
  return {
    name: 'mail',
    async send(notification, signal) {
      const whole = AbortSignal.any([signal, closing.signal, AbortSignal.timeout(timeoutMs * 2)]);
      try {
        const { accepted, rejected } = await transport.sendMail({
          ...mailOf(notification, domain),
          from,
          to: [...to],
          signal: whole,
        });
        // Repeating the mail would reach those again who have it, so this is said here, not thrown.
        if (rejected.length > 0) {
          log.warn({ accepted: accepted.length, rejected }, 'Some receivers of a mail were refused.');
        }
      } catch (error) {
        throw explain(error, options.host ?? '');
      }
    },
    async close() {
      closing.abort();
      transport.close();
    },
  };
}

/** How to reach the server, with every wait bounded. */
export function connectionOf(url: Secret, timeoutMs: number): SMTPTransportOptions {
  return {
    ...readServer(url),
    disableFileAccess: true,
    disableUrlAccess: true,
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    dnsTimeout: timeoutMs,
    socketCloseTimeout: 0,
  };
}

function readServer(url: Secret) {
  const text = url.reveal();
  const parsed = URL.canParse(text) ? new URL(text) : undefined;
  if (
    parsed === undefined ||
    !/^smtps?:$/.test(parsed.protocol) ||
    parsed.hostname === '' ||
    parsed.search !== ''
  ) {
    throw new AppError(
      'E_CONFIG',
      'The mail server must be given as smtp://user:pass@host:587 or smtps://….',
    );
  }
  const secure = parsed.protocol === 'smtps:';
  const host = parsed.hostname.replace(/^\[|\]$/g, '');
  const user = decodeURIComponent(parsed.username);
  const server = { host, port: Number(parsed.port) || (secure ? 465 : 587), secure };
  if (user === '') return server;
  // Somebody on the way could strip the offer of STARTTLS and read the password.
  const requireTLS = !secure && !['localhost', '127.0.0.1', '::1'].includes(host);
  return { ...server, requireTLS, auth: { user, pass: decodeURIComponent(parsed.password) } };
}

function mailOf(notification: Notification, domain: string) {
  const message = renderMessage(notification);
  const { incident, digest } = notification;
  const isCritical = incident?.severity === 'critical' || (digest?.bySeverity.critical ?? 0) > 0;
  const severity = incident === undefined ? '' : `${incident.severity}: `;
  return {
    messageId: messageId(notification.notificationId, domain),
    ...(incident === undefined ? {} : threadOf(incident.incidentId, domain)),
    date: new Date(notification.at),
    subject: `[gatewatch] ${severity}${message.subject}`,
    text: textBody(message),
    html: htmlBody(message),
    priority: isCritical ? ('high' as const) : ('normal' as const),
    headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
  };
}

/** A first message that was never sent: every mail of the incident answers it. */
function threadOf(incidentId: string, domain: string) {
  const root = messageId(`incident:${incidentId}`, domain);
  return { inReplyTo: root, references: [root] };
}

function messageId(id: string, domain: string): string {
  return `<${createHash('sha256').update(id).digest('hex').slice(0, 40)}@${domain}>`;
}

const REFUSED: Readonly<Record<string, string>> = {
  EAUTH: 'our credentials',
  ENOAUTH: 'to take our credentials',
  ETLS: 'encryption, and without it no password is sent,',
};

/** 5yz means "never"; everything else may pass. The server's own words are kept as the cause, not shown: they may
 *  repeat what was sent to it. */
function explain(error: unknown, host: string): AppError {
  const { code = '', responseCode = 0 } = error as { code?: string; responseCode?: number };
  // 503 says that the session went wrong, not the message.
  const isFinal = responseCode >= 500 && responseCode !== 503;
  if (isFinal || code === 'ENOAUTH') {
    const what = REFUSED[code] ?? 'the mail';
    return new AppError(
      'E_NOTIFIER_REFUSED',
      `The mail server refused ${what} for good. Check its address, user, sender and receivers.`,
      {
        cause: error,
        host,
        smtpCode: responseCode,
      },
    );
  }
  return new AppError('E_NOTIFIER_UNAVAILABLE', 'The mail server did not take the mail. It is sent again.', {
    cause: error,
    host,
    smtpCode: responseCode,
    reason: code,
  });
}
