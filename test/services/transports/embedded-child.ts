import { readSync, writeSync } from 'node:fs';
import { open } from 'lmdb';
import { createLog } from '../../../services/log.ts';
import { messageOf } from '../../../services/errors.ts';
import { openEmbeddedTransport } from '../../../services/transports/embedded.ts';

/** Another process on the folder of a transport, told by its arguments what to do. Says each step in a line. */
const [task, dir = '', prefix = ''] = process.argv.slice(2);
const say = (line: string) => writeSync(1, `${line}\n`);
const openTransport = () => openEmbeddedTransport({ dir, log: createLog('silent') });

/** Appends from several sides at once until it is killed; says the ids of each append that was acknowledged. */
async function appendForever(): Promise<void> {
  const transport = await openTransport();
  let index = 0;
  const appendMore = async (): Promise<void> => {
    const ids = Array.from({ length: 1 + (index % 40) }, () => `${prefix}-${(index++).toString()}`);
    await transport.append(
      'events',
      ids.map((id) => ({ key: id, id, value: id.padEnd(900, '.') })),
      { dropDuplicates: true },
    );
    say(ids.join(' '));
    return appendMore();
  };
  await Promise.all([appendMore(), appendMore(), appendMore(), appendMore()]);
}

async function appendOnce(): Promise<void> {
  const transport = await openTransport();
  const result = await transport.append('events', [{ key: 'k', id: prefix, value: prefix }], {
    dropDuplicates: true,
  });
  await transport.close();
  say(`appended ${result.appended.toString()}`);
}

/** Appends a megabyte at a time until the disk is full, then something small. */
async function fillDisk(): Promise<void> {
  // What a full disk does to a write, the limit of the file size does by a signal first.
  process.on('SIGXFSZ', () => undefined);
  const transport = await openTransport();
  for (let index = 0; index < 100; index++) {
    const record = { key: 'k', id: index.toString(), value: 'x'.repeat(2 ** 20) };
    try {
      await transport.append('events', [record], { dropDuplicates: true });
      say(`ok ${index.toString()}`);
    } catch (error) {
      say(`failed ${messageOf(error)}`);
      say(
        JSON.stringify(
          await transport.append('events', [{ ...record, value: 'small' }], { dropDuplicates: true }),
        ),
      );
      break;
    }
  }
  await transport.close();
}

/** Stays in the middle of a write until it gets a line. */
function holdWriteLock(): void {
  const root = open({ path: dir, noSubdir: false, overlappingSync: false, maxDbs: 8 });
  root.transactionSync(() => {
    say('held');
    readSync(0, Buffer.alloc(1));
  });
  say('let go');
}

const tasks: Record<string, () => Promise<void> | void> = {
  appendForever,
  appendOnce,
  fillDisk,
  holdWriteLock,
};
await tasks[task ?? '']?.();
