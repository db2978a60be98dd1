import { type Sweep, sweepBy } from '../db/run-sweeps.ts';
import { hoursKeptDays, scopeDaysKept } from './report-usage.ts';

/** Days of use are kept so long. */
const DAYS_KEPT = '2 years';

/*
 * Whole days of hours become one row a day. A meter whose credential, client or user is gone is not carried on, and what
 * else is recorded of it goes too: every meter comes by here once its last use is old. One statement, so that a report
 * sees a use in its hour or in its day, never in both or in neither.
 */
const ROLL_UP = `
  WITH due AS (
    SELECT meter, hour FROM usage_hours
     WHERE hour < date_trunc('day', now() - interval '${hoursKeptDays} days', 'UTC')
     ORDER BY hour, meter LIMIT $1 FOR UPDATE SKIP LOCKED),
  moved AS (
    DELETE FROM usage_hours h USING due WHERE h.meter = due.meter AND h.hour = due.hour
    RETURNING h.meter, h.hour, h.allowed, h.denied),
  meters AS (
    SELECT m.meter, CASE split_part(m.meter, ':', 1)
             WHEN 'credential' THEN EXISTS (SELECT 1 FROM credentials c WHERE c.id = m.row_id)
             WHEN 'user' THEN EXISTS (SELECT 1 FROM users u WHERE u.id = m.row_id)
             WHEN 'client_secret' THEN EXISTS (SELECT 1 FROM oauth_client_secrets s WHERE s.id = m.row_id)
             WHEN 'client' THEN EXISTS (SELECT 1 FROM oauth_clients o WHERE o.client_id = substr(m.meter, length('client:') + 1))
             WHEN 'workspace' THEN EXISTS (SELECT 1 FROM workspaces w WHERE w.id = m.row_id)
             ELSE true END AS alive
      FROM (SELECT DISTINCT meter,
                   CASE WHEN meter ~ '^(credential|user|client_secret|workspace):[1-9][0-9]{0,17}$' THEN split_part(meter, ':', 2)::bigint END AS row_id
              FROM moved) AS m),
  rolled AS (
    INSERT INTO usage_days AS d (meter, day, allowed, denied)
    SELECT meter, (hour AT TIME ZONE 'UTC')::date AS day, sum(allowed), sum(denied)
      FROM moved JOIN meters USING (meter) WHERE alive GROUP BY meter, day ORDER BY meter, day
    ON CONFLICT (meter, day) DO UPDATE SET allowed = d.allowed + EXCLUDED.allowed, denied = d.denied + EXCLUDED.denied),
  days AS (DELETE FROM usage_days WHERE meter IN (SELECT meter FROM meters WHERE NOT alive)),
  last AS (DELETE FROM usage_last WHERE meter IN (SELECT meter FROM meters WHERE NOT alive)),
  scopes AS (DELETE FROM usage_scopes WHERE meter IN (SELECT meter FROM meters WHERE NOT alive))
  SELECT meter FROM moved`;

const DAYS = `
  DELETE FROM usage_days WHERE (meter, day) IN (
    SELECT meter, day FROM usage_days WHERE day < (now() AT TIME ZONE 'UTC')::date - interval '${DAYS_KEPT}'
     ORDER BY day LIMIT $1 FOR UPDATE SKIP LOCKED)`;

const SCOPE_DAYS = `
  DELETE FROM usage_scope_days WHERE (meter, scope, day) IN (
    SELECT meter, scope, day FROM usage_scope_days WHERE day <= (now() AT TIME ZONE 'UTC')::date - ${scopeDaysKept}
     ORDER BY day LIMIT $1 FOR UPDATE SKIP LOCKED)`;

/** How use is thinned out with age: hours to days after 90 days, days to nothing after two years; counts of scopes after 90 days. */
export const usageSweeps: readonly Sweep[] = [
  sweepBy('usage_hours', ROLL_UP),
  sweepBy('usage_days', DAYS),
  sweepBy('usage_scope_days', SCOPE_DAYS),
];
