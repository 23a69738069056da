import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openEmbeddedTransport } from '../../../services/transports/embedded.ts';
import type { EmbeddedTransportOptions } from '../../../services/transports/embedded.ts';
import { openFiles } from '../../../services/transports/embedded-files.ts';
import type { Files } from '../../../services/transports/embedded-files.ts';
import type { Transport } from '../../../services/transports/transport.ts';
import { collector, records } from '../../contracts/transport.contract.ts';

const CHILD = join(import.meta.dirname, 'embedded-child.ts');
const START = Date.UTC(2026, 0, 5);
const HOUR_MS = 3_600_000;
const dropDuplicates = { dropDuplicates: true };

let dir: string;
let logged: Record<string, unknown>[];
let transport: Transport | undefined;
const closers: (() => void)[] = [];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'gatewatch-embedded-'));
  logged = [];
});
afterEach(async () => {
  await close();
  for (const closeOne of closers.splice(0)) closeOne();
  await rm(dir, { recursive: true, force: true });
});

async function open(options: Partial<EmbeddedTransportOptions> = {}): Promise<Transport> {
  const log = pino(
    { level: 'debug' },
    { write: (line: string) => logged.push(JSON.parse(line) as Record<string, unknown>) },
  );
  transport = await openEmbeddedTransport({ dir, log, ...options });
  return transport;
}

async function close(): Promise<void> {
  await transport?.close();
  transport = undefined;
}

async function inFiles(change: (files: Files) => void): Promise<void> {
  const files = openFiles(dir);
  change(files);
  await files.root.close();
}

/** Another process that works on the same folder. */
function startChild(args: string[], { shell = '' } = {}) {
  const node = [process.execPath, '--import', 'tsx', CHILD, ...args];
  const child =
    shell === ''
      ? spawn(node[0] ?? '', node.slice(1))
      : spawn('/bin/sh', ['-c', `${shell}; exec "$0" "$@"`, ...node]);
  closers.push(() => child.kill('SIGKILL'));
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  return { child, lines, exited: once(child, 'close') };
}

async function readAll(from: Transport): Promise<string[]> {
  const values: string[] = [];
  for await (const piece of from.read('events', 0, 0, await from.endOffset('events', 0))) {
    for (const { offset, value } of piece) {
      expect(offset).toBe(values.length);
      values.push(value);
    }
  }
  return values;
}

describe('the embedded transport after a kill', () => {
  it.each([3, 20, 75])(
    'has everything acknowledged exactly once when killed after %i acknowledgements',
    async (acknowledgements) => {
      const { child, lines, exited } = startChild(['appendForever', dir, 'run']);
      await vi.waitFor(
        () => {
          expect(lines.length).toBeGreaterThanOrEqual(acknowledgements);
        },
        { timeout: 10_000, interval: 1 },
      );
      child.kill('SIGKILL');
      await exited;
      const acknowledged = lines.flatMap((line) => line.split(' '));
      const reopened = await open();
      const stored = (await readAll(reopened)).map((value) => value.replace(/\.+$/, ''));
      expect(new Set(stored).size).toBe(stored.length);
      expect(acknowledged.filter((id) => !stored.includes(id))).toEqual([]);
      const again = await reopened.append(
        'events',
        stored.map((id) => ({ key: id, id, value: id })),
        dropDuplicates,
      );
      expect(again.appended).toBe(0);
    },
  );
});

describe('the embedded transport and other processes', () => {
  it('delivers what another process appends, and knows its ids as duplicates', async () => {
    const here = await open();
    const { handler, values } = collector();
    await here.append('events', records(1), dropDuplicates);
    await here.subscribe(['events'], 'group', handler);
    for (const id of ['from-elsewhere', 'from-elsewhere', 'id-0']) {
      const { exited, lines } = startChild(['appendOnce', dir, id]);
      await exited;
      expect(lines).toEqual([id === 'from-elsewhere' && values().length === 1 ? 'appended 1' : 'appended 0']);
      await vi.waitFor(() => {
        expect(values()).toEqual(['value-0', 'from-elsewhere']);
      }, 3000);
    }
    const result = await here.append(
      'events',
      [{ key: 'k', id: 'from-elsewhere', value: '' }, ...records(1, 1)],
      dropDuplicates,
    );
    expect(result).toEqual({ appended: 1, duplicates: [0] });
    await vi.waitFor(() => {
      expect(values()).toEqual(['value-0', 'from-elsewhere', 'value-1']);
    });
  });

  it('refuses appends while a write does not get through, and goes on after', async () => {
    const here = await open({ stalledAfterMs: 50 });
    await here.append('events', records(1));
    const { child, lines, exited } = startChild(['holdWriteLock', dir]);
    await vi.waitFor(() => {
      expect(lines).toContain('held');
    }, 10_000);
    const refused = { code: 'E_TRANSPORT_UNAVAILABLE' };
    await expect(here.append('events', records(1, 1), dropDuplicates)).rejects.toMatchObject(refused);
    await expect(here.append('events', records(1, 1), dropDuplicates)).rejects.toMatchObject(refused);
    child.stdin.write('\n');
    await exited;
    await vi.waitFor(() => here.append('events', records(1, 1), dropDuplicates), 5000);
    expect(await readAll(here)).toEqual(['value-0', 'value-1']);
  });
});

