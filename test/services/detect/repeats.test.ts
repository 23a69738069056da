import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { REPEAT_WINDOW, Repeats } from '../../../services/detect/repeats.ts';

describe('repeats', () => {
  it('are records whose id came before, and only those', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 100 }), (ids) => {
        const repeats = new Repeats();
        const found = ids.map((id, offset) => repeats.isRepeat({ offset, id: `id-${id.toString()}` }));
        expect(found).toEqual(ids.map((id, offset) => ids.indexOf(id) < offset));
      }),
    );
  });

  it('are the same ones when records are read again from anywhere, with the window before it', () => {
    const idAt = (offset: number) => `id-${(offset % 7 === 0 ? offset - 3 : offset).toString()}`;
    const whole = new Repeats();
    const from = REPEAT_WINDOW + 500;
    const said: boolean[] = [];
    for (let offset = 0; offset < from + 200; offset += 1)
      said.push(whole.isRepeat({ offset, id: idAt(offset) }));
    const again = new Repeats();
    for (let offset = from - REPEAT_WINDOW; offset < from; offset += 1)
      again.isRepeat({ offset, id: idAt(offset) });
    for (let offset = from; offset < from + 200; offset += 1)
      expect(again.isRepeat({ offset, id: idAt(offset) })).toBe(said[offset]);
  });

  it('are found however many records there are between them', () => {
    const repeats = new Repeats();
    for (let offset = 0; offset < REPEAT_WINDOW; offset += 1) {
      expect(repeats.isRepeat({ offset, id: `id-${offset.toString()}` })).toBe(false);
    }
    for (let offset = REPEAT_WINDOW; offset < 2 * REPEAT_WINDOW; offset += 1) {
      expect(repeats.isRepeat({ offset, id: `id-${(offset - REPEAT_WINDOW).toString()}` })).toBe(true);
    }
    for (let offset = 5 * REPEAT_WINDOW; offset < 5 * REPEAT_WINDOW + 100; offset += 1) {
      const id = `id-${(offset - 5 * REPEAT_WINDOW).toString()}`;
      expect(repeats.isRepeat({ offset, id })).toBe(false);
    }
  });

  it('are not records that are delivered a second time', () => {
    const repeats = new Repeats();
    const batch = [
      { offset: 5, id: 'a' },
      { offset: 6, id: 'b' },
      { offset: 7, id: 'a' },
    ];
    for (const _ of [1, 2])
      expect(batch.map((record) => repeats.isRepeat(record))).toEqual([false, false, true]);
  });

  it('are not looked for further back than the window, nor where records have no id', () => {
    const repeats = new Repeats();
    expect(repeats.isRepeat({ offset: 0, id: 'a' })).toBe(false);
    expect(repeats.isRepeat({ offset: REPEAT_WINDOW + 1, id: 'a' })).toBe(false);
    expect(repeats.isRepeat({ offset: 0 })).toBe(false);
    expect(repeats.isRepeat({ offset: 1 })).toBe(false);
  });
});
