import type { QueryResult } from '../stores/store.ts';

export type TableFormat = 'table' | 'json' | 'csv';

/** Cells that a spreadsheet would take for a formula are quoted as text. */
function csvCell(value: unknown): string {
  const text = cellText(value);
  const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function cellText(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value as string | number | boolean);
}

/** Terminal escapes in data must not reach the terminal. */
function printable(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '·');
}

function toTable(names: readonly string[], rows: readonly (readonly unknown[])[]): string {
  const cells = rows.map((row) => row.map((value) => printable(cellText(value))));
  const widths = names.map((name, index) => Math.max(name.length, ...cells.map((row) => row[index]?.length ?? 0)));
  const line = (row: readonly string[]) => row.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join('  ').trimEnd();
  return [line(names), line(widths.map((width) => '─'.repeat(width))), ...cells.map(line)].join('\n');
}

export function formatResult(result: QueryResult, format: TableFormat): string {
  const names = result.columns.map(({ name }) => name);
  switch (format) {
    case 'json':
      return result.rows
        .map((row) => JSON.stringify(Object.fromEntries(names.map((name, index) => [name, row[index]]))))
        .join('\n');
    case 'csv':
      return [names.map(csvCell).join(','), ...result.rows.map((row) => row.map(csvCell).join(','))].join('\n');
    case 'table':
      return toTable(names, result.rows);
  }
}

export function dollars(amount: number): string {
  return `$${amount.toFixed(2)}`;
}
