/* As subqueries these are evaluated once, and not for each row: setting a variable costs more than counting a call. */
const now = `(SELECT floor(date_part('epoch', now()))::bigint)`;

/**
 * Writes the SQL that counts calls. `calls` is a table `k` of one row for each bucket: bucket, asked, cost, capacity
 * and window_seconds. Answers bucket, granted, used and now_seconds for each.
 *
 * Calls come added up per bucket, because one row can not be touched twice by one statement, and are taken in order,
 * because two statements that lock the same rows in different orders deadlock. Of the calls asked for, as many whole ones
 * are granted as fit; the rest is not counted at all.
 *
 * The commit does not wait for the disk: a bucket is locked until its commit is done, so that waiting would bind one busy
 * bucket to the pace of the disk. Setting it for this transaction alone, which is this statement, needs no connection of
 * its own, and no round trip. Others see the count at once; only a crash of PostgreSQL itself may forget its last moment.
 */
export function countingStatement(calls: string): string {
  return `
  INSERT INTO rate_limit_windows AS w (bucket, window_start, used, asked, cost, capacity, granted)
  SELECT k.bucket, to_timestamp(${now} / k.window_seconds * k.window_seconds),
         least(k.asked, k.capacity / k.cost) * k.cost, k.asked, k.cost, k.capacity, least(k.asked, k.capacity / k.cost)
    FROM ${calls}
   WHERE (SELECT set_config('synchronous_commit', 'off', true)) IS NOT NULL
   ORDER BY k.bucket
  ON CONFLICT (bucket) DO UPDATE SET
    granted = CASE WHEN w.window_start < EXCLUDED.window_start THEN EXCLUDED.granted
                   ELSE greatest(0, least(EXCLUDED.asked, (EXCLUDED.capacity - w.used) / EXCLUDED.cost)) END,
    used = CASE WHEN w.window_start < EXCLUDED.window_start THEN EXCLUDED.used
                ELSE w.used + greatest(0, least(EXCLUDED.asked, (EXCLUDED.capacity - w.used) / EXCLUDED.cost)) * EXCLUDED.cost END,
    window_start = greatest(w.window_start, EXCLUDED.window_start),
    asked = EXCLUDED.asked, cost = EXCLUDED.cost, capacity = EXCLUDED.capacity
  RETURNING bucket, granted, used, ${now} AS now_seconds`;
}
