import { type Sweep, sweepBy } from '../db/run-sweeps.ts';

/* An expired secret is listed for a month, so that whoever still uses it finds out why it no longer works. */
const EXPIRED_SECRETS = `
  DELETE FROM oauth_client_secrets WHERE id IN (
    SELECT id FROM oauth_client_secrets WHERE expires_at < now() - interval '30 days'
     ORDER BY expires_at LIMIT $1 FOR UPDATE SKIP LOCKED)`;

/** What clients leave behind: secrets that have long expired. */
export const clientSweeps: readonly Sweep[] = [sweepBy('oauth_client_secrets', EXPIRED_SECRETS)];
