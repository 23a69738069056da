import { gzipSync } from 'node:zlib';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { skipContainer } from '../../../services/json-scan.ts';
import type { GatewayFormat } from '../../../services/gateways/gateway.ts';
import { readEvents } from '../../../services/replay/read-events.ts';
import { readBytes, readRecords, unpack } from '../../../services/replay/read-records.ts';
import { anEvent } from '../../support/events.ts';

/** Records are `{"id": …}`; whatever else they hold is passed over. */
const format: GatewayFormat = {
  name: 'test',
  read(json, start, limit) {
    const after = skipContainer(json, start, limit);
    if (after < 0) return { after, result: { code: 'malformed_json', reason: '' } };
    const { id } = JSON.parse(json.bytes.toString('utf8', start, after)) as { id: string };
    return { after, result: anEvent({ eventId: id }) };
  },
};

async function* inChunks(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  let at = 0;
  for (let turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    yield bytes.subarray(at, at + size);
    at += size;
    await Promise.resolve();
  }
}

/** Ids of the records that could be read, codes of the others. */
async function read(chunks: AsyncIterable<Buffer>): Promise<string[]> {
  const results: string[] = [];
  for await (const piece of readRecords(chunks)) {
    for (const result of readEvents(piece, format, 'test')) {
      results.push('code' in result ? `!${result.code}` : result.eventId);
    }
  }
  return results;
}

const readText = (text: string, sizes: readonly number[] = [1_000_000]) =>
  read(inChunks(Buffer.from(text), sizes));

const records = fc.array(
  fc.record({ id: fc.uuid(), text: fc.string({ unit: 'binary' }), deep: fc.constant([{ a: ['}', '"'] }]) }),
  { minLength: 1, maxLength: 12 },
);
type Written = { id: string }[];
const compact = (all: Written) => all.map((one) => JSON.stringify(one));
const LAYOUTS: readonly { name: string; write: (all: Written) => string }[] = [
  { name: 'one a line', write: (all) => `${compact(all).join('\n')}\n` },
  { name: 'one a line, the last line open', write: (all) => compact(all).join('\n') },
  {
    name: 'lines of Windows, with a byte order mark',
    write: (all) => `\ufeff${compact(all).join('\r\n')}\r\n`,
  },
  { name: 'an array in one line', write: (all) => JSON.stringify(all) },
  { name: 'an array over many lines', write: (all) => `\n${JSON.stringify(all, null, 2)}\n` },
  { name: 'an array on each line', write: (all) => all.map((one) => `${JSON.stringify([one])}\n`).join('') },
  {
    name: 'objects over many lines',
    write: (all) => all.map((one) => JSON.stringify(one, null, 2)).join('\n'),
  },
];

describe('readRecords', () => {
  it.each(LAYOUTS)('reads every record written as $name, wherever the chunks are cut', async ({ write }) => {
    await fc.assert(
      fc.asyncProperty(
        records,
        fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1 }),
        async (all, sizes) => {
          expect(await readText(write(all), sizes)).toEqual(all.map(({ id }) => id));
        },
      ),
      { numRuns: 40 },
    );
  });

  it.each([
    { story: 'a line that was cut off', text: '{"id":"a"}\n{"id":"b","x":"to\n{"id":"c"}\n' },
    { story: 'a last line that was cut off', text: '{"id":"a"}\n{"id":"c"}\n{"id":"b' },
    { story: 'a first line that was cut off', text: '{"x":"to\n{"id":"a"}\n{"id":"c"}\n' },
  ])('loses nothing beside $story', async ({ text }) => {
    const found = await readText(text, [7]);
    expect(found.filter((one) => !one.startsWith('!'))).toEqual(['a', 'c']);
    expect(found.filter((one) => one.startsWith('!'))).toEqual(['!malformed_json']);
  });

  it.each([
    {
      text: '{"id":"a"}\nnull\nhello\n7\n',
      found: ['a', '!null_record', '!not_an_object', '!not_an_object'],
    },
    {
      text: '[{"id":"a"},null,7,"x",{"id":"b"}]',
      found: ['a', '!null_record', '!not_an_object', '!not_an_object', 'b'],
    },
    { text: '[{"id":"a"},{"id":', found: ['a', '!truncated'] },
    { text: '{"id":"a"}{"id":"b"}, {"id":"c"}\n', found: ['a', 'b', 'c'] },
    { text: '{"id":"a"} junk\n{"id":"b"}\n', found: ['a', '!not_an_object', 'b'] },
    { text: '', found: [] },
    { text: ' \n\n ', found: [] },
  ])('says of $text what each part is', async ({ text, found }) => {
    expect(await readText(text)).toEqual(found);
    expect(await readText(text, [1])).toEqual(found);
  });
});

describe('files', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'gatewatch-'));
  });
  afterEach(() => {
    rmSync(dir, { recursive: true, force: true });
  });

  function written(name: string, data: Buffer | string): string {
    const path = join(dir, name);
    writeFileSync(path, data);
    return path;
  }

  const lines = '{"id":"a"}\n{"id":"b"}\n';

  it.each([
    { name: 'plain.ndjson', data: Buffer.from(lines) },
    { name: 'packed.gz', data: gzipSync(lines) },
    { name: 'packed-but-not-named-so.ndjson', data: gzipSync(lines) },
    { name: 'in-two-members.gz', data: Buffer.concat([gzipSync('{"id":"a"}\n'), gzipSync('{"id":"b"}\n')]) },
  ])('reads $name and says how many bytes of it were read', async ({ name, data }) => {
    let sizeBytes = 0;
    const bytes = readBytes(written(name, data), (size) => {
      sizeBytes += size;
    });
    expect(await read(unpack(bytes))).toEqual(['a', 'b']);
    expect(sizeBytes).toBe(data.length);
  });

  it('says that a compressed file is damaged', async () => {
    const path = written('cut.gz', gzipSync(lines).subarray(0, 20));
    await expect(read(unpack(readBytes(path, () => undefined)))).rejects.toThrow(
      /compressed data is damaged/,
    );
  });

  it('says which file cannot be read', async () => {
    await expect(read(unpack(readBytes(join(dir, 'none'), () => undefined)))).rejects.toThrow(
      /Cannot read .*none/,
    );
  });
});
