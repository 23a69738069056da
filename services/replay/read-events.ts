import type { Event } from '../../detectors/event.ts';
import type { GatewayFormat, Unreadable } from '../gateways/gateway.ts';
import { skipValue } from '../json-scan.ts';
import { nextValue } from './read-records.ts';
import type { Piece } from './read-records.ts';

const OPEN_OBJECT = 0x7b;

/** What a gateway format makes of the records of a piece. Their age does not matter: they are history. */
export function* readEvents(
  { json, slices }: Piece,
  format: GatewayFormat,
  gateway: string,
): Generator<Event | Unreadable> {
  const settings = { gateway, now: 0, isImport: true };
  for (const { start, end, problem } of slices) {
    if (problem !== '') {
      yield { code: problem, reason: 'The line holds no record.' };
      continue;
    }
    for (let at = nextValue(json, start, end); at < end;) {
      if (json.bytes[at] !== OPEN_OBJECT) {
        yield { code: 'not_an_object', reason: 'Something that is no record stands beside one.' };
        const passed = skipValue(json, at, end);
        at = passed < 0 ? end : nextValue(json, passed, end);
        continue;
      }
      const { after, result } = format.read(json, at, end, settings);
      yield result;
      at = after < 0 ? end : nextValue(json, after, end);
    }
  }
}
