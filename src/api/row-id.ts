import { z } from 'zod';
import { InvalidInput, NotFound } from '../core/errors.ts';
import { readCursor } from './cursor.ts';

/** Reads an id out of a path; throws `NotFound` for what can not be one. */
export function rowId(parameter: string | undefined): number {
  if (parameter === undefined || !/^[1-9]\d{0,14}$/.test(parameter)) throw new NotFound();
  return Number(parameter);
}

const position = z.tuple([z.number().int().positive()]);

/** Reads where a list that is ordered by id goes on, 0 for its beginning; throws `InvalidInput` for a foreign cursor. */
export function idAfter(cursor: string | undefined): number {
  if (cursor === undefined) return 0;
  const after = readCursor(cursor, position);
  if (after === null) throw new InvalidInput({ cursor: ['Unknown cursor.'] });
  return after[0];
}