describe('the embedded transport on a bad disk', () => {
  it('says what to do when the disk is full, marks nothing as seen, and takes what fits', async () => {
    const { lines, exited } = startChild(['fillDisk', dir], { shell: 'ulimit -f 6000' });
    await exited;
    const [failure, small] = lines.slice(-2);
    expect(lines[0]).toBe('ok 0');
    expect(failure).toMatch(/^failed The log of events in .* cannot be written .* Free disk space/);
    expect(JSON.parse(small ?? '')).toEqual({ appended: 1, duplicates: [] });
    const values = await readAll(await open());
    expect(values).toHaveLength(lines.length - 1);
    expect(values.at(-1)).toBe('small');
  });

  it('says what to do when the folder cannot be made', async () => {
    await writeFile(join(dir, 'file'), '');
    await expect(open({ dir: join(dir, 'file', 'log') })).rejects.toMatchObject({
      code: 'E_TRANSPORT_UNAVAILABLE',
    });
  });

  it.each([
    {
      what: 'is damaged',
      break: (files: Files) => {
        files.entries.putSync(
          ['events', 0, 2],
          Buffer.from(files.entries.get(['events', 0, 2]) ?? []).fill('!', 40),
        );
      },
    },
    {
      what: 'is missing',
      break: (files: Files) => {
        files.entries.removeSync(['events', 0, 2]);
      },
    },
  ])('stops before an entry that $what, says so, and skips nothing', async ({ break: breakEntry }) => {
    const before = await open();
    for (const from of [0, 2, 4]) await before.append('events', records(2, from));
    await close();
    await inFiles(breakEntry);
    const after = await open();
    await expect(readAll(after)).rejects.toMatchObject({ code: 'E_TRANSPORT_CORRUPT' });
    const { handler, values } = collector();
    const subscription = await after.subscribe(['events'], 'group', handler);
    await vi.waitFor(() => {
      expect(logged).toContainEqual(
        expect.objectContaining({ code: 'E_TRANSPORT_CORRUPT', topic: 'events' }),
      );
    });
    expect(values().filter((value) => !['value-0', 'value-1'].includes(value))).toEqual([]);
    expect(await subscription.lag()).toBeGreaterThanOrEqual(4);
  });
});

