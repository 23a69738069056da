import type { JsonBytes } from '../json-scan.ts';
import { ByteWords, hashAt } from './byte-words.ts';
import { clean } from './clean-text.ts';
import { textAt } from './json-values.ts';

const QUOTE = 0x22;
const SLOTS = 1_024;
/** Longer texts hardly repeat. */
const MAX_BYTES = 96;

interface Known {
  /** The bytes between the quotes, as sent. */
  bytes: ByteWords;
  text: string;
}

/** Decodes and cleans texts of which there are few, such as names of models and programs, and gives equal ones back as
 *  one and the same string. A text's place follows from its bytes and a newcomer takes it over, so memory is bounded. */
export class TextTable {
  readonly #known = new Array<Known | undefined>(SLOTS).fill(undefined);

  /** The text at [start, end), quotes included, fit for pages, terminals, mails and tables; '' for anything but text. */
  cleanAt(json: JsonBytes, start: number, end: number): string {
    if (json.bytes[start] !== QUOTE || end <= start) return '';
    const length = end - start - 2;
    if (length === 0) return '';
    if (length > MAX_BYTES) return clean(textAt(json, start, end) ?? '');
    const place = hashAt(json, start + 1, length) & (SLOTS - 1);
    const known = this.#known[place];
    if (known?.bytes.isAt(json, start + 1, length) === true) return known.text;
    const text = clean(textAt(json, start, end) ?? '');
    this.#known[place] = { bytes: new ByteWords(json, start + 1, length), text };
    return text;
  }
}
