import { type Sweep, sweepBy } from '../db/run-sweeps.ts';
import { sessionIdleSeconds } from './session.ts';
import { knownAddressSeconds } from './sign-in-limits.ts';

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

/* A counter whose window is over counts from one again, whether or not it still stands there. */
const SIGN_IN_ATTEMPTS = `
  DELETE FROM sign_in_attempts WHERE key_hash IN (
    SELECT key_hash FROM sign_in_attempts WHERE ends_at < now() LIMIT $1 FOR UPDATE SKIP LOCKED)`;

const SIGN_IN_ADDRESSES = `
  DELETE FROM sign_in_addresses WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM sign_in_addresses
     WHERE last_signed_in_at < now() - interval '${knownAddressSeconds} seconds' LIMIT $1 FOR UPDATE SKIP LOCKED))`;

/** What people leave behind: sessions, links, and traces of sign-ins that are past their time. */
export const userSweeps: readonly Sweep[] = [
  sweepBy('sessions', SESSIONS),
  sweepBy('one_time_links', ONE_TIME_LINKS),
  sweepBy('sign_in_attempts', SIGN_IN_ATTEMPTS),
  sweepBy('sign_in_addresses', SIGN_IN_ADDRESSES),
];
