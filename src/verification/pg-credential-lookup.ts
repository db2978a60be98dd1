import type { Pool } from 'pg';
import type { CredentialRecord, FindCredentialRecord } from './credential-record.ts';
import { batchByTurn } from './turn-batch.ts';

/*
 * One statement for all requests of an event-loop turn. WITH ORDINALITY keeps the caller's order, the unique index on
 * id_hash makes it one index probe a key, and everything that can end a credential is joined, never remembered.
 */
const OAUTH_LOOKUP = `
  SELECT k.n::int, a.id, a.model, a.expires_at, a.expires_at <= now() AS expired,
         a.consumed_at IS NOT NULL OR (a.grant_id IS NOT NULL AND (g.id IS NULL OR g.revoked_at IS NOT NULL)) AS revoked,
         a.audience, a.scopes, a.user_id, u.disabled_at IS NOT NULL AS user_disabled, m.role,
         a.client_id, c.scopes AS client_scopes, c.client_name,
         w.id AS workspace_id, w.scopes AS workspace_scopes, w.suspended_at IS NOT NULL AS suspended, w.own
    FROM unnest($1::bytea[]) WITH ORDINALITY AS k(hash, n)
    JOIN oauth_artifacts a ON a.id_hash = k.hash AND a.model IN ('AccessToken', 'ClientCredentials')
    LEFT JOIN oauth_grants g ON g.id = a.grant_id
    LEFT JOIN oauth_clients c ON c.client_id = a.client_id
    LEFT JOIN users u ON u.id = a.user_id
    LEFT JOIN workspaces w ON w.id = CASE WHEN a.user_id IS NULL THEN c.workspace_id ELSE g.workspace_id END
    LEFT JOIN memberships m ON m.workspace_id = w.id AND m.user_id = a.user_id`;

interface LookupRow {
  readonly n: number;
  readonly id: number;
  readonly model: 'AccessToken' | 'ClientCredentials';
  readonly expires_at: Date | null;
  readonly expired: boolean | null;
  readonly revoked: boolean;
  readonly audience: string | null;
  readonly scopes: string[] | null;
  readonly user_id: number | null;
  readonly user_disabled: boolean;
  readonly role: string | null;
  readonly client_id: string | null;
  readonly client_scopes: string[] | null;
  readonly client_name: string | null;
  readonly workspace_id: number | null;
  readonly workspace_scopes: string[] | null;
  readonly suspended: boolean;
  readonly own: boolean | null;
}

/** Builds the lookup of opaque OAuth access tokens by the SHA-256 of their value. */
export function createOauthTokenLookup(
  pool: Pick<Pool, 'query'>,
  translateError: (error: unknown) => unknown,
): FindCredentialRecord {
  return batchByTurn<Buffer, CredentialRecord | null>(
    async (hashes) => {
      const records: (CredentialRecord | null)[] = hashes.map(() => null);
      try {
        const { rows } = await pool.query<LookupRow>({
          name: 'oauth-token-lookup',
          text: OAUTH_LOOKUP,
          values: [hashes],
        });
        for (const row of rows) records[row.n - 1] = toRecord(row);
      } catch (error) {
        throw translateError(error);
      }
      return records;
    },
    { maxInFlight: 2, maxBatch: 500 },
  );
}

function toRecord(row: LookupRow): CredentialRecord {
  return {
    type: row.model === 'AccessToken' ? 'oauth_access_token' : 'oauth_client_token',
    id: row.id,
    name: row.client_name,
    environment: null,
    expiresAt: row.expires_at,
    expired: row.expired ?? false,
    // A token whose client is gone is dead, whatever its own row says.
    revoked: row.revoked || row.client_scopes === null,
    audience: row.audience,
    grant: row.scopes ?? [],
    user: row.user_id === null ? null : { id: row.user_id, disabled: row.user_disabled, role: row.role },
    client: row.client_id === null ? null : { id: row.client_id, scopes: row.client_scopes ?? [] },
    workspace:
      row.workspace_id === null
        ? null
        : {
            id: row.workspace_id,
            scopes: row.workspace_scopes ?? [],
            suspended: row.suspended,
            own: row.own ?? false,
          },
  };
}
