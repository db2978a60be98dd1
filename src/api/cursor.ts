import { z } from 'zod';

/** Query members of every list: `limit` (1 to 200, default 50) and the `cursor` that the page before gave. */
export const pageQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(500).optional(),
});

/** A page of a list as the API answers it. */
export interface Page<Item> {
  readonly data: readonly Item[];
  /** Where the next page starts; null on the last one. */
  readonly next: string | null;
}

/** Writes a cursor; it is opaque to callers. */
export function writeCursor(position: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url');
}

/** Reads a cursor with the shape of its position, or null when it is none of ours. */
export function readCursor<Position>(cursor: string, shape: z.ZodType<Position>): Position | null {
  try {
    const parsed = shape.safeParse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

/** Cuts a list that was read with one row more than the page is long. */
export function pageOf<Item>(
  rows: readonly Item[],
  limit: number,
  position: (last: Item) => readonly (string | number)[],
): Page<Item> {
  const data = rows.slice(0, limit);
  const last = data.at(-1);
  return { data, next: rows.length > limit && last !== undefined ? writeCursor(position(last)) : null };
}
