import { connect as connectTcp, isIP } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { createTransport } from 'nodemailer';
import { AppError } from '../errors.ts';
import { checkedAddresses, readReceiver, systemLookup } from './egress.ts';
import type { Lookup } from './egress.ts';
import { connectionOf } from './mail.ts';
import type { MailSettings } from './mail.ts';
import type { NotifySettings } from './registry.ts';
import type { WebhookSettings } from './webhook.ts';

export interface Reachability {
  channel: string;
  /** Why messages cannot go there; undefined when they can. */
  trouble: string | undefined;
}

export interface ReachParts {
  lookup?: Lookup;
  timeoutMs?: number;
}

/** Whether every channel that is set up could take a message now. Nothing is sent: mail servers are greeted and signed in
 *  at, receivers of webhooks are connected to. */
export async function checkChannels(
  { mail, webhook }: NotifySettings,
  parts: ReachParts = {},
): Promise<Reachability[]> {
  const { lookup = systemLookup, timeoutMs = 10_000 } = parts;
  const found: Reachability[] = [];
  if (mail !== undefined)
    found.push({ channel: 'mail', trouble: await troubleOf(() => greet(mail, timeoutMs)) });
  if (webhook !== undefined)
    found.push({ channel: 'webhook', trouble: await troubleOf(() => knock(webhook, lookup, timeoutMs)) });
  return found;
}

async function troubleOf(check: () => Promise<void>): Promise<string | undefined> {
  try {
    await check();
    return undefined;
  } catch (error) {
    if (error instanceof AppError) return error.message;
    const { code = '' } = error as { code?: string };
    // The server's own words may repeat what was sent to it.
    return (
      TROUBLES[code] ??
      `It does not answer as it should${code === '' ? '' : ` (${code})`}. Check address and port.`
    );
  }
}

const TROUBLES: Readonly<Record<string, string>> = {
  EAUTH: 'It refuses our user or password.',
  ENOAUTH: 'It offers no way to sign in.',
  ETLS: 'It offers no encryption, and without it no password is sent.',
  ENOTFOUND: 'Its name cannot be resolved. Check the address, and the DNS of this machine.',
  EDNS: 'Its name cannot be resolved. Check the address, and the DNS of this machine.',
  ECONNREFUSED: 'Nothing listens there. Check address and port.',
  ETIMEDOUT: 'It does not answer in time. Check address, port and firewalls.',
};

async function greet({ url }: MailSettings, timeoutMs: number): Promise<void> {
  const transport = createTransport(connectionOf(url, timeoutMs));
  try {
    await transport.verify();
  } finally {
    transport.close();
  }
}

async function knock(
  { url: text, allowPrivate }: WebhookSettings,
  lookup: Lookup,
  timeoutMs: number,
): Promise<void> {
  const receiver = readReceiver(text, allowPrivate);
  const { url, host } = receiver;
  const isTls = url.protocol === 'https:';
  const port = url.port === '' ? (isTls ? 443 : 80) : Number(url.port);
  const addresses = await checkedAddresses(receiver, lookup);
  let failure: unknown;
  for (const { address } of addresses) {
    try {
      await connectTo({ address, port, tlsName: isTls ? host : undefined, timeoutMs });
      return;
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

interface Target {
  address: string;
  port: number;
  /** The name its certificate must have. */
  tlsName: string | undefined;
  timeoutMs: number;
}

function connectTo({ address: host, port, tlsName, timeoutMs }: Target): Promise<void> {
  return new Promise((resolve, reject) => {
    // A certificate for a bare address is checked against the address itself.
    const name = tlsName === undefined || isIP(tlsName) !== 0 ? {} : { servername: tlsName };
    const socket = tlsName === undefined ? connectTcp({ host, port }) : connectTls({ host, port, ...name });
    socket.setTimeout(timeoutMs, () =>
      socket.destroy(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' })),
    );
    socket.once('error', reject);
    socket.once(tlsName === undefined ? 'connect' : 'secureConnect', () => {
      socket.destroy();
      resolve();
    });
  });
}
