import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Batch, Handler, OutRecord, Transport } from '../../services/transports/transport.ts';

/** A place where a transport keeps its log. `open` may be called again after the transport before was closed. */
export interface TransportLab {
  open(options?: { partitions?: number; now?: () => number }): Promise<Transport>;
  dispose(): Promise<void>;
}

export interface TransportAbilities {
  /** Set when duplicates are forgotten by the given clock; else why that cannot be shown. */
  duplicateWindowMs: number | { unsupported: string };
}

const DAY_MS = 86_400_000;
const START = Date.UTC(2026, 0, 5);

export function aRecord(index: number, overrides: Partial<OutRecord> = {}): OutRecord {
  return {
    key: `key-${index.toString()}`,
    id: `id-${index.toString()}`,
    value: `value-${index.toString()}`,
    ...overrides,
  };
}

export function records(count: number, from = 0, overrides: Partial<OutRecord> = {}): OutRecord[] {
  return Array.from({ length: count }, (_, index) => aRecord(from + index, overrides));
}

/** A handler that keeps what it got. */
export function collector(overrides: Partial<Handler> = {}) {
  const batches: Batch[] = [];
  const handler: Handler = {
    handle: (batch) => {
      batches.push(batch);
      return Promise.resolve();
    },
    ...overrides,
  };
  const all = () => batches.flatMap((batch) => batch.records);
  return { batches, handler, all, values: () => all().map(({ value }) => value) };
}

/** Holds up whoever awaits it until it is opened. */
function aGate() {
  let goOn: () => void = () => undefined;
  const mayGoOn = new Promise<void>((resolve) => (goOn = resolve));
  return {
    mayGoOn,
    goOn: () => {
      goOn();
    },
  };
}

const valuesOf = (out: readonly OutRecord[]) => out.map(({ value }) => value);

