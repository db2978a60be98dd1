import type { Pool } from 'pg';
import type { ReadUsage, UsageInterval, UsageOfInterval } from './report-usage.ts';

/* Days are the sum of what is kept by the hour and what was rolled up; while a day is being rolled up it may have both. */
const STATEMENTS: { readonly [interval in UsageInterval]: string } = {
  hour: `
    SELECT hour AS at, allowed, denied FROM usage_hours WHERE meter = $1 AND hour >= $2 AND hour < $3 ORDER BY hour`,
  day: `
    SELECT day::timestamp AT TIME ZONE 'UTC' AS at, sum(allowed)::bigint AS allowed, sum(denied)::bigint AS denied
      FROM (SELECT (hour AT TIME ZONE 'UTC')::date AS day, allowed, denied FROM usage_hours
             WHERE meter = $1 AND hour >= $2 AND hour < $3
            UNION ALL
            SELECT day, allowed, denied FROM usage_days
             WHERE meter = $1 AND day >= ($2::timestamptz AT TIME ZONE 'UTC')::date
               AND day < ($3::timestamptz AT TIME ZONE 'UTC')::date) AS used
     GROUP BY day ORDER BY day`,
};

/** Builds the reader of recorded use; what was used within the last second may not be there yet. */
export function pgReadUsage(pool: Pick<Pool, 'query'>): ReadUsage {
  return async ({ meter, from, to, interval }) => {
    const { rows } = await pool.query<UsageOfInterval>(STATEMENTS[interval], [
      meter,
      from.toISOString(),
      to.toISOString(),
    ]);
    return rows;
  };
}
