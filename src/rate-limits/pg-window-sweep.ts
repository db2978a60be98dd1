import { type Sweep, sweepBy } from '../db/run-sweeps.ts';

/*
 * A bucket whose window is over starts from nothing again, whether or not its row is still there; the longest window is a
 * day. Rows that somebody is counting in are passed over.
 */
const WINDOWS = `
  DELETE FROM rate_limit_windows WHERE bucket IN (
    SELECT bucket FROM rate_limit_windows WHERE window_start < now() - interval '2 days'
     ORDER BY window_start LIMIT $1 FOR UPDATE SKIP LOCKED)`;

/** What rate limits leave behind: buckets that were last used days ago. */
export const rateLimitSweeps: readonly Sweep[] = [sweepBy('rate_limit_windows', WINDOWS)];
