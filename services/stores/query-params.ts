import { AppError } from '../errors.ts';

/** Parameters of people's queries, as ClickHouse reads them from `SET param_name = '…'` and from an address. In the embedded
 *  size they are set on the connection of that one query, because the engine's own binding holds back every other query
 *  with parameters while one runs. */

const MAX_PARAMS = 100;
const MAX_TEXT_LENGTH = 100_000;

const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\0': '\\0',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

function escaped(text: string): string {
  return text.replace(/[\\\0\b\f\n\r\t]/g, (character) => ESCAPES[character] ?? character);
}

/** A text literal of SQL: backslashes and quotes are all that could end it. */
export function sqlLiteral(text: string): string {
  return `'${escaped(text).replaceAll("'", "\\'")}'`;
}

function scalarText(value: unknown): string | undefined {
  if (typeof value === 'number' && Number.isFinite(value)) return value.toString();
  if (typeof value === 'boolean') return value ? '1' : '0';
  return value === null ? 'NULL' : undefined;
}

function itemText(name: string, value: unknown): string {
  if (typeof value === 'string') return sqlLiteral(value);
  if (Array.isArray(value)) return `[${value.map((item) => itemText(name, item)).join(',')}]`;
  const text = scalarText(value);
  if (text === undefined)
    throw invalid(`Parameter ${name} must be a text, number, boolean, null or an array of these.`);
  return text;
}

/** The value as the text that ClickHouse parses by the type in `{name:Type}`. */
function paramText(name: string, value: unknown): string {
  if (typeof value === 'string') return escaped(value);
  return value === null ? '\\N' : itemText(name, value);
}

/** The texts of all parameters, by name. */
export function paramTexts(params: Readonly<Record<string, unknown>>): Map<string, string> {
  const entries = Object.entries(params);
  if (entries.length > MAX_PARAMS) throw invalid('There are more than 100 parameters.');
  return new Map(entries.map(([name, value]) => [checkedName(name), checkedText(name, value)]));
}

/** Settings, one per parameter, to be written after SET. */
export function paramSettings(params: Readonly<Record<string, unknown>>): string[] {
  return [...paramTexts(params)].map(([name, text]) => `param_${name} = ${sqlLiteral(text)}`);
}

function checkedName(name: string): string {
  if (!/^[A-Za-z_]\w{0,60}$/.test(name)) throw invalid(`"${name.slice(0, 60)}" is no name for a parameter.`);
  return name;
}

function checkedText(name: string, value: unknown): string {
  const text = paramText(name, value);
  if (text.length > MAX_TEXT_LENGTH) throw invalid(`Parameter ${name} is longer than 100,000 characters.`);
  return text;
}

export function invalid(message: string): AppError {
  return new AppError('E_SQL_INVALID', message);
}
