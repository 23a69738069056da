import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  batchLength,
  decodeBatch,
  encodeBatch,
  readHeader,
} from '../../../services/transports/embedded-batch.ts';
import type { OutRecord } from '../../../services/transports/transport.ts';

const where = { topic: 'events', partition: 0, offset: 0 };
/** Any UTF-16 at all, halves of surrogate pairs included. */
const anyText = fc.string({
  unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
});
const text = fc.oneof(anyText, fc.string(), fc.string({ unit: 'binary' }));
const someRecords = fc.array(fc.record({ key: text, id: fc.constant(''), value: text }), {
  minLength: 1,
  maxLength: 30,
});

/** What text becomes in UTF-8 and back: a half of a surrogate pair that stands alone is U+FFFD. */
const wellFormed = (given: string) => Buffer.from(given).toString();

describe('a stored batch', () => {
  it('gives back every text, with lone surrogates replaced one by one', () => {
    fc.assert(
      fc.property(someRecords, fc.nat(), (records, baseOffset) => {
        const decoded = decodeBatch(encodeBatch(records, 1234.5), baseOffset, where);
        expect(decoded).toEqual(
          records.map(({ key, value }, index) => ({
            offset: baseOffset + index,
            key: wellFormed(key),
            value: wellFormed(value),
            appendedAt: 1234.5,
          })),
        );
      }),
    );
  });

  it('does not join halves of a surrogate pair that belong to neighbours', () => {
    const records = [
      { key: '\ud83d', id: '', value: '\ud83d' },
      { key: '\udd11', id: '', value: '\udd11' },
    ];
    const decoded = decodeBatch(encodeBatch(records, 0), 0, where);
    expect(decoded.flatMap(({ key, value }) => [key, value])).toEqual([
      '\ufffd',
      '\ufffd',
      '\ufffd',
      '\ufffd',
    ]);
  });

  it('keeps a value of a megabyte between empty ones', () => {
    const value = 'é{"x":1}'.repeat(131_072);
    const records = ['', value, ''].map((each) => ({ key: '', id: '', value: each }));
    expect(decodeBatch(encodeBatch(records, 0), 5, where).map((record) => record.value)).toEqual([
      '',
      value,
      '',
    ]);
  });

  it('tells number and time without being decoded', () => {
    const entry = encodeBatch(Array<OutRecord>(7).fill({ key: 'k', id: '', value: 'v' }), 99);
    expect(readHeader(entry)).toEqual({ count: 7, appendedAt: 99 });
  });

  it('is refused after any change of one byte, and when it is cut', () => {
    const entry = encodeBatch([{ key: 'key', id: '', value: 'value é' }], 1);
    for (let at = 0; at < entry.length; at++) {
      const changed = Buffer.from(entry);
      changed[at] = (changed[at] ?? 0) ^ 0x10;
      expect(() => decodeBatch(changed, 0, where), `byte ${at.toString()}`).toThrow(/log of events/);
      expect(() => decodeBatch(entry.subarray(0, at), 0, where)).toThrow(/log of events/);
    }
  });

  it.each([
    { story: 'a thousand short ones', valueLength: 10, count: 1500, fits: 1000 },
    { story: 'as many as fit into 1,048,576 letters', valueLength: 2 ** 18, count: 10, fits: 4 },
    { story: 'one, however long', valueLength: 2 ** 21, count: 3, fits: 1 },
    { story: 'the rest', valueLength: 1, count: 3, fits: 3 },
  ])('holds $story', ({ valueLength, count, fits }) => {
    const records = Array<OutRecord>(count).fill({ key: '', id: '', value: 'x'.repeat(valueLength) });
    expect(batchLength(records, 0)).toBe(fits);
    expect(batchLength(records, count - 1)).toBe(1);
  });
});
