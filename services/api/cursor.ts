import { z } from 'zod';
import { AppError } from '../errors.ts';

/** Place in a list that is ordered by time, then by id, newest first. A row that is added later stands before it or
 *  after it, never on it, so going on from here misses nothing and doubles nothing. */
export interface Place {
  at: number;
  id: string;
}

const placeSchema = z.tuple([z.number().int(), z.string()]);

export function encodeCursor({ at, id }: Place): string {
  return Buffer.from(JSON.stringify([at, id])).toString('base64url');
}

export function decodeCursor(cursor: string | undefined): Place | undefined {
  if (cursor === undefined) return undefined;
  try {
    const [at, id] = placeSchema.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')));
    return { at, id };
  } catch (cause) {
    throw new AppError('E_BAD_REQUEST', 'cursor: must be the "next" of the page before.', { cause });
  }
}

/** Cuts a list that was read one row longer than the page, and says where the next page begins. */
export function toPage<Row>(
  rows: readonly Row[],
  limit: number,
  placeOf: (row: Row) => Place,
): { rows: Row[]; next: string | null } {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return {
    rows: shown,
    next: rows.length > limit && last !== undefined ? encodeCursor(placeOf(last)) : null,
  };
}
