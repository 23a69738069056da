import type { Event } from '../../detectors/event.ts';
import type { GatewayFormat, ParseSettings, Unreadable } from '../gateways/gateway.ts';
import { JsonBytes } from '../json-scan.ts';
import { openSplitter } from './split.ts';
import type { Slice } from './split.ts';

/** What became of the bytes [start, end) of a body. */
export interface ReadRecord {
  start: number;
  end: number;
  result: Event | Unreadable;
}

const PROBLEMS: Readonly<Record<Exclude<Slice['problem'], ''>, string>> = {
  null_record: 'The record is null: the gateway could not build it.',
  not_an_object: 'The record is not an object.',
  malformed_json: 'The record is not JSON.',
  truncated: 'The body ends inside the record.',
};

/** Reads the records of a body one by one, each in a single pass over its bytes. */
export function* readRecords(
  format: GatewayFormat,
  body: Buffer,
  settings: ParseSettings,
): Generator<ReadRecord> {
  const json = new JsonBytes(body);
  const splitter = openSplitter(json);
  for (let slice = splitter.next(); slice !== undefined; slice = splitter.next()) {
    if (slice.problem !== '') {
      yield { start: slice.start, end: slice.end, result: unreadable(slice.problem) };
      continue;
    }
    const { after, result } = format.read(json, slice.start, slice.end, settings);
    if (after >= 0) {
      splitter.moveTo(after);
      yield { start: slice.start, end: after, result };
      continue;
    }
    const { start, end, problem } = splitter.measure(slice);
    if (problem !== '') yield { start, end, result: unreadable(problem) };
    else yield { start, end, result: format.read(json, start, end, settings).result };
  }
}

function unreadable(problem: Exclude<Slice['problem'], ''>): Unreadable {
  return { code: problem, reason: PROBLEMS[problem] };
}
