import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JsonBytes, skipContainer, skipSpace, skipString, skipValue } from '../../services/json-scan.ts';

const bytesOf = (text: string) => new JsonBytes(Buffer.from(text));
const skipAll = (text: string, skip: typeof skipValue) => {
  const json = bytesOf(text);
  return skip(json, 0, json.length);
};

describe('skipString', () => {
  it.each([
    ['""', 2],
    ['"a"', 3],
    ['"abc" tail', 5],
    [String.raw`"a\"b"`, 6],
    [String.raw`"\\"`, 4],
    [String.raw`"\\\""`, 6],
    ['"', -1],
    ['"abc', -1],
    [String.raw`"abc\"`, -1],
    [String.raw`"abc\\\"`, -1],
    [String.raw`"\u0022"`, 8],
  ])('%s ends at %i', (text, end) => {
    expect(skipAll(text, skipString)).toBe(end);
  });

  it('finds the end wherever the quote and the backslashes before it lie, in short and long strings', () => {
    for (let before = 0; before < 220; before += 1) {
      for (let backslashes = 0; backslashes < 5; backslashes += 1) {
        const text = `"${'x'.repeat(before)}${'\\'.repeat(backslashes)}"${'y'.repeat(7)}"`;
        const end = 2 + before + backslashes;
        expect(skipAll(text, skipString)).toBe(backslashes % 2 === 0 ? end : end + 8);
      }
    }
  });

  it('does not look beyond the end it is given', () => {
    const text = `"${'x'.repeat(300)}"`;
    expect(skipString(bytesOf(text), 0, text.length - 1)).toBe(-1);
    expect(skipString(bytesOf('"ab"'), 0, 3)).toBe(-1);
  });

  it('says whether a string may hold an escape', () => {
    const json = bytesOf(String.raw`"plain" "esc\naped" ""`);
    skipString(json, 0, json.length);
    expect(json.escapes).toBe(0);
    skipString(json, 8, json.length);
    expect(json.escapes).toBe(1);
  });

  it('says of a long string that it may hold one', () => {
    const json = bytesOf(`"${'x'.repeat(500)}"`);
    expect(skipString(json, 0, json.length)).toBe(502);
    expect(json.escapes).toBe(1);
  });
});

describe('skipContainer', () => {
  it('is not led astray by brackets in strings', () => {
    const text = String.raw`{"a":"}]\"}","b":[{"c":"[{"}]}`;
    expect(skipAll(`${text} rest`, skipContainer)).toBe(text.length);
  });

  it('passes over 10,000 levels, and says of as many open ones that they do not end', () => {
    const depth = 10_000;
    expect(skipAll('['.repeat(depth) + ']'.repeat(depth), skipContainer)).toBe(2 * depth);
    expect(skipAll('{"a":'.repeat(depth), skipContainer)).toBe(-1);
  });
});

describe('skipValue', () => {
  it('ends where JSON.parse would end', () => {
    const property = fc.property(
      fc.json({ maxDepth: 4 }),
      fc.constantFrom('', ',', '}', ']', ' ', '\n'),
      (text, tail) => {
        const json = bytesOf(text + tail);
        expect(skipValue(json, 0, json.length)).toBe(Buffer.byteLength(text));
      },
    );
    fc.assert(property, { seed: 11, numRuns: 5_000 });
  });

  it('finds no value where there is none', () => {
    for (const text of ['', ',', '}', ' 1']) expect(skipAll(text, skipValue)).toBe(-1);
  });

  it('takes time in proportion to the bytes, whatever they are', () => {
    const sizeBytes = 8_000_000;
    const nasty = ['\\"', '\\\\', '"a":', '[', '{"', ' ', `${'x'.repeat(200)}\\"`].map((piece) =>
      piece.repeat(Math.ceil(sizeBytes / piece.length)),
    );
    const startedAt = performance.now();
    for (const text of nasty) {
      skipAll(`"${text}`, skipValue);
      skipAll(`[${text}`, skipValue);
    }
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });
});

describe('skipSpace', () => {
  it('passes over the four blanks of JSON and nothing else', () => {
    expect(skipAll(' \t\r\n1', skipSpace)).toBe(4);
    for (const other of ['\u000b1', '\u00a01', '\u00001']) expect(skipAll(other, skipSpace)).toBe(0);
  });
});
