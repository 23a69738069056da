import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createLog } from '../../../services/log.ts';
import { htmlBody, textBody } from '../../../services/notifiers/mail-body.ts';
import { mailNotifier } from '../../../services/notifiers/mail.ts';
import { renderMessage } from '../../../services/notifiers/render.ts';
import { Secret } from '../../../services/secret.ts';
import { openMailServer } from '../../support/mail-server.ts';
import type { MailServer } from '../../support/mail-server.ts';
import { aDigest, aNotification, anIncidentSnapshot, HOSTILE_TEXTS } from '../../support/notifications.ts';

const NEVER = new AbortController().signal;
const log = createLog('silent');
let server: MailServer;
beforeEach(async () => {
  server = await openMailServer();
});
afterEach(() => server.close());

function open(changes: { url?: string; to?: string[]; from?: string } = {}) {
  const { url = `smtp://127.0.0.1:${server.port}`, to = ['oncall@example.com'], from } = changes;
  return mailNotifier({ url: new Secret(url), to, from }, { log, timeoutMs: 300 });
}

function headerOf(mail: MailServer['mails'][number] | undefined, name: string): string {
  return new RegExp(`^${name}: (.*)$`, 'im').exec(mail?.headers ?? '')?.[1]?.trim() ?? '';
}
const partOf = (type: string) => server.mails[0]?.parts.find((part) => part.type === type)?.text ?? '';

describe('a mail', () => {
  it('has a text for every reader and HTML beside it', async () => {
    await open().send(aNotification(), NEVER);
    expect(partOf('text/plain').replaceAll('\r\n', '\n')).toContain(
      'Evidence\n  +20.0 bits: The key was reported as leaked.\n  +7.5 bits: First use',
    );
    expect(partOf('text/html')).toContain('<li>+20.0 bits: The key was reported as leaked.</li>');
    expect(partOf('text/plain')).toContain('$12.40 so far, $744.00 per hour');
    expect(partOf('text/plain')).toContain('2026-03-03 10:15:00 UTC');
  });

  it('that stands for many says how many and names the worst, and is urgent when one of them is', async () => {
    await open().send(aDigest(), NEVER);
    expect(headerOf(server.mails[0], 'X-Priority')).toContain('1');
    expect(partOf('text/plain').replaceAll('\r\n', '\n')).toContain(
      'The worst of them\n  [critical] Key “search-prod” looks stolen\n  and 36 more on the page',
    );
    expect(partOf('text/html')).toContain('<li>[critical] Key “search-prod” looks stolen</li>');
    expect(partOf('text/plain')).toContain('Open it: https://gatewatch.example.com');
  });

  it('loads nothing and runs nothing', async () => {
    await open().send(aNotification(), NEVER);
    expect(partOf('text/html')).not.toMatch(
      /<(img|script|link|iframe|object|form|style)|url\(|@import|src=|\son\w+=/i,
    );
    expect(partOf('text/html').match(/href="[^"]*"/g)).toEqual([
      'href="https://gatewatch.example.com/incidents/inc_0123456789abcdef"',
    ]);
  });

  it.each(HOSTILE_TEXTS)('shows $story as text, in HTML too', ({ text }) => {
    const incident = anIncidentSnapshot({ keyAlias: text, team: text, gateway: text });
    const message = renderMessage(
      aNotification({ subject: text, summary: text, whatWasDone: text, incident }),
    );
    expect(htmlBody(message)).not.toMatch(/<(img|script)/i);
    expect(textBody(message)).not.toMatch(/^(Bcc|Subject):/m);
  });

  it('takes no link from us that is none', async () => {
    await open().send(aNotification({ link: 'javascript:alert(1)', runbook: 'javascript:alert(1)' }), NEVER);
    expect(partOf('text/html')).not.toContain('href');
  });

  it('belongs to the thread of its incident', async () => {
    const notifier = open();
    await notifier.send(aNotification(), NEVER);
    await notifier.send(aNotification({ notificationId: 'ntf_2', transition: 'contained' }), NEVER);
    await notifier.send(
      aNotification({ notificationId: 'ntf_3', incident: anIncidentSnapshot({ incidentId: 'inc_other' }) }),
      NEVER,
    );
    await notifier.send(
      aNotification({ notificationId: 'ntf_4', transition: 'frozen', incident: undefined }),
      NEVER,
    );
    const [first, second, other, own] = server.mails.map((mail) => headerOf(mail, 'references'));
    expect(first).toMatch(/^<[0-9a-f]{40}@example.com>$/);
    expect(second).toBe(first);
    expect(other).not.toBe(first);
    expect(own).toBe('');
    expect(new Set(server.mails.map((mail) => headerOf(mail, 'message-id'))).size).toBe(4);
  });

  it('is marked as sent by a machine, so that no machine answers', async () => {
    await open().send(aNotification(), NEVER);
    expect(headerOf(server.mails[0], 'auto-submitted')).toBe('auto-generated');
    expect(headerOf(server.mails[0], 'subject')).toBe(
      '[gatewatch] critical: A reported leak is in use: search-prod',
    );
  });

  it('comes from the first receiver when no sender is set', async () => {
    await open({ to: ['a@example.com', 'b@example.com'] }).send(aNotification(), NEVER);
    expect(headerOf(server.mails[0], 'from')).toBe('a@example.com');
    expect(server.mails[0]?.to).toEqual(['a@example.com', 'b@example.com']);
  });
});

