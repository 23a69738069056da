import { AppError, messageOf } from '../errors.ts';

/** Why ClickHouse says no: its name for it (`ACCESS_DENIED`, `UNKNOWN_TABLE`, …), empty when it was not ClickHouse that
 *  spoke, and its words in one line. */
export interface Reason {
  type: string;
  text: string;
}

const MAX_LENGTH = 300;

const NAMES = /\(((?=[A-Z0-9_]*[A-Z]{3})[A-Z0-9_]+)\)/g;

/** The client takes the name out of the message, the embedded engine leaves it at the end. */
export function reasonOf(error: unknown): Reason {
  const message = messageOf(error);
  const type = error instanceof AppError ? reasonOf(error.cause ?? '').type : typeOf(error, message);
  const text = (message.split('\n')[0] ?? '').replace(/^(?:Code: \d+\. |DB::Exception: )+/, '').trim();
  return { type, text: text.slice(0, MAX_LENGTH) };
}

function typeOf(error: unknown, message: string): string {
  if (error instanceof Error && 'type' in error && typeof error.type === 'string') return error.type;
  return [...message.matchAll(NAMES)].at(-1)?.[1] ?? '';
}

/** The right that is missing, as GRANT would write it, or what ClickHouse says instead. */
export function missingRight(error: unknown): string {
  const root = error instanceof AppError && error.cause !== undefined ? error.cause : error;
  const [message = ''] = messageOf(root).split('\n');
  const right = /to have the grant (.+? ON [^\s()]+)/.exec(message)?.[1];
  return right === undefined ? reasonOf(root).text : `it lacks ${right.replace(/\.+$/, '')}`;
}

/** What only somebody else can change: the user lacks a right or may only read. */
export function isDenied(error: unknown): boolean {
  return ['ACCESS_DENIED', 'READONLY'].includes(reasonOf(error).type);
}

/** Two processes made the same thing at the same time, or a node has not heard of it yet; the statements may run twice. */
export function isRace(error: unknown): boolean {
  return RACES.has(reasonOf(error).type);
}

const RACES: ReadonlySet<string> = new Set([
  'TABLE_ALREADY_EXISTS',
  'DATABASE_ALREADY_EXISTS',
  'REPLICA_ALREADY_EXISTS',
  'UNKNOWN_TABLE',
  'UNKNOWN_DATABASE',
  'TABLE_IS_BEING_RESTARTED',
  'CANNOT_ASSIGN_ALTER',
]);
