const LINE_BREAKERS = /[\p{Cc}\p{Zl}\p{Zp}]+/gu;
/** Bidi controls, joiners, tags: they make text look like other text. */
const INVISIBLE = /\p{Cf}/gu;
const LONE_SURROGATE = /\p{Cs}/gu;

/** Aliases, user agents and models are chosen by callers, so all text of a message is hostile: one line, nothing
 *  invisible, bounded. */
export function cleanText(text: string, maxLength: number): string {
  const oneLine = text
    .slice(0, maxLength * 4)
    .replace(LINE_BREAKERS, ' ')
    .replace(INVISIBLE, '')
    .replace(LONE_SURROGATE, '\uFFFD')
    .replace(/ {2,}/g, ' ')
    .trim();
  const characters = Array.from(oneLine);
  return characters.length <= maxLength ? oneLine : `${characters.slice(0, maxLength - 1).join('')}…`;
}

/** As `cleanText`, and mail programs make no link of it: the only links in our messages are our own. */
export function inertText(text: string, maxLength: number): string {
  return cleanText(text, maxLength)
    .replaceAll('://', '[:]//')
    .replace(/\bwww\./gi, 'www[.]');
}

export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

export function dollars(amount: number): string {
  return `$${amount.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
}

export function utc(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
