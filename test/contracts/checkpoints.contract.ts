import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CheckpointStore, OpenCheckpoint } from '../../services/checkpoints/checkpoint-store.ts';

/** A place where checkpoints are kept. `open` may be called again after the store before was closed. */
export interface CheckpointLab {
  open(): Promise<CheckpointStore>;
  dispose(): Promise<void>;
}

export function describeCheckpoints(name: string, createLab: () => Promise<CheckpointLab>): void {
  describe(`checkpoint contract: ${name}`, () => {
    let lab: CheckpointLab;
    let store: CheckpointStore;
    beforeEach(async () => {
      held = undefined;
      lab = await createLab();
      store = await lab.open();
    });
    afterEach(async () => {
      await store.close();
      await lab.dispose();
    });
    let held: OpenCheckpoint | undefined;
    const save = async (
      entries: Record<string, string | undefined>,
      offsets: Record<string, number> = {},
    ) => {
      held ??= (await store.open('events/0')).checkpoint;
      await held.save({ offsets, changed: new Map(Object.entries(entries)) });
    };
    const load = async (checkpoint = 'events/0') => {
      held = undefined;
      const { found } = await store.open(checkpoint);
      return found && { offsets: found.offsets, entries: Object.fromEntries(found.entries) };
    };

    it('knows nothing of a checkpoint that was never saved', async () => {
      expect(await load()).toBeUndefined();
    });

    it('gives back what was saved', async () => {
      await save({ a: 'one', b: '' }, { 'events/0': 7 });
      expect(await load()).toEqual({ offsets: { 'events/0': 7 }, entries: { a: 'one', b: '' } });
    });

    it('merges: named entries are replaced or removed, others stay; offsets too', async () => {
      await save({ a: 'one', b: 'two', c: 'three' }, { 'events/0': 7, 'rollups/0': 1 });
      await save({ a: undefined, b: 'TWO', never: undefined }, { 'events/0': 9 });
      expect(await load()).toEqual({
        offsets: { 'events/0': 9, 'rollups/0': 1 },
        entries: { b: 'TWO', c: 'three' },
      });
    });

    it('takes an entry that is larger than a record of a broker, and smaller ones in its place', async () => {
      // Characters of two places lie across whatever parts it is cut into.
      const large = `x${'🔑 a key '.repeat(300_000)}`;
      const larger = `y${large}${large}`;
      for (const text of [large, larger, large, 'small', undefined, large]) {
        await save({ a: text, b: 'beside it' });
        const entries = text === undefined ? { b: 'beside it' } : { a: text, b: 'beside it' };
        expect((await load())?.entries).toEqual(entries);
      }
    });

    it('merges saves that run at the same time in the order in which they were called', async () => {
      await save({});
      await Promise.all([
        save({ a: '1', b: '1' }, { x: 1 }),
        save({ a: '2' }, { x: 2 }),
        save({ b: undefined }, { x: 3 }),
      ]);
      expect(await load()).toEqual({ offsets: { x: 3 }, entries: { a: '2' } });
    });

    it('keeps a checkpoint of offsets alone', async () => {
      await save({}, { 'events/0': 3 });
      expect(await load()).toEqual({ offsets: { 'events/0': 3 }, entries: {} });
    });

    it('keeps checkpoints apart, also when one name begins like another', async () => {
      for (const checkpoint of ['events/1', 'events/10', 'events/1/x']) {
        const { checkpoint: one } = await store.open(checkpoint);
        await one.save({ offsets: {}, changed: new Map([['name', checkpoint]]) });
      }
      for (const checkpoint of ['events/1', 'events/10', 'events/1/x']) {
        expect((await load(checkpoint))?.entries).toEqual({ name: checkpoint });
      }
    });

    it.each([
      { what: 'empty', name: '' },
      { what: 'of unusual letters', name: 'команда/データ 🔑\n"' },
      { what: 'with a NUL', name: 'a\0b' },
      { what: 'of 5,000 letters', name: 'x'.repeat(5000) },
    ])('takes a name that is $what', async ({ name: entry }) => {
      await save({ [entry]: 'text é 🔑', other: 'stays' });
      expect((await load())?.entries).toEqual({ [entry]: 'text é 🔑', other: 'stays' });
      await save({ [entry]: undefined });
      expect((await load())?.entries).toEqual({ other: 'stays' });
    });

    it('takes ten thousand entries at once', async () => {
      const many = Object.fromEntries(
        Array.from({ length: 10_000 }, (_, index) => [`key-${index.toString()}`, `text ${index.toString()}`]),
      );
      await save(many);
      expect((await load())?.entries).toEqual(many);
    });

    it('is there when opened again, and lets itself be read more than once', async () => {
      await save({ a: 'one' }, { 'events/0': 7 });
      await store.close();
      store = await lab.open();
      const { found } = await store.open('events/0');
      expect([...(found?.entries ?? [])]).toEqual([['a', 'one']]);
      expect([...(found?.entries ?? [])]).toEqual([['a', 'one']]);
    });

    it('belongs to whoever opened it last: an earlier holder saves nothing more', async () => {
      const earlier = (await store.open('events/0')).checkpoint;
      await earlier.save({ offsets: {}, changed: new Map([['a', 'one']]) });
      const later = (await store.open('events/0')).checkpoint;
      await expect(earlier.save({ offsets: {}, changed: new Map([['a', 'old']]) })).rejects.toMatchObject({
        code: 'E_CHECKPOINT_LOST',
      });
      await later.save({ offsets: {}, changed: new Map([['b', 'two']]) });
      await earlier.release();
      await later.save({ offsets: {}, changed: new Map([['c', 'three']]) });
      expect((await load())?.entries).toEqual({ a: 'one', b: 'two', c: 'three' });
    });
  });
}
