import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BodyMemory, GrowingBody } from '../../../services/ingest/body-memory.ts';

describe('a body in memory that is used again', () => {
  it('is what arrived, whatever was there before and however it was cut', () => {
    const memory = new BodyMemory();
    const chunks = fc.array(fc.uint8Array({ maxLength: 2_000 }), { maxLength: 8 });
    fc.assert(
      fc.property(chunks, fc.nat(400_000), (parts, padding) => {
        const body = new GrowingBody(memory);
        const sent = [Buffer.alloc(padding, 'x'), ...parts.map((part) => Buffer.from(part))];
        for (const part of sent) body.append(part);
        expect(body.bytes().equals(Buffer.concat(sent))).toBe(true);
        expect(body.size).toBe(Buffer.concat(sent).length);
        body.release();
        expect(body.bytes()).toHaveLength(0);
      }),
    );
  });

  it('is never shared between two that are open', () => {
    const memory = new BodyMemory();
    const first = new GrowingBody(memory);
    first.append(Buffer.from('first'));
    const second = new GrowingBody(memory);
    second.append(Buffer.from('second'));
    expect(first.bytes().toString()).toBe('first');
    first.release();
    first.release();
    const third = new GrowingBody(memory);
    third.append(Buffer.from('third'));
    const fourth = new GrowingBody(memory);
    fourth.append(Buffer.from('fourth'));
    expect([second, third, fourth].map((body) => body.bytes().toString())).toEqual([
      'second',
      'third',
      'fourth',
    ]);
  });

  it('keeps no more than 16 MiB for later', () => {
    const memory = new BodyMemory();
    const large = memory.take(20 * 2 ** 20);
    memory.giveBack(large);
    expect(memory.take(20 * 2 ** 20) === large).toBe(false);
    const small = memory.take(1_000);
    memory.giveBack(small);
    expect(memory.take(1_000) === small).toBe(true);
  });
});
