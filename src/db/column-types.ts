import pg, { type CustomTypesConfig } from 'pg';

const INT8_OID = 20;

/** Reads an `int8` as a number and throws a RangeError where a number would lose digits. */
export function parseInt8(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError('A bigint of the database does not fit a JavaScript number.');
  return value;
}

/** How values arrive: `int8` as a number (ids, counts), `timestamptz` as a Date, everything else as pg does it. */
export const columnTypes: CustomTypesConfig = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    oid === INT8_OID && format !== 'binary' ? parseInt8 : pg.types.getTypeParser(oid, format),
};
