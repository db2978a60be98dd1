import type { Pool } from 'pg';

/** How a scope was exercised. */
export interface ScopeUse {
  readonly scope: string;
  /** Allowed calls that exercised it, on the days that were asked about. */
  readonly calls: number;
  /** The last day (UTC, `YYYY-MM-DD`) on which it was exercised, however long ago. */
  readonly lastDay: string;
}

/** Reads every scope that a meter has exercised, by name; calls are those of the last `days` days of UTC, today among them. */
export type ReadScopeUse = (meter: string, days: number) => Promise<readonly ScopeUse[]>;

/** Builds the reader; what was used within the last second may not be there yet. */
export function pgReadScopeUse(pool: Pick<Pool, 'query'>): ReadScopeUse {
  return async (meter, days) => {
    const { rows } = await pool.query<{ scope: string; last_day: string; calls: number }>(
      `SELECT u.scope, to_char(u.last_day, 'YYYY-MM-DD') AS last_day, coalesce(sum(d.calls), 0)::bigint AS calls
         FROM usage_scopes u
         LEFT JOIN usage_scope_days d
                ON d.meter = u.meter AND d.scope = u.scope AND d.day > (now() AT TIME ZONE 'UTC')::date - $2::int
        WHERE u.meter = $1
        GROUP BY u.scope, u.last_day ORDER BY u.scope`,
      [meter, days],
    );
    return rows.map(({ scope, calls, last_day: lastDay }) => ({ scope, calls, lastDay }));
  };
}