export function describeTransport(
  name: string,
  createLab: () => Promise<TransportLab>,
  abilities: TransportAbilities,
): void {
  describe(`transport contract: ${name}`, () => {
    let lab: TransportLab;
    let transport: Transport;
    const reopen = async (options?: Parameters<TransportLab['open']>[0]) => {
      await transport.close();
      transport = await lab.open(options);
    };
    beforeEach(async () => {
      lab = await createLab();
      transport = await lab.open();
    });
    afterEach(async () => {
      await transport.close();
      await lab.dispose();
    });

    describe('append and delivery', () => {
      it('delivers what was appended, in order, with consecutive offsets from 0', async () => {
        const { handler, all } = collector();
        await transport.append('events', records(3));
        await transport.subscribe(['events'], 'group', handler);
        await transport.append('events', records(2, 3));
        await vi.waitFor(() => {
          expect(all()).toHaveLength(5);
        });
        expect(all().map(({ offset, key, value }) => [offset, key, value])).toEqual(
          records(5).map(({ key, value }, offset) => [offset, key, value]),
        );
        expect(await transport.endOffset('events', 0)).toBe(5);
      });

      it('delivers batches of at most 1,000 records and keeps the order over many concurrent appends', async () => {
        const { handler, all, batches } = collector();
        await transport.subscribe(['events'], 'group', handler);
        const sizes = [1, 1500, 7, 400, 2501, 90];
        let from = 0;
        const appends = sizes.map((size) => transport.append('events', records(size, (from += size) - size)));
        expect((await Promise.all(appends)).map(({ appended }) => appended)).toEqual(sizes);
        await vi.waitFor(() => {
          expect(all()).toHaveLength(from);
        });
        expect(all().map(({ offset }) => offset)).toEqual(records(from).map((_, offset) => offset));
        expect(all().map(({ value }) => value)).toEqual(valuesOf(records(from)));
        expect(Math.max(...batches.map((batch) => batch.records.length))).toBeLessThanOrEqual(1000);
        expect(batches.every((batch) => batch.records.length > 0)).toBe(true);
      });

      it('keeps all records of one key in one partition, in order', async () => {
        await reopen({ partitions: 4 });
        expect(await transport.partitions('events')).toBe(4);
        const seen = new Map<string, { partition: number; offsets: number[] }>();
        const out = Array.from({ length: 200 }, (_, index) =>
          aRecord(index, { key: `key-${(index % 20).toString()}` }),
        );
        const { handler, batches, all } = collector();
        await transport.append('events', out.slice(0, 100));
        await transport.subscribe(['events'], 'group', handler);
        await transport.append('events', out.slice(100));
        await vi.waitFor(() => {
          expect(all()).toHaveLength(200);
        });
        for (const { partition, records: inRecords } of batches) {
          for (const { key, offset } of inRecords) {
            const before = seen.get(key) ?? { partition, offsets: [] };
            expect(before.partition).toBe(partition);
            before.offsets.push(offset);
            seen.set(key, before);
          }
        }
        expect(new Set([...seen.values()].map(({ partition }) => partition)).size).toBeGreaterThan(1);
        for (const { offsets } of seen.values()) expect(offsets).toEqual(offsets.toSorted((a, b) => a - b));
      });

      it('puts a record where it says, whatever its key', async () => {
        await reopen({ partitions: 4 });
        const { handler, batches } = collector();
        const out = [3, 1, 1, 0].map((partition, index) => aRecord(index, { key: 'same', partition }));
        await transport.append('events', out);
        await transport.subscribe(['events'], 'group', handler);
        const placesOf = () =>
          batches.flatMap((batch) =>
            batch.records.map(({ value }) => `${value} in ${batch.partition.toString()}`),
          );
        await vi.waitFor(() => {
          expect(placesOf().sort()).toEqual(['value-0 in 3', 'value-1 in 1', 'value-2 in 1', 'value-3 in 0']);
        });
      });

      it('keeps topics apart', async () => {
        await transport.append('events', records(2));
        await transport.append('findings', records(1, 50));
        const { handler, values } = collector();
        await transport.subscribe(['findings'], 'group', handler);
        await vi.waitFor(() => {
          expect(values()).toEqual(['value-50']);
        });
        expect(await transport.endOffset('events', 0)).toBe(2);
      });

      it('stamps records with the time at which they were appended', async () => {
        await reopen({ now: () => START });
        const { handler, all } = collector();
        await transport.append('events', records(1));
        await transport.subscribe(['events'], 'group', handler);
        await vi.waitFor(() => {
          expect(all().map(({ appendedAt }) => appendedAt)).toEqual([START]);
        });
      });

      it('takes an append of nothing', async () => {
        expect(await transport.append('events', [])).toEqual({ appended: 0, duplicates: [] });
      });

      it('refuses appends after it was closed', async () => {
        await transport.close();
        await expect(transport.append('events', records(1))).rejects.toMatchObject({
          code: 'E_TRANSPORT_UNAVAILABLE',
        });
        transport = await lab.open();
      });
    });

    describe('duplicates', () => {
      const dropDuplicates = { dropDuplicates: true };

      it.each([
        { story: 'in the same call', calls: [[0, 1, 0, 1, 2]], appended: [3], duplicates: [[2, 3]] },
        {
          story: 'in a later call',
          calls: [
            [0, 1],
            [1, 2],
            [0, 1, 2],
          ],
          appended: [2, 1, 0],
          duplicates: [[], [0], [0, 1, 2]],
        },
      ])('leaves out ids that came before $story', async ({ calls, appended, duplicates }) => {
        const results = [];
        for (const ids of calls)
          results.push(
            await transport.append(
              'events',
              ids.map((id) => aRecord(id)),
              dropDuplicates,
            ),
          );
        expect(results.map((result) => result.appended)).toEqual(appended);
        expect(results.map((result) => result.duplicates)).toEqual(duplicates);
        expect(await transport.endOffset('events', 0)).toBe(3);
      });

      it('lets exactly one of several concurrent appends of an id win', async () => {
        const results = await Promise.all(
          Array.from({ length: 8 }, () => transport.append('events', records(20), dropDuplicates)),
        );
        expect(results.reduce((sum, { appended }) => sum + appended, 0)).toBe(20);
        expect(results.reduce((sum, { duplicates }) => sum + duplicates.length, 0)).toBe(140);
        expect(await transport.endOffset('events', 0)).toBe(20);
      });

      it('knows ids of before it was reopened', async () => {
        await transport.append('events', records(3000), dropDuplicates);
        await reopen();
        const again = await transport.append('events', records(3001), dropDuplicates);
        expect(again).toMatchObject({ appended: 1, duplicates: { length: 3000 } });
      });

      it('keeps the ids of topics apart, and ignores ids where it is not asked to look', async () => {
        await transport.append('events', records(2), dropDuplicates);
        expect(await transport.append('rejected', records(2), dropDuplicates)).toMatchObject({ appended: 2 });
        expect(await transport.append('events', records(2))).toMatchObject({ appended: 2, duplicates: [] });
      });

      const window = abilities.duplicateWindowMs;
      if (typeof window === 'number') {
        it('takes an id again once the window has passed, not before', async () => {
          let time = START;
          await reopen({ now: () => time });
          const append = () => transport.append('events', records(1), dropDuplicates);
          expect(await append()).toMatchObject({ appended: 1 });
          time += window - 1;
          expect(await append()).toMatchObject({ appended: 0 });
          time += window / 4 + DAY_MS;
          expect(await append()).toMatchObject({ appended: 1 });
          expect(await append()).toMatchObject({ appended: 0 });
        });
      } else it.skip(`takes an id again once the window has passed (${window.unsupported})`);
    });

    describe('groups', () => {
      it('gives every group every record', async () => {
        const groups = [collector(), collector(), collector()];
        await transport.append('events', records(10));
        for (const [index, { handler }] of groups.entries())
          await transport.subscribe(['events'], `group-${index.toString()}`, handler);
        await vi.waitFor(() => {
          for (const { values } of groups) expect(values()).toEqual(valuesOf(records(10)));
        });
      });

      it('gives a failed batch again, the same one, before any later record', async () => {
        const seen: number[][] = [];
        let failures = 2;
        const { handler, values } = collector();
        await transport.append('events', records(5));
        await transport.subscribe(['events'], 'group', {
          handle: async (batch) => {
            seen.push(batch.records.map(({ offset }) => offset));
            if (failures-- > 0) throw new Error('not now');
            await handler.handle(batch);
          },
        });
        await transport.append('events', records(5, 5));
        await vi.waitFor(() => {
          expect(values()).toEqual(valuesOf(records(10)));
        }, 5000);
        expect(seen[1]).toEqual(seen[0]);
        expect(seen[2]).toEqual(seen[0]);
      });

      it('does not hold up another group while one fails', async () => {
        const { handler, values } = collector();
        await transport.append('events', records(3));
        await transport.subscribe(['events'], 'broken', { handle: () => Promise.reject(new Error('never')) });
        await transport.subscribe(['events'], 'sound', handler);
        await vi.waitFor(() => {
          expect(values()).toEqual(valuesOf(records(3)));
        });
      });

      it('does not hold up other partitions while batches of some take long', async () => {
        await reopen({ partitions: 8 });
        const { mayGoOn, goOn } = aGate();
        const { handler, all, batches } = collector();
        const toEach = (from: number) =>
          Array.from({ length: 8 }, (_, partition) => aRecord(from + partition, { partition }));
        await transport.append('events', toEach(0));
        await transport.subscribe(['events'], 'group', {
          handle: async (batch) => {
            if (batch.partition < 6) await mayGoOn;
            await handler.handle(batch);
          },
        });
        await transport.append('events', toEach(8));
        await vi.waitFor(() => {
          expect(all()).toHaveLength(4);
        }, 5_000);
        goOn();
        await transport.append('events', toEach(16));
        await vi.waitFor(() => {
          expect(all()).toHaveLength(24);
        }, 5_000);
        for (let partition = 0; partition < 8; partition += 1) {
          const own = batches.filter((batch) => batch.partition === partition);
          expect(own.flatMap((batch) => batch.records.map(({ offset }) => offset))).toEqual([0, 1, 2]);
        }
      });

      it('goes on after the last handled record when it is opened again', async () => {
        const first = collector();
        await transport.append('events', records(3));
        await transport.subscribe(['events'], 'group', first.handler);
        await vi.waitFor(() => {
          expect(first.all()).toHaveLength(3);
        });
        await reopen();
        await transport.append('events', records(2, 3));
        const second = collector();
        await transport.subscribe(['events'], 'group', second.handler);
        await vi.waitFor(() => {
          expect(second.values()).toEqual(['value-3', 'value-4']);
        });
        expect(first.all()).toHaveLength(3);
      });

      it.each([0, 3, 1200, 2500])(
        'starts at offset %i when the handler asks for it, whatever the group has read',
        async (start) => {
          await transport.append('events', records(1500));
          await transport.append('events', records(1000, 1500));
          const before = collector();
          const subscription = await transport.subscribe(['events'], 'group', before.handler);
          await vi.waitFor(() => {
            expect(before.all()).toHaveLength(2500);
          });
          await subscription.close();
          const after = collector({ assigned: () => Promise.resolve({ events: start }) });
          await transport.subscribe(['events'], 'group', after.handler);
          await transport.append('events', records(1, 2500));
          await vi.waitFor(() => {
            expect(after.values().at(-1)).toBe('value-2500');
          });
          expect(after.values()).toEqual(valuesOf(records(2501 - start, start)));
        },
      );
    });

    describe('subscription', () => {
      it('counts what is not yet handled as lag', async () => {
        const { handler, all } = collector();
        const { mayGoOn, goOn } = aGate();
        await transport.append('events', records(4));
        const subscription = await transport.subscribe(['events'], 'group', {
          handle: async (batch) => {
            await mayGoOn;
            await handler.handle(batch);
          },
        });
        await transport.append('events', records(2, 4));
        expect(await subscription.lag()).toBe(6);
        goOn();
        await vi.waitFor(async () => {
          expect(await subscription.lag()).toBe(0);
        });
        expect(all()).toHaveLength(6);
      });

      it('gives the event loop a turn between batches, however quick the handler is', async () => {
        let turns = 0;
        const turnsAt: number[] = [];
        let isOver = false;
        const turn = () => {
          turns += 1;
          if (!isOver) setImmediate(turn);
        };
        setImmediate(turn);
        await transport.append('events', records(3_000, 0, { key: 'one' }));
        const { handler, all } = collector();
        await transport.subscribe(['events'], 'group', {
          handle: (batch) => {
            // As long as judging takes.
            const until = performance.now() + 5;
            while (performance.now() < until);
            turnsAt.push(turns);
            return handler.handle(batch);
          },
        });
        await vi.waitFor(() => {
          expect(all()).toHaveLength(3_000);
        });
        isOver = true;
        expect(new Set(turnsAt).size).toBe(turnsAt.length);
      });

      it('delivers nothing while it is paused', async () => {
        const { handler, values } = collector();
        const subscription = await transport.subscribe(['events'], 'group', handler);
        await transport.append('events', records(1));
        await vi.waitFor(() => {
          expect(values()).toEqual(['value-0']);
        });
        subscription.pause();
        await transport.append('events', records(2, 1));
        // Another group that got the records shows that this one had the chance.
        const other = collector();
        await transport.subscribe(['events'], 'other', other.handler);
        await vi.waitFor(() => {
          expect(other.all()).toHaveLength(3);
        });
        expect(values()).toEqual(['value-0']);
        expect(await subscription.lag()).toBe(2);
        subscription.resume();
        await vi.waitFor(() => {
          expect(values()).toEqual(['value-0', 'value-1', 'value-2']);
        });
      });

      it('waits for the batch in hand when it closes, and delivers nothing after', async () => {
        const { mayGoOn, goOn } = aGate();
        const steps: string[] = [];
        const subscription = await transport.subscribe(['events'], 'group', {
          handle: async () => {
            steps.push('begun');
            await mayGoOn;
            steps.push('handled');
          },
        });
        await transport.append('events', records(1));
        await vi.waitFor(() => {
          expect(steps).toEqual(['begun']);
        });
        const closed = subscription.close().then(() => steps.push('closed'));
        await transport.append('events', records(1, 1));
        goOn();
        await closed;
        expect(steps).toEqual(['begun', 'handled', 'closed']);
        const { handler, values } = collector();
        await transport.subscribe(['events'], 'group', handler);
        await vi.waitFor(() => {
          expect(values()).toEqual(['value-1']);
        });
      });

      it('closes at once while a failed batch waits for its next try', async () => {
        let tries = 0;
        await transport.append('events', records(1));
        const subscription = await transport.subscribe(['events'], 'group', {
          handle: () => {
            tries++;
            return Promise.reject(new Error('not now'));
          },
        });
        await vi.waitFor(() => {
          expect(tries).toBeGreaterThan(0);
        });
        await subscription.close();
        const { handler, values } = collector();
        await transport.subscribe(['events'], 'group', handler);
        await vi.waitFor(() => {
          expect(values()).toEqual(['value-0']);
        });
      });
    });

    describe('reading again', () => {
      const readAll = async (from: number, to: number) => {
        const pieces = [];
        for await (const piece of transport.read('events', 0, from, to)) pieces.push(piece);
        return pieces;
      };

      it.each([
        [0, 2400],
        [1, 2],
        [999, 1001],
        [1500, 1500],
      ])('gives offsets %i up to %i in pieces of at most 1,000', async (from, to) => {
        for (const start of [0, 800, 1600]) await transport.append('events', records(800, start));
        const pieces = await readAll(from, to);
        expect(pieces.flat().map(({ value }) => value)).toEqual(valuesOf(records(to - from, from)));
        for (const piece of pieces) expect(piece.length).toBeLessThanOrEqual(1000);
      });

      it('refuses records that are not there', async () => {
        await transport.append('events', records(3));
        await expect(readAll(0, 4)).rejects.toMatchObject({ code: 'E_NOT_FOUND' });
      });
    });

    it.each([
      { what: 'empty texts', texts: { key: '', value: '' } },
      { what: 'newlines', texts: { key: 'a\nb', value: '\n\nc\n' } },
      { what: 'texts beyond ASCII', texts: { key: 'команда', value: '{"team":"データ 🔑 é"}' } },
      { what: 'a value of a megabyte', texts: { key: 'large', value: 'é'.repeat(500_000) } },
    ])('keeps $what as they are', async ({ texts }) => {
      const { handler, all } = collector();
      await transport.append('events', [aRecord(0), aRecord(1, texts), aRecord(2)]);
      await transport.subscribe(['events'], 'group', handler);
      await vi.waitFor(() => {
        expect(all()).toHaveLength(3);
      });
      expect(all()[1]).toMatchObject(texts);
      expect(all()[2]?.value).toBe('value-2');
    });
  });
}
