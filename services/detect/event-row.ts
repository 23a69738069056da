import type { Context } from '../../detectors/detector.ts';
import { EVENT_RECORD_END } from '../topics.ts';

/** Contexts are shared by all events of an address, and so is their text. */
const texts = new WeakMap<Context, string>();

/** A row of `events`: a record of the topic, which holds the cells in the order of the columns, with what was looked up
 *  put behind. Cut and joined instead of written anew, because it is done for every event. */
export function eventRow(record: string, context: Context): string {
  return record.slice(0, -EVENT_RECORD_END.length) + textOf(context);
}

function textOf(context: Context): string {
  const known = texts.get(context);
  if (known !== undefined) return known;
  const { place, network } = context;
  const cells = [
    place?.country ?? '',
    place?.city ?? '',
    network?.asn ?? 0,
    network?.organisation ?? '',
    network?.class ?? '',
  ];
  const text = `,${JSON.stringify(cells).slice(1)}`;
  texts.set(context, text);
  return text;
}
