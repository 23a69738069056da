import { csvLines } from '../api/csv.ts';
import type { QueryResult } from '../stores/store.ts';

export type TableFormat = 'table' | 'json' | 'csv';

function cellText(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Terminal escapes in data must not reach the terminal. */
export function printable(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '·');
}

export function toTable(names: readonly string[], rows: readonly (readonly unknown[])[]): string {
  const cells = rows.map((row) => row.map((value) => printable(cellText(value))));
  const widths = names.map((name, index) =>
    Math.max(name.length, ...cells.map((row) => row[index]?.length ?? 0)),
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join('  ')
      .trimEnd();
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
      return csvLines(result).join('\n');
    case 'table':
      return toTable(names, result.rows);
  }
}
