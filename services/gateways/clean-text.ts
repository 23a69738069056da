const MAX_LENGTH = 256;
/** Control characters, and marks that hide or turn text around: nothing a name or a model has. */
const HOSTILE =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;
const MAY_NEED_CLEANING = /[^\u0020-\u007e]/;

/** Makes text of unknown origin fit for pages, terminals, mails and tables. */
export function clean(text: string): string {
  const short = text.length > MAX_LENGTH ? text.slice(0, MAX_LENGTH) : text;
  return MAY_NEED_CLEANING.test(short) ? short.replace(HOSTILE, '').toWellFormed() : short;
}
