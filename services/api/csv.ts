import type { QueryResult } from '../stores/store.ts';

/** Types whose texts are numbers; a minus sign there is no formula. */
const NUMERIC = /^(Nullable\()?(U?Int|Float|Decimal)/;
const FORMULA = /^[=+\-@\t\r\n＝＋－＠]/;

/** A cell that a spreadsheet would take for a formula is led by an apostrophe. */
function cell(value: unknown, type: string): string {
  if (value === null || value === undefined) return '';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const safe = FORMULA.test(text) && !NUMERIC.test(type) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

type Result = Pick<QueryResult, 'columns' | 'rows'>;

export function csvLines({ columns, rows }: Result): string[] {
  const head = columns.map(({ name }) => cell(name, 'String'));
  const body = rows.map((row) =>
    row.map((value, index) => cell(value, columns[index]?.type ?? '')).join(','),
  );
  return [head.join(','), ...body];
}

export function toCsv(result: Result): string {
  return [...csvLines(result), ''].join('\r\n');
}
