import { createLog } from '../../services/log.ts';
import { mailNotifier } from '../../services/notifiers/mail.ts';
import { Secret } from '../../services/secret.ts';
import { openMailServer } from '../support/mail-server.ts';
import type { ReceivedMail } from '../support/mail-server.ts';
import { describeNotifier } from './notifier.contract.ts';
import type { NotifierRig, Received } from './notifier.contract.ts';

async function openRig(): Promise<NotifierRig> {
  const server = await openMailServer();
  const notifier = mailNotifier(
    {
      url: new Secret(`smtp://gatewatch:right-password@127.0.0.1:${server.port}`),
      from: 'gatewatch@example.com',
      to: ['oncall@example.com'],
    },
    { log: createLog('silent'), timeoutMs: 250 },
  );
  return {
    notifier,
    secrets: ['right-password'],
    get received() {
      return server.mails.map(asReceived);
    },
    setMood: server.setMood,
    stopReceiver: server.close,
    close: async () => {
      await notifier.close();
      await server.close();
    },
  };
}

function asReceived({ headers, parts }: ReceivedMail): Received {
  const id = /^message-id: (.*)$/im.exec(headers)?.[1] ?? '';
  return { id, text: [headers, ...parts.map(({ text }) => text)].join('\n') };
}

describeNotifier('mail', openRig);