describe('the mail server', () => {
  it('may refuse one receiver of two: the other has the mail, and the log says so', async () => {
    const warn = vi.spyOn(log, 'warn');
    await open({ to: ['nobody@example.com', 'oncall@example.com'] }).send(aNotification(), NEVER);
    expect(server.mails[0]?.to).toEqual(['oncall@example.com']);
    expect(warn).toHaveBeenCalledWith({ accepted: 1, rejected: ['nobody@example.com'] }, expect.any(String));
    warn.mockRestore();
  });

  it('that refuses all receivers ends the message', async () => {
    await expect(open({ to: ['nobody@example.com'] }).send(aNotification(), NEVER)).rejects.toMatchObject({
      code: 'E_NOTIFIER_REFUSED',
      details: { smtpCode: 550 },
    });
  });

  it('that does not take our password ends the message, without repeating the password', async () => {
    const url = `smtp://gatewatch:wrong-password@127.0.0.1:${server.port}`;
    const error: unknown = await open({ url })
      .send(aNotification(), NEVER)
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: 'E_NOTIFIER_REFUSED',
      message: expect.stringContaining('our credentials') as string,
    });
    expect(JSON.stringify([error, (error as Error).cause])).not.toContain('wrong-password');
  });

  it('gets a password with special characters as it is', async () => {
    const url = `smtp://gate%40watch:right-password@127.0.0.1:${server.port}`;
    await open({ url }).send(aNotification(), NEVER);
    expect(server.logins).toEqual(['gate@watch']);
  });

  // 127.0.0.2 is another address of this machine on Linux only; it stands for a server across the network.
  it.skipIf(process.platform !== 'linux')(
    'gets no password without encryption, unless it is on this machine',
    async () => {
      const remote = await openMailServer('127.0.0.2');
      const url = `smtp://gatewatch:right-password@127.0.0.2:${remote.port}`;
      await expect(open({ url }).send(aNotification(), NEVER)).rejects.toMatchObject({
        code: 'E_NOTIFIER_REFUSED',
        message: expect.stringContaining('encryption') as string,
      });
      expect(remote.logins).toEqual([]);
      await remote.close();
    },
  );

  it.each([
    'http://mail.example.com',
    'mail.example.com:25',
    'smtp://',
    'smtp://mail.example.com/?tls.rejectUnauthorized=false',
  ])('must not be given as %s', (url) => {
    expect(() => open({ url })).toThrow(expect.objectContaining({ code: 'E_CONFIG' }));
  });
});
