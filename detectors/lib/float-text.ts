/** Float32 numbers as short text that gives exactly the same numbers back: bit patterns in base 36, runs of zeros as
 *  their length. Most of a quiet key's numbers are zero. */
export function floatsToText(floats: Float32Array): string {
  const bits = new Uint32Array(floats.buffer, floats.byteOffset, floats.length);
  const parts: string[] = [];
  for (let at = 0; at < bits.length;) {
    if (bits[at] === 0) {
      let end = at;
      while (end < bits.length && bits[end] === 0) end += 1;
      parts.push(`-${(end - at).toString(36)}`);
      at = end;
    } else {
      parts.push((bits[at] ?? 0).toString(36));
      at += 1;
    }
  }
  return parts.join(' ');
}

export function textToFloats(text: string, into: Float32Array): void {
  const bits = new Uint32Array(into.buffer, into.byteOffset, into.length);
  bits.fill(0);
  let at = 0;
  for (const part of text.split(' ')) {
    if (part.startsWith('-')) {
      at += parseInt(part.slice(1), 36);
    } else if (at < bits.length) {
      bits[at] = parseInt(part, 36);
      at += 1;
    }
  }
}
