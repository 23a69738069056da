import { createReadStream } from 'node:fs';
import { isErrno } from '../errors.ts';

export interface Line {
  bytes: Buffer;
  /** Position in the file just after the line. */
  end: number;
  /** False for a last line without its line feed. */
  isWhole: boolean;
}

/** The lines of a file; none when there is no such file. */
export async function* readLines(path: string): AsyncGenerator<Line> {
  let rest: Buffer = Buffer.alloc(0);
  let position = 0;
  for await (const chunk of chunksOf(path)) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let start = 0;
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10, start)) {
      position += end + 1 - start;
      yield { bytes: rest.subarray(start, end), end: position, isWhole: true };
      start = end + 1;
    }
    rest = rest.subarray(start);
  }
  if (rest.length > 0) yield { bytes: rest, end: position + rest.length, isWhole: false };
}

async function* chunksOf(path: string): AsyncGenerator<Buffer> {
  try {
    yield* createReadStream(path) as AsyncIterable<Buffer>;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return;
    throw error;
  }
}
