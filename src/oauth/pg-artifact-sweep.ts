import { type Sweep, sweepBy } from '../db/run-sweeps.ts';

/** Of one family of refresh tokens, so many consumed ones are remembered, the newest. */
const CONSUMED_KEPT = 50;

/** And no longer than so many days after its use. */
const CONSUMED_KEPT_DAYS = 7;

/*
 * An artifact goes 15 seconds after its end (the protocol library's clock tolerance), so it is never swept while somebody
 * might still accept it.
 */
const EXPIRED = `
  DELETE FROM oauth_artifacts WHERE id_hash IN (
    SELECT id_hash FROM oauth_artifacts WHERE expires_at < now() - interval '15 seconds'
     ORDER BY expires_at LIMIT $1 FOR UPDATE SKIP LOCKED)`;

/*
 * A consumed refresh token is kept so that its reuse is recognised and ends the family: for a week, and no more than 50 of
 * one family, because a client that refreshes every few seconds would fill the table. Codes go with their expiry, a minute
 * after they were issued. FOR UPDATE can not stand beside a window function, hence the levels.
 */
const CONSUMED = `
  DELETE FROM oauth_artifacts WHERE id_hash IN (
    SELECT id_hash FROM oauth_artifacts
     WHERE id_hash IN (
       SELECT id_hash FROM (
         SELECT id_hash, consumed_at, row_number() OVER (PARTITION BY grant_id ORDER BY consumed_at DESC) AS age
           FROM oauth_artifacts
          WHERE model = 'RefreshToken' AND consumed_at IS NOT NULL) AS used
        WHERE age > ${CONSUMED_KEPT} OR consumed_at < now() - interval '${CONSUMED_KEPT_DAYS} days')
     LIMIT $1 FOR UPDATE SKIP LOCKED)`;

/* The answer kept for a repeated refresh is good for ten seconds; whoever finds an old token later must not find it too. */
const REPLAYS = `
  UPDATE oauth_artifacts SET replay_sealed = NULL WHERE id_hash IN (
    SELECT id_hash FROM oauth_artifacts
     WHERE replay_sealed IS NOT NULL AND consumed_at < now() - interval '1 minute'
     LIMIT $1 FOR UPDATE SKIP LOCKED)`;

/* The tombstone of a revoked grant stays for a month, for those who ask what became of it. Its artifacts go with it. */
const REVOKED_GRANTS = `
  DELETE FROM oauth_grants WHERE id IN (
    SELECT id FROM oauth_grants WHERE revoked_at < now() - interval '30 days'
     ORDER BY revoked_at LIMIT $1 FOR UPDATE SKIP LOCKED)`;

/* A token may be issued in a grant's last moment and live for an hour. */
const EXPIRED_GRANTS = `
  DELETE FROM oauth_grants WHERE id IN (
    SELECT id FROM oauth_grants WHERE expires_at < now() - interval '1 day'
     ORDER BY expires_at LIMIT $1 FOR UPDATE SKIP LOCKED)`;

/* Nothing is verified with a key that has left the key set; its row tells for a month when it did. */
const RETIRED_KEYS = `
  DELETE FROM signing_keys WHERE kid IN (
    SELECT kid FROM signing_keys WHERE retires_at < now() - interval '30 days'
     ORDER BY retires_at LIMIT $1 FOR UPDATE SKIP LOCKED)`;

/** What the protocol leaves behind: tokens, codes and interactions, grants, signing keys. */
export const oauthSweeps: readonly Sweep[] = [
  sweepBy('oauth_artifacts', EXPIRED),
  sweepBy('oauth_artifacts', CONSUMED),
  { ...sweepBy('oauth_artifacts', REPLAYS), keepsRows: true },
  sweepBy('oauth_grants', REVOKED_GRANTS),
  sweepBy('oauth_grants', EXPIRED_GRANTS),
  sweepBy('signing_keys', RETIRED_KEYS),
];
