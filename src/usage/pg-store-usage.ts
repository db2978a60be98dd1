import type { Pool } from 'pg';
import type { StoreUsage, UsageSum } from './usage-event.ts';

/*
 * Ordered, because two processes that lock the same rows in different orders deadlock. Hours and days are those of UTC,
 * whatever zone the server's sessions are in: half of the world's zones would cut an hour in two, or a day elsewhere.
 */
const STORE = `
  WITH sums AS (
    SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::text[]) AS s(meter, allowed, denied, address) ORDER BY meter),
  hours AS (
    INSERT INTO usage_hours AS h (meter, hour, allowed, denied)
    SELECT meter, date_trunc('hour', now(), 'UTC'), allowed, denied FROM sums ORDER BY meter
    ON CONFLICT (meter, hour) DO UPDATE SET allowed = h.allowed + EXCLUDED.allowed, denied = h.denied + EXCLUDED.denied),
  last AS (
    INSERT INTO usage_last AS l (meter, last_used_at, address)
    SELECT meter, now(), address FROM sums WHERE allowed > 0 ORDER BY meter
    ON CONFLICT (meter) DO UPDATE SET last_used_at = greatest(l.last_used_at, EXCLUDED.last_used_at),
      address = CASE WHEN EXCLUDED.address = '' OR EXCLUDED.last_used_at < l.last_used_at THEN l.address ELSE EXCLUDED.address END),
  exercised AS (
    SELECT meter, scope, calls, (now() AT TIME ZONE 'UTC')::date AS day
      FROM unnest($5::text[], $6::text[], $7::bigint[]) AS k(meter, scope, calls) ORDER BY meter, scope),
  scope_days AS (
    INSERT INTO usage_scope_days AS d (meter, scope, day, calls)
    SELECT meter, scope, day, calls FROM exercised ORDER BY meter, scope
    ON CONFLICT (meter, scope, day) DO UPDATE SET calls = d.calls + EXCLUDED.calls)
  INSERT INTO usage_scopes AS u (meter, scope, last_day)
  SELECT meter, scope, day FROM exercised ORDER BY meter, scope
  ON CONFLICT (meter, scope) DO UPDATE SET last_day = EXCLUDED.last_day WHERE u.last_day < EXCLUDED.last_day`;

/** Builds the store of use: one statement a flush. */
export function pgStoreUsage(pool: Pick<Pool, 'query'>): StoreUsage {
  return async (sums) => {
    const scopes = sums.flatMap(({ meter, scopes: exercised }) => exercised.map((calls) => ({ meter, ...calls })));
    await pool.query({
      name: 'usage-store',
      text: STORE,
      values: [
        ...columns(sums),
        scopes.map(({ meter }) => meter),
        scopes.map(({ scope }) => scope),
        scopes.map(({ calls }) => calls),
      ],
    });
  };
}

function columns(sums: readonly UsageSum[]): unknown[][] {
  return [
    sums.map(({ meter }) => meter),
    sums.map(({ allowed }) => allowed),
    sums.map(({ denied }) => denied),
    sums.map(({ address }) => address),
  ];
}
