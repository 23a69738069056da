/** Bits that a character holds. */
const BITS = 6;
const CHARS_PER_FLOAT = 6;
const FIRST_CODE = 48;
/** JSON would write a backslash as two. */
const BACKSLASH = 92;

/** Float32 numbers as short text that gives exactly the same numbers back: a bit for each number that says whether it is not
 *  zero, then those numbers. Most of a quiet key's numbers are zero. */
export function floatsToText(floats: Float32Array): string {
  const numbers = new Uint32Array(floats.buffer, floats.byteOffset, floats.length);
  const head: number[] = [];
  const rest: number[] = [];
  for (let at = 0; at < numbers.length; at += BITS) {
    let bits = 0;
    for (let bit = 0; bit < BITS; bit += 1) {
      const number = numbers[at + bit] ?? 0;
      if (number === 0) continue;
      bits |= 1 << bit;
      for (let char = 0; char < CHARS_PER_FLOAT; char += 1) rest.push(codeOf(number >>> (char * BITS)));
    }
    head.push(codeOf(bits));
  }
  return rest.length === 0 ? '' : String.fromCharCode(...head, ...rest);
}

/** What the text does not hold is zero. */
export function textToFloats(text: string, into: Float32Array): void {
  const numbers = new Uint32Array(into.buffer, into.byteOffset, into.length);
  numbers.fill(0);
  const headChars = Math.ceil(numbers.length / BITS);
  let from = headChars;
  for (let head = 0; head < headChars && from < text.length; head += 1) {
    for (let bits = bitsAt(text, head), at = head * BITS; bits > 0; bits >>= 1, at += 1) {
      if ((bits & 1) === 0) continue;
      let number = 0;
      for (let char = 0; char < CHARS_PER_FLOAT; char += 1)
        number |= bitsAt(text, from + char) << (char * BITS);
      numbers[at] = number;
      from += CHARS_PER_FLOAT;
    }
  }
}

function codeOf(number: number): number {
  const code = FIRST_CODE + (number & ((1 << BITS) - 1));
  return code < BACKSLASH ? code : code + 1;
}

function bitsAt(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return (code > BACKSLASH ? code - 1 : code) - FIRST_CODE;
}
