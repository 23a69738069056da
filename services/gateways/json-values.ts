import type { JsonBytes } from '../json-scan.ts';
import { parseJson } from './json-pick.ts';

const QUOTE = 0x22;
const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
/** A whole number that a double holds exactly, divided by a power of ten up to this one, is rounded as it must be. */
const EXACT_DECIMALS = 22;
const POWERS = Array.from({ length: EXACT_DECIMALS + 1 }, (_, exponent) => 10 ** exponent);
const NEEDS_DECODING = /[\u0000-\u001f\\\u0080-\u00ff]/;

/** The number at [start, end), or undefined when the value is none. `NaN` and `Infinity`, which Python writes, are none
 *  either. */
export function numberAt({ bytes }: JsonBytes, start: number, end: number): number | undefined {
  const isNegative = bytes[start] === MINUS;
  const from = isNegative ? start + 1 : start;
  if (from >= end || !isDigit(bytes[from] ?? 0)) return undefined;
  const size = plainNumber(bytes, from, end);
  if (size < 0) return otherNumber(bytes, start, end);
  return isNegative ? -size : size;
}

/** A number of digits with at most one dot, whose value comes out exactly; -1 when it is written otherwise. */
function plainNumber(bytes: Buffer, from: number, end: number): number {
  let mantissa = 0;
  let dot = end;
  for (let index = from; index < end; index += 1) {
    const byte = bytes[index] ?? 0;
    if (isDigit(byte)) mantissa = mantissa * 10 + (byte - ZERO);
    else if (byte === DOT && dot === end) dot = index;
    else return -1;
  }
  const decimals = Math.max(0, end - dot - 1);
  const hasLeadingZero = bytes[from] === ZERO && dot > from + 1;
  if (hasLeadingZero || dot === end - 1) return -1;
  if (mantissa > Number.MAX_SAFE_INTEGER || decimals > EXACT_DECIMALS) return -1;
  return decimals === 0 ? mantissa : mantissa / (POWERS[decimals] ?? 1);
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= NINE;
}

function otherNumber(bytes: Buffer, start: number, end: number): number | undefined {
  const value = parseJson(bytes, start, end);
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** The text at [start, end), quotes included; undefined when the value is no text. */
export function textAt({ bytes }: JsonBytes, start: number, end: number): string | undefined {
  if (bytes[start] !== QUOTE || end <= start) return undefined;
  const raw = bytes.toString('latin1', start + 1, end - 1);
  return NEEDS_DECODING.test(raw) ? (parseJson(bytes, start, end) as string) : raw;
}
