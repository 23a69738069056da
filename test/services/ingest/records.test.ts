import { describe, expect, it } from 'vitest';
import { readAll } from '../../support/ingest-parts.ts';
import { aLitellmRecord } from '../../support/litellm-records.ts';
import { pythonJson } from '../../support/python-json.ts';

const record = (callId: string) => pythonJson(aLitellmRecord({ callId }));
const [a, b, c] = [record('a'), record('b'), record('c')];
const pretty = (callId: string) => JSON.stringify(aLitellmRecord({ callId }), undefined, 2);

/** Call ids of what was read, and codes of what was not. */
function outline(body: Buffer | string): string[] {
  return readAll(body).map(({ result }) => ('code' in result ? result.code : result.eventId));
}

describe('the records of a body', () => {
  it.each([
    ['one object', a, ['a']],
    ['an array', `[${a}, ${b}]`, ['a', 'b']],
    ['an array over several lines', `[\n  ${a},\n  ${b}\n]\n`, ['a', 'b']],
    ['an empty array', '[]', []],
    ['one a line', `${a}\n${b}\n${c}`, ['a', 'b', 'c']],
    ['one a line, with a line break at the end', `${a}\n${b}\n`, ['a', 'b']],
    ['one a line, as Windows ends lines', `${a}\r\n${b}\r\n`, ['a', 'b']],
    ['one a line, with empty lines', `\n\n${a}\n\n \n${b}\n\n`, ['a', 'b']],
    ['one a line, with commas after', `${a},\n${b},\n`, ['a', 'b']],
    ['several in a line', `${a}${b} ${c}`, ['a', 'b', 'c']],
    ['an object over several lines', pretty('a'), ['a']],
    ['objects over several lines', `${pretty('a')}\n${pretty('b')}\n`, ['a', 'b']],
    ['an object over several lines after one in a line', `${a}\n${pretty('b')}\n${c}`, ['a', 'b', 'c']],
    ['a byte order mark', `\ufeff${a}`, ['a']],
    ['a byte order mark before an array', `\ufeff[${a}]`, ['a']],
    ['nothing', '', []],
    ['blanks', ' \n\t\r\n ', []],
    ['a mark alone', '\ufeff', []],
  ])('are found in %s', (_story, body, expected) => {
    expect(outline(body)).toEqual(expected);
  });

  it.each([
    ['null in an array', `[${a}, null, ${b}]`, ['a', 'null_record', 'b']],
    ['null in a line', `${a}\nnull\n${b}`, ['a', 'null_record', 'b']],
    [
      'other values in an array',
      `[1, ${a}, "x,]", [${b}], true, ${c}]`,
      ['not_an_object', 'a', 'not_an_object', 'not_an_object', 'not_an_object', 'c'],
    ],
    [
      'a line of something else',
      `# comment\n${a}\nplain text\n${b}`,
      ['not_an_object', 'a', 'not_an_object', 'b'],
    ],
    ['an array cut in a record', `[${a}, ${b}, ${c.slice(0, 700)}`, ['a', 'b', 'truncated']],
    ['an array cut in a string', `[${a}, ${c.slice(0, c.indexOf('one sentence'))}`, ['a', 'truncated']],
    ['an array cut after a comma', `[${a},`, ['a', 'truncated']],
    ['an array cut after a record', `[${a}`, ['a', 'truncated']],
    ['an array that ends in garbage', `[${a}] tail`, ['a', 'malformed_json']],
    ['an array without a comma', `[${a} ${b}]`, ['a', 'b']],
    ['an array with garbage between', `[${a} garbage, ${b}]`, ['a', 'malformed_json']],
    ['an array with too many commas', `[${a},, ${b}]`, ['a', 'malformed_json', 'b']],
    ['a broken record in an array', `[${a}, {"id": }, ${b}]`, ['a', 'malformed_json', 'b']],
    ['a record of another kind in an array', `[${a}, {}, ${b}]`, ['a', 'no_id', 'b']],
    ['a torn line', `${a}\n${b.slice(0, 900)}\n${c}`, ['a', 'malformed_json', 'c']],
    [
      'a line torn in a string',
      `${a}\n${b.slice(0, b.indexOf('one sentence'))}\n${c}\n${a}`,
      ['a', 'malformed_json', 'c', 'a'],
    ],
    ['a last line cut off', `${a}\n${b.slice(0, 900)}`, ['a', 'truncated']],
    ['a broken line', `${a}\n{"id" nothing }\n${b}`, ['a', 'malformed_json', 'b']],
    ['garbage after a record', `${a} tail\n${b}`, ['a', 'not_an_object', 'b']],
    ['an open brace', '{', ['truncated']],
    ['a bracket', '[', []],
    ['bytes that are no text', Buffer.from([0xff, 0xfe, 0x00, 0x7b]), ['not_an_object']],
  ])('are kept beside %s', (_story, body, expected) => {
    expect(outline(body)).toEqual(expected);
  });

  it('are given with the bytes they were in', () => {
    const body = Buffer.from(`[${a}, null,${b}]`);
    const texts = readAll(body).map(({ start, end }) => body.toString('utf8', start, end));
    expect(texts).toEqual([a, 'null', b]);
  });

  it('are found at any cut of a body: those before it are kept', () => {
    const bodies = [`[${a}, ${b}]`, `${a}\n${b}\n`];
    for (const body of bodies) {
      const secondEnds = body.indexOf(b) + b.length;
      for (let cut = a.length + 1; cut < secondEnds; cut += 7) {
        const found = outline(body.slice(0, cut));
        expect(found[0]).toBe('a');
        expect(found).not.toContain('b');
      }
    }
  });

  it('are read in time proportional to the body, whatever it holds', () => {
    const sizeBytes = 128_000;
    const pieces = [
      '{\n',
      '{"a":"\n',
      '[',
      '{"a":[\n',
      '"',
      '{}',
      '{}\n',
      'x\n',
      '\n',
      ',',
      '{"a":1\n',
      '{"a" 1}',
      '}',
      `{"a":"${'x'.repeat(300)}\n`,
      '[1,',
    ];
    const bodies = pieces.flatMap((piece) => {
      const long = piece.repeat(sizeBytes / piece.length);
      return [long, `[${long}`];
    });
    const startedAt = performance.now();
    for (const body of bodies) readAll(body);
    expect(performance.now() - startedAt).toBeLessThan(10_000);
  });

  it('are read in time proportional to the body when a million of them share one line', () => {
    const startedAt = performance.now();
    expect(readAll('{}'.repeat(1_000_000))).toHaveLength(1_000_000);
    expect(performance.now() - startedAt).toBeLessThan(6_000);
  });
});
