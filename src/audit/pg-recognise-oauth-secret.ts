import type { Pool } from 'pg';
import type { AuditTarget } from './audit-repository.ts';
import type { FoundCredential, LastUse, RecogniseCredential } from './find-credential.ts';

/** What finding the secrets of OAuth needs. */
export interface RecogniseOauthSecretDeps {
  readonly pool: Pick<Pool, 'query'>;
  readonly digest: (value: string) => Buffer;
  /** Every form in which a client secret may be stored: one for each pepper. */
  readonly storedForms: (clientSecret: string) => readonly string[];
}

const REFRESH_TOKEN = `
  SELECT a.id::text AS id, c.client_name AS name, a.user_id, a.client_id, g.workspace_id, a.expires_at, a.grant_id,
         a.expires_at <= now() AS expired, a.consumed_at IS NOT NULL OR g.revoked_at IS NOT NULL AS revoked
    FROM oauth_artifacts a
    LEFT JOIN oauth_clients c ON c.client_id = a.client_id
    LEFT JOIN oauth_grants g ON g.id = a.grant_id
   WHERE a.id_hash = $1 AND a.model = 'RefreshToken'`;

const CLIENT_SECRET = `
  SELECT s.id::text AS id, c.client_name AS name, NULL::bigint AS user_id, c.client_id, c.workspace_id, s.expires_at,
         NULL AS grant_id, coalesce(s.expires_at <= now(), false) AS expired, false AS revoked
    FROM oauth_client_secrets s JOIN oauth_clients c USING (client_id)
   WHERE s.secret_hash = ANY ($1::text[])`;

const PREDECESSOR = `SELECT replaces::text AS id FROM credentials WHERE id = $1 AND replaces IS NOT NULL`;

const LAST_USE = `SELECT last_used_at AS at, nullif(address, '') AS address FROM usage_last WHERE meter = $1`;

const GRANT_BEHIND = `
  SELECT grant_id, client_id FROM oauth_artifacts WHERE id_hash = $1 AND model IN ('AccessToken', 'ClientCredentials')`;

interface SecretRow {
  readonly id: string;
  readonly name: string | null;
  readonly user_id: number | null;
  readonly client_id: string;
  readonly workspace_id: number | null;
  readonly expires_at: Date | null;
  readonly grant_id: string | null;
  readonly expired: boolean;
  readonly revoked: boolean;
}

/** Builds what recognises the secrets that the verification never sees: refresh tokens by digest, client secrets by their peppered hash. */
export function pgRecogniseOauthSecret({ pool, digest, storedForms }: RecogniseOauthSecretDeps): RecogniseCredential {
  const lastUse = pgLastUse(pool);
  return async (credential) => {
    if (/^ort_[\w-]+$/.test(credential)) {
      const { rows } = await pool.query<SecretRow>(REFRESH_TOKEN, [digest(credential)]);
      return toFound('oauth_refresh_token', rows[0], null);
    }
    if (/^ocs_[0-9A-Za-z]+$/.test(credential)) {
      const { rows } = await pool.query<SecretRow>(CLIENT_SECRET, [storedForms(credential)]);
      const lastUsed = rows[0] === undefined ? null : await lastUse(`client_secret:${rows[0].id}`);
      return toFound('client_secret', rows[0], lastUsed);
    }
    return null;
  };
}

/** Builds what finds the grant and the client behind an opaque access token: the events that tell its story are theirs. */
export function pgGrantBehindToken({
  pool,
  digest,
}: Pick<RecogniseOauthSecretDeps, 'pool' | 'digest'>): (token: string) => Promise<readonly AuditTarget[]> {
  return async (token) => {
    const { rows } = await pool.query<Pick<SecretRow, 'grant_id' | 'client_id'>>(GRANT_BEHIND, [digest(token)]);
    return rows.map(originOf);
  };
}

/** Builds what finds the API key that a key has replaced: its rotation is where the new one comes from. */
export function pgReplacedKey(pool: Pick<Pool, 'query'>): (keyId: number) => Promise<readonly AuditTarget[]> {
  return async (keyId) => {
    const { rows } = await pool.query<{ id: string }>(PREDECESSOR, [keyId]);
    return rows.map(({ id }) => ({ type: 'api_key', id }));
  };
}

/** Builds what finds the last use of a meter, such as `credential:12`. */
export function pgLastUse(pool: Pick<Pool, 'query'>): (meter: string) => Promise<LastUse | null> {
  return async (meter) => (await pool.query<LastUse>(LAST_USE, [meter])).rows[0] ?? null;
}

function originOf({ grant_id, client_id }: Pick<SecretRow, 'grant_id' | 'client_id'>): AuditTarget {
  return grant_id === null ? { type: 'client', id: client_id } : { type: 'grant', id: grant_id };
}

function toFound(
  type: 'oauth_refresh_token' | 'client_secret',
  row: SecretRow | undefined,
  lastUsed: LastUse | null,
): FoundCredential | null {
  if (row === undefined) return null;
  return {
    type,
    id: Number(row.id),
    name: row.name,
    state: row.revoked ? 'revoked' : row.expired ? 'expired' : 'active',
    subject: row.user_id === null ? { type: 'client', id: row.client_id } : { type: 'user', id: row.user_id },
    workspaceId: row.workspace_id,
    expiresAt: row.expires_at,
    scopes: null,
    lastUsed,
    concerning: [{ type, id: row.id }, originOf(row)],
  };
}
