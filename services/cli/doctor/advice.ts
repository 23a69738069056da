/** One line of the doctor: what was looked at, and what to do about it. A note is for people to know; nothing was found. */
export interface Advice {
  level: 'ok' | 'note' | 'warning' | 'problem';
  text: string;
}

export const ok = (text: string): Advice => ({ level: 'ok', text });
export const note = (text: string): Advice => ({ level: 'note', text });
export const warning = (text: string): Advice => ({ level: 'warning', text });
export const problem = (text: string): Advice => ({ level: 'problem', text });
