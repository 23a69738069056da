import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';

export interface ReceivedMail {
  headers: string;
  parts: readonly { type: string; text: string }[];
  to: readonly string[];
}

export interface MailServer {
  port: number;
  mails: readonly ReceivedMail[];
  /** `silent` takes a connection and never greets. */
  setMood(mood: 'takes' | 'busy' | 'refuses' | 'silent'): void;
  logins: readonly string[];
  close(): Promise<void>;
}

/** A real mail server on this machine. Addresses that begin with `nobody` do not exist on it. */
export async function openMailServer(host = '127.0.0.1'): Promise<MailServer> {
  let mood: 'takes' | 'busy' | 'refuses' | 'silent' = 'takes';
  const mails: ReceivedMail[] = [];
  const logins: string[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    allowInsecureAuth: true,
    closeTimeout: 5,
    onConnect: (_session, done) => {
      if (mood !== 'silent') done();
    },
    onAuth: ({ username = '', password = '' }, _session, done) => {
      logins.push(username);
      if (password === 'right-password') done(null, { user: username });
      else done(replyWith(535, `bad credentials for ${username}`));
    },
    onRcptTo: ({ address }, _session, done) => {
      done(address.startsWith('nobody') ? replyWith(550, 'no such user') : null);
    },
    onData: (stream, session, done) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        if (mood === 'busy') {
          done(replyWith(451, 'greylisted'));
          return;
        }
        if (mood === 'refuses') {
          done(replyWith(554, 'no mail from you'));
          return;
        }
        const to = session.envelope.rcptTo.map(({ address }) => address);
        mails.push({ ...readMail(Buffer.concat(chunks)), to });
        done();
      });
    },
  });
  server.on('error', () => undefined);
  const listener = server.listen(0, host);
  await once(listener, 'listening');
  return {
    port: (listener.address() as AddressInfo).port,
    mails,
    logins,
    setMood: (next) => {
      mood = next;
    },
    close: () =>
      new Promise((resolve) => {
        if (listener.listening) server.close(() => resolve());
        else resolve();
      }),
  };
}

function replyWith(responseCode: number, message: string): Error {
  return Object.assign(new Error(message), { responseCode });
}

/** Takes a mail apart as a mail program does: unfolds headers, decodes words, boundaries and transfer encodings. */
function readMail(raw: Buffer): Omit<ReceivedMail, 'to'> {
  const { headers, body } = splitMail(raw.toString('latin1'));
  const boundary = /boundary="?([^";\r\n]+)"?/i.exec(headers)?.[1];
  const texts = boundary === undefined ? [] : body.split(`--${boundary}`).slice(1, -1);
  const parts = texts.map((text) => {
    const part = splitMail(text.replace(/^\r\n/, ''));
    const type = /^content-type: ([^;\r\n]+)/im.exec(part.headers)?.[1] ?? '';
    return { type, text: decodeBody(part.headers, part.body) };
  });
  return { headers: decodeWords(headers), parts };
}

function splitMail(text: string): { headers: string; body: string } {
  const end = text.indexOf('\r\n\r\n');
  return { headers: text.slice(0, end).replace(/\r\n[ \t]+/g, ' '), body: text.slice(end + 4) };
}

function decodeBody(headers: string, body: string): string {
  const encoding = /^content-transfer-encoding: (\S+)/im.exec(headers)?.[1]?.toLowerCase() ?? '7bit';
  if (encoding === 'base64') return Buffer.from(body, 'base64').toString('utf8');
  if (encoding !== 'quoted-printable') return Buffer.from(body, 'latin1').toString('utf8');
  return decodeHex(body.replace(/=\r\n/g, ''));
}

function decodeHex(text: string): string {
  const bytes = text.replace(/=([0-9A-F]{2})/gi, (_all, hex: string) =>
    String.fromCharCode(parseInt(hex, 16)),
  );
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

function decodeWords(headers: string): string {
  return headers.replace(/\?= =\?/g, '?==?').replace(/(?:=\?utf-8\?[qb]\?[^?]*\?=)+/gi, (words) => {
    const pieces = [...words.matchAll(/=\?utf-8\?([qb])\?([^?]*)\?=/gi)].map(([, how = '', text = '']) =>
      how.toLowerCase() === 'b'
        ? Buffer.from(text, 'base64').toString('latin1')
        : text
            .replaceAll('_', ' ')
            .replace(/=([0-9A-F]{2})/gi, (_all, hex: string) => String.fromCharCode(parseInt(hex, 16))),
    );
    return Buffer.from(pieces.join(''), 'latin1').toString('utf8');
  });
}
