const MINUTE_S = 60;
const HOUR_S = 3_600;
const DAY_S = 86_400;

export function dollars(amount: number): string {
  const digits = amount !== 0 && Math.abs(amount) < 0.1 ? 4 : 2;
  return `$${amount.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: digits })}`;
}

export function count(amount: number, one: string, many = `${one}s`): string {
  return `${amount.toLocaleString('en-US')} ${amount === 1 ? one : many}`;
}

/** UTC, as in mails and SQL, so that times can be compared by eye. */
export function utc(time: string): string {
  return `${new Date(time).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

export function duration(ms: number): string {
  const rounded = Math.max(0, Math.round(ms));
  const seconds = Math.round(rounded / 1_000);
  if (rounded < 1_000) return `${rounded} ms`;
  if (seconds < 2 * MINUTE_S) return `${seconds} s`;
  if (seconds < 2 * HOUR_S) return `${Math.round(seconds / MINUTE_S)} min`;
  if (seconds < 2 * DAY_S) return `${Math.round(seconds / HOUR_S)} h`;
  return `${Math.round(seconds / DAY_S)} days`;
}

export function ago(time: string, now: number): string {
  const ms = now - Date.parse(time);
  return ms < 1_000 ? 'just now' : `${duration(ms)} ago`;
}

export function bits(value: number): string {
  return (value < 0 ? '−' : '') + Math.abs(value).toFixed(1);
}

/** Rounds to tenths so that the rounded numbers, added up by a reader, give the rounded sum exactly. */
export function roundToSum(values: readonly number[]): number[] {
  let exact = 0;
  let shown = 0;
  return values.map((value) => {
    exact += value;
    const next = Math.round(exact * 10);
    const rounded = next - shown;
    shown = next;
    return rounded / 10;
  });
}
