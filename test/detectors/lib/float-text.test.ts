import fc from 'fast-check';
import { expect, it } from 'vitest';
import { floatsToText, textToFloats } from '../../../detectors/lib/float-text.ts';

it('gives exactly the same numbers back', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.constant(0), fc.float({ noNaN: true })), { maxLength: 60 }),
      (numbers) => {
        const floats = Float32Array.from(numbers);
        const back = new Float32Array(floats.length).fill(7);
        textToFloats(floatsToText(floats), back);
        expect([...back]).toEqual([...floats]);
      },
    ),
  );
});

it('writes a thousand zeros in a few characters', () => {
  expect(floatsToText(new Float32Array(1_000)).length).toBeLessThan(8);
});
