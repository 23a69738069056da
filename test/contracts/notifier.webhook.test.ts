import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Secret } from '../../services/secret.ts';
import { webhookNotifier } from '../../services/notifiers/webhook.ts';
import { describeNotifier } from './notifier.contract.ts';
import type { Mood, NotifierRig, Received } from './notifier.contract.ts';

const KEY = Buffer.alloc(32, 7);
const STATUS = { takes: 204, busy: 503, refuses: 410 };

async function openRig(): Promise<NotifierRig> {
  let mood: Mood = 'takes';
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (mood === 'silent') return;
      const body = Buffer.concat(chunks).toString('utf8');
      const { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': signature } = request.headers;
      const expected = createHmac('sha256', KEY)
        .update(`${String(id)}.${String(at)}.${body}`)
        .digest('base64');
      const isSigned = signature === `v1,${expected}`;
      if (mood === 'takes' && isSigned) received.push({ id: String(id), text: decoded(body) });
      response.writeHead(isSigned ? STATUS[mood] : 401).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const stopReceiver = async () => {
    server.closeAllConnections();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  };
  const secret = `whsec_${KEY.toString('base64')}`;
  const notifier = webhookNotifier(
    { url: `http://127.0.0.1:${port}/hook`, secret: new Secret(secret), allowPrivate: false },
    { now: () => Date.UTC(2026, 2, 3), timeoutMs: 250 },
  );
  return {
    notifier,
    secrets: [secret, KEY.toString('base64')],
    received,
    setMood: (next) => {
      mood = next;
    },
    stopReceiver,
    close: async () => {
      await notifier.close();
      await stopReceiver();
    },
  };
}

/** All strings of the body, as a program would read them. */
function decoded(body: string): string {
  const texts: string[] = [];
  JSON.parse(body, (_name, value: unknown) => {
    if (typeof value === 'string' || typeof value === 'number') texts.push(String(value));
    return value;
  });
  return texts.join('\n');
}

describeNotifier('webhook', openRig);