describe('the embedded transport in time', () => {
  it('removes old entries, but never those that a known group has not handled', async () => {
    let time = START;
    const here = await open({ now: () => time, retentionMs: HOUR_MS, sweepEveryMs: 10 });
    const quick = collector();
    let isSlowBroken = true;
    await here.subscribe(['events'], 'quick', quick.handler);
    const slow = collector();
    await here.subscribe(['events'], 'slow', {
      handle: (batch) => (isSlowBroken ? Promise.reject(new Error('not now')) : slow.handler.handle(batch)),
    });
    for (const from of [0, 2, 4]) await here.append('events', records(2, from));
    await vi.waitFor(() => {
      expect(quick.all()).toHaveLength(6);
    });
    time += HOUR_MS + 1;
    await here.append('events', records(2, 6));
    await vi.waitFor(() => {
      expect(quick.all()).toHaveLength(8);
    });
    expect(await readAll(here)).toHaveLength(8);
    isSlowBroken = false;
    await vi.waitFor(() => {
      expect(slow.all()).toHaveLength(8);
    }, 5000);
    await vi.waitFor(() => expect(readAll(here)).rejects.toMatchObject({ code: 'E_NOT_FOUND' }), 5000);
    const late = collector();
    await here.subscribe(['events'], 'late', late.handler);
    await vi.waitFor(() => {
      expect(late.values()).toEqual(['value-6', 'value-7']);
    });
    expect(late.all().map(({ offset }) => offset)).toEqual([6, 7]);
    expect(await here.endOffset('events', 0)).toBe(8);
  });

  it('says how many records a group has missed that asks for removed ones', async () => {
    let time = START;
    const here = await open({ now: () => time, retentionMs: HOUR_MS, sweepEveryMs: 10 });
    await here.append('events', records(3));
    time += HOUR_MS + 1;
    await here.append('events', records(1, 3));
    await vi.waitFor(() => expect(readAll(here)).rejects.toMatchObject({ code: 'E_NOT_FOUND' }), 5000);
    const { handler, values } = collector({ assigned: () => Promise.resolve({ events: 1 }) });
    await here.subscribe(['events'], 'group', handler);
    await vi.waitFor(() => {
      expect(values()).toEqual(['value-3']);
    });
    expect(logged).toContainEqual(expect.objectContaining({ wanted: 1, first: 3, missing: 2 }));
  });

  it('starts over when a group has read more than there is', async () => {
    const here = await open();
    await here.append('events', records(2));
    const { handler, values } = collector({ assigned: () => Promise.resolve({ events: 50 }) });
    await here.subscribe(['events'], 'group', handler);
    await vi.waitFor(() => {
      expect(values()).toEqual(['value-0', 'value-1']);
    });
    expect(logged).toContainEqual(
      expect.objectContaining({ wanted: 50, end: 2, msg: expect.stringContaining('starts over') as string }),
    );
  });

  it('forgets ids oldest first when there are too many, and says so once', async () => {
    const here = await open({ maxFingerprints: 800 });
    for (let from = 0; from < 2000; from += 50)
      await here.append('events', records(50, from), dropDuplicates);
    expect(await here.append('events', records(600, 1400), dropDuplicates)).toMatchObject({ appended: 0 });
    expect(await here.append('events', records(50), dropDuplicates)).toMatchObject({ appended: 50 });
    expect(logged.filter(({ maxFingerprints }) => maxFingerprints === 800)).toHaveLength(1);
  });

  it('forgets ids after the window also when it was closed meanwhile, and removes what it stored of them', async () => {
    const windowMs = 7 * HOUR_MS;
    let time = START;
    const options = { now: () => time, duplicateWindowMs: windowMs, sweepEveryMs: 10 };
    await (await open(options)).append('events', records(10), dropDuplicates);
    time += 4 * HOUR_MS;
    await transport?.append('events', records(10, 10), dropDuplicates);
    await close();
    time += 4 * HOUR_MS;
    const again = await (await open(options)).append('events', records(20), dropDuplicates);
    expect(again.duplicates).toEqual(records(10, 10).map((_, index) => index + 10));
    await vi.waitFor(async () => {
      let generations = new Set<number>();
      await inFiles(
        (files) => (generations = new Set(Array.from(files.chunks.getKeys(), ([generation]) => generation))),
      );
      expect(generations).toEqual(new Set([3, 4]));
    });
  });

  it('repeats a failing batch with growing pauses, each logged with its place', async () => {
    const here = await open();
    await here.append('events', records(1));
    await here.subscribe(['events'], 'group', { handle: () => Promise.reject(new Error('database away')) });
    const retries = () => logged.filter(({ reason }) => reason === 'database away');
    await vi.waitFor(() => {
      expect(retries()).toHaveLength(3);
    }, 5000);
    expect(retries().map(({ pauseMs }) => pauseMs)).toEqual([100, 200, 400]);
    expect(retries()[0]).toMatchObject({
      topic: 'events',
      group: 'group',
      partition: 0,
      offset: 0,
      failures: 1,
    });
  });

  it('takes only one member of a group', async () => {
    const here = await open();
    await here.subscribe(['events'], 'group', collector().handler);
    await expect(here.subscribe(['events'], 'group', collector().handler)).rejects.toThrow(/already/);
  });

  it('never has fewer partitions than before', async () => {
    await (await open({ partitions: { events: 3 } })).append('events', records(30));
    await close();
    expect(await (await open()).partitions('events')).toBe(3);
    await close();
    expect(await (await open({ partitions: { events: 5 } })).partitions('events')).toBe(5);
  });
});
