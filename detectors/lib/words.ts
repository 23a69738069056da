/** Plain words for evidence lines. English, deterministic, no coordinates. */

const HOUR_MS = 3_600_000;
const regions = new Intl.DisplayNames(['en'], { type: 'region' });

export function countryName(code: string): string {
  return /^[A-Z]{2}$/.test(code) ? (regions.of(code) ?? code) : 'an unknown country';
}

export function money(usd: number): string {
  if (usd !== 0 && Math.abs(usd) < 0.01) return 'less than $0.01';
  return `$${usd.toFixed(2)}`;
}

export function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}

export function duration(ms: number): string {
  if (ms < 60_000) return count(Math.max(0, Math.round(ms / 1000)), 'second');
  if (ms < 2 * HOUR_MS) return count(Math.round(ms / 60_000), 'minute');
  if (ms < 48 * HOUR_MS) return count(Math.round(ms / HOUR_MS), 'hour');
  return count(Math.round(ms / (24 * HOUR_MS)), 'day');
}

/** "a, b and 3 more" */
export function listed(names: readonly string[], max = 3): string {
  if (names.length === 0) return 'none';
  const shown = names.slice(0, max).join(', ');
  return names.length > max ? `${shown} and ${names.length - max} more` : shown;
}
