import type { Pool } from 'pg';
import { sha256 } from '../crypto/digest.ts';
import type { AccessTokenClaims } from './access-token-jwt.ts';
import type { CredentialRecord } from './credential-record.ts';
import { batchByTurn } from './turn-batch.ts';

/*
 * A JWT proves what was granted; whether its grant, client, user and workspace still stand is read at every use. A revoked
 * token is remembered by its jti until it would have expired.
 */
const ACCESS_TOKEN_LOOKUP = `
  SELECT k.n::int, r.id_hash IS NOT NULL OR (k.grant_id IS NOT NULL AND (g.id IS NULL OR g.revoked_at IS NOT NULL)) AS revoked,
         u.disabled_at IS NOT NULL AS user_disabled, m.role, c.scopes AS client_scopes, c.client_name,
         w.id AS workspace_id, w.scopes AS workspace_scopes, w.suspended_at IS NOT NULL AS suspended, w.own
    FROM unnest($1::text[], $2::bigint[], $3::text[], $4::bytea[]) WITH ORDINALITY AS k(client_id, user_id, grant_id, jti_hash, n)
    JOIN oauth_clients c ON c.client_id = k.client_id
    LEFT JOIN oauth_grants g ON g.id = k.grant_id AND g.client_id = k.client_id AND g.user_id = k.user_id
    LEFT JOIN users u ON u.id = k.user_id
    LEFT JOIN workspaces w ON w.id = CASE WHEN k.user_id IS NULL THEN c.workspace_id ELSE g.workspace_id END
    LEFT JOIN memberships m ON m.workspace_id = w.id AND m.user_id = k.user_id
    LEFT JOIN oauth_artifacts r ON r.id_hash = k.jti_hash`;

interface LookupRow {
  readonly n: number;
  readonly revoked: boolean;
  readonly user_disabled: boolean;
  readonly role: string | null;
  readonly client_scopes: string[];
  readonly client_name: string;
  readonly workspace_id: number | null;
  readonly workspace_scopes: string[] | null;
  readonly suspended: boolean;
  readonly own: boolean | null;
}

/** The name under which a revoked JWT is remembered. */
export function revokedTokenName(jti: string): string {
  return `revoked\n${jti}`;
}

/** Builds the lookup of everything that a JWT access token depends on. */
export function createAccessTokenLookup(
  pool: Pick<Pool, 'query'>,
  translateError: (error: unknown) => unknown,
): (claims: AccessTokenClaims) => Promise<CredentialRecord | null> {
  return batchByTurn<AccessTokenClaims, CredentialRecord | null>(
    async (batch) => {
      const records: (CredentialRecord | null)[] = batch.map(() => null);
      try {
        const { rows } = await pool.query<LookupRow>({
          name: 'access-token-lookup',
          text: ACCESS_TOKEN_LOOKUP,
          values: [
            batch.map(({ clientId }) => clientId),
            batch.map(({ userId }) => userId),
            batch.map(({ grantId }) => grantId),
            batch.map(({ jti }) => sha256(revokedTokenName(jti))),
          ],
        });
        for (const row of rows) {
          const claims = batch[row.n - 1];
          if (claims !== undefined) records[row.n - 1] = toRecord(claims, row);
        }
      } catch (error) {
        throw translateError(error);
      }
      return records;
    },
    { maxInFlight: 2, maxBatch: 500 },
  );
}

function toRecord(claims: AccessTokenClaims, row: LookupRow): CredentialRecord {
  const expiresAt = new Date(claims.expiresAtSeconds * 1000);
  return {
    type: claims.userId === null ? 'oauth_client_token' : 'oauth_access_token',
    id: claims.jti,
    name: row.client_name,
    environment: null,
    expiresAt,
    expired: expiresAt.getTime() <= Date.now(),
    revoked: row.revoked,
    audience: claims.audience,
    grant: claims.scopes,
    user: claims.userId === null ? null : { id: claims.userId, disabled: row.user_disabled, role: row.role },
    client: { id: claims.clientId, scopes: row.client_scopes },
    workspace:
      row.workspace_id === null
        ? null
        : { id: row.workspace_id, scopes: row.workspace_scopes ?? [], suspended: row.suspended, own: row.own ?? false },
  };
}
