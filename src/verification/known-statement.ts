import { countingStatement } from '../rate-limits/counting-statement.ts';
import type { KnownQuestion } from './credential-record.ts';
import { commonColumns, statementByKinds } from './lookup-kinds.ts';
import { bucketOf, joinedRows, listSeparator, live, nowSeconds, versionOf } from './lookup-statement.ts';

/**
 * One row of the answer. With a place: a record that stands as it is known and of which nothing was counted. Without, the
 * last row: the places of what was counted, and what was granted in each bucket (`bucket granted used`, in a list).
 */
export type KnownRow = [
  n: number | null,
  expired: boolean | null,
  used: number | null,
  windowStart: number | null,
  nowSeconds: number,
  places: string | null,
  buckets: string | null,
];

/**
 * Writes the statement that asks whether records stand as they are known. It reads every row that a record is read from,
 * always. Where their version is the one that is known, nothing has to be told again, and the call that was asked for is
 * counted, since all that was decided from the record still holds. Places that do not come back have changed.
 */
export const knownStatement = statementByKinds<KnownQuestion>(
  'credential-known',
  {
    parameters: [
      ['n', 'int'],
      ['seen', 'text'],
      ['cost', 'int'],
      ['capacity', 'bigint'],
      ['window_seconds', 'int'],
    ],
    values: ({ known, call }, n) =>
      call === null
        ? [n, `"${known.version}"`, 0, 0, 1]
        : [n, `"${known.version}"`, call.cost, call.limit, call.windowSeconds],
  },
  (rows, present) => `
  WITH found AS MATERIALIZED (
    SELECT c.n, c.cost, c.capacity, c.window_seconds, c.bucket, ${live} AS live
      FROM (${rows}) AS c (n, seen, cost, capacity, window_seconds, ${commonColumns})
      ${joinedRows(present)}
     WHERE ${versionOf(present)} = c.seen
  ), counted AS (${countingStatement(`
    (SELECT bucket, count(*)::int AS asked, cost, capacity, window_seconds
       FROM found WHERE live AND cost > 0 GROUP BY bucket, cost, capacity, window_seconds) AS k`)}
  )
  SELECT f.n, NOT f.live AS expired, r.used, date_part('epoch', r.window_start)::bigint AS window_start,
         ${nowSeconds} AS now_seconds, NULL::text AS places, NULL::text AS buckets
    FROM found f ${bucketOf('f')}
   WHERE NOT (f.live AND f.cost > 0)
   UNION ALL
  SELECT NULL, NULL, NULL, NULL, ${nowSeconds},
         (SELECT string_agg(n::text, ',' ORDER BY n) FROM found WHERE live AND cost > 0),
         (SELECT string_agg(concat(bucket, ' ', granted, ' ', used), E'${listSeparator}') FROM counted)`,
);
