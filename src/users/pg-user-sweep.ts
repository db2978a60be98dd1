import { type Sweep, sweepBy } from '../db/run-sweeps.ts';
import { sessionIdleSeconds } from './session.ts';

/* Past either limit; what hangs on a session goes with it. */
const SESSIONS = `
  DELETE FROM sessions WHERE id IN (
    SELECT id FROM sessions
     WHERE expires_at < now() - interval '1 minute'
        OR last_seen_at < now() - interval '${sessionIdleSeconds + 60} seconds'
     LIMIT $1 FOR UPDATE SKIP LOCKED)`;

/* A used link stays until the day after its hour, so that a second click is told that it was used. Found by ctid, whatever the key is. */
const ONE_TIME_LINKS = `
  DELETE FROM one_time_links WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM one_time_links WHERE expires_at < now() - interval '1 day' LIMIT $1 FOR UPDATE SKIP LOCKED))`;

/** What people leave behind: sessions and links that are past their time. */
export const userSweeps: readonly Sweep[] = [sweepBy('sessions', SESSIONS), sweepBy('one_time_links', ONE_TIME_LINKS)];
