import { type Sweep, sweepBy } from '../db/run-sweeps.ts';
import { idempotencyHours } from './knex-idempotency-keys.ts';

/** For so long the row of a revoked credential and its usage stay; days. */
export const revokedDays = 90;

/* The old key of a rotation is deleted when its grace is over; whether it works was decided by its end alone. */
const REPLACED = `
  UPDATE credentials SET revoked_at = expires_at, revoke_reason = 'replaced' WHERE id IN (
    SELECT id FROM credentials WHERE expires_at <= now() AND revoked_at IS NULL AND replaced_by IS NOT NULL
     ORDER BY expires_at LIMIT $1 FOR UPDATE SKIP LOCKED)`;

/* With all that was recorded of its use; the last part only says how many there were. */
const REVOKED = `
  WITH gone AS (
    DELETE FROM credentials WHERE id IN (
      SELECT id FROM credentials WHERE revoked_at < now() - interval '${revokedDays} days'
       ORDER BY revoked_at LIMIT $1 FOR UPDATE SKIP LOCKED)
    RETURNING 'credential:' || id AS meter),
  hours AS (DELETE FROM usage_hours WHERE meter IN (SELECT meter FROM gone)),
  days AS (DELETE FROM usage_days WHERE meter IN (SELECT meter FROM gone)),
  last AS (DELETE FROM usage_last WHERE meter IN (SELECT meter FROM gone)),
  scopes AS (DELETE FROM usage_scopes WHERE meter IN (SELECT meter FROM gone)),
  scope_days AS (DELETE FROM usage_scope_days WHERE meter IN (SELECT meter FROM gone))
  SELECT meter FROM gone`;

const IDEMPOTENCY_KEYS = `
  DELETE FROM idempotency_keys WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM idempotency_keys WHERE created_at < now() - interval '${idempotencyHours} hours'
     LIMIT $1 FOR UPDATE SKIP LOCKED))`;

/** What credentials leave behind: keys whose grace is over, rows long revoked, claims of a day ago. */
export const credentialSweeps: readonly Sweep[] = [
  { ...sweepBy('credentials', REPLACED), keepsRows: true },
  sweepBy('credentials', REVOKED),
  sweepBy('idempotency_keys', IDEMPOTENCY_KEYS),
];
