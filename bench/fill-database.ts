import type { Pool } from 'pg';
import { formatPersonalAccessToken, generateApiKey, generateTokenSecret } from '../src/credentials/token-format.ts';
import { deriveKeys } from '../src/crypto/derive-keys.ts';
import { sha256 } from '../src/crypto/digest.ts';
import { writeMatchProof } from '../src/crypto/match-proof.ts';
import { randomSecretKey, randomToken } from '../src/crypto/random-token.ts';
import { secretHasher } from '../src/crypto/secret-hasher.ts';

/** Credentials that work, a rotation of each kind. */
export interface Filled {
  readonly apiKeys: readonly string[];
  readonly personalAccessTokens: readonly string[];
  readonly clientTokens: readonly string[];
  readonly sessions: readonly string[];
}

/** The password of everybody here: `bench1@example.org`, `bench2@example.org`, and so on. */
export const benchPassword = 'what everybody here signs in with';

/** How many credentials of each kind are used in rotation. */
export const rotation = 1000;
/** A hash of nothing that is asked for here: the proof beside it is what is held against a key. */
const KEY_HASH = '$2b$10$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234';

/** Fills a fresh installation with `rows` credentials, `rotation` of each kind usable, and a workspace without a limit. */
export async function fillDatabase(
  pool: Pool,
  secretKey: string,
  clientId: string,
  issuer: string,
  rows: number,
): Promise<Filled> {
  const passwordHash = await secretHasher().hashPassword(benchPassword);
  await pool.query("UPDATE workspaces SET rate_limit_tier = 'business' WHERE own");
  const { rows: users } = await pool.query<{ id: number }>(
    `INSERT INTO users (email, name, password_hash)
     SELECT 'bench' || n || '@example.org', 'Bench', $1 FROM generate_series(1, ${rotation}) AS n RETURNING id::int`,
    [passwordHash],
  );
  await pool.query(`INSERT INTO memberships (workspace_id, user_id, role) SELECT 1, unnest($1::bigint[]), 'member'`, [
    users.map(({ id }) => id),
  ]);
  const userIds = users.map(({ id }) => id);
  const apiKeys = await insertKeys(pool, secretKey, rows);
  return {
    apiKeys,
    personalAccessTokens: await insertTokens(pool, userIds),
    clientTokens: await insertClientTokens(pool, clientId, issuer),
    sessions: await insertSessions(pool, userIds),
  };
}

/**
 * One statement fills the table: keys that are used stand evenly among others that nobody asks for. Those have random
 * public ids too, so that the index is as deep and as spread as it would be.
 */
async function insertKeys(pool: Pool, secretKey: string, rows: number): Promise<string[]> {
  const peppers = deriveKeys([secretKey], 'pepper');
  const keys = Array.from({ length: Math.min(rotation, rows) }, () => generateApiKey('live'));
  const proofs = keys.map((key) => writeMatchProof(peppers, key.publicId, KEY_HASH, key.text).proof);
  await pool.query(
    `INSERT INTO credentials (kind, workspace_id, name, scopes, environment, public_id, key_hash, match_proof, pepper_id, hint)
     SELECT 'api_key', 1, 'Bench', '{posts:read,posts:write,categories:read}', 'live',
            coalesce(k.public_id, substr(md5(n::text), 1, 8)), $2, coalesce(k.proof, sha256(int8send(n))), $3, 'hint'
       FROM generate_series(1, $5::bigint) AS n
       LEFT JOIN unnest($1::text[], $4::bytea[]) WITH ORDINALITY AS k(public_id, proof, place) ON n = k.place * $6::bigint
     ON CONFLICT (public_id) DO NOTHING`,
    [keys.map(({ publicId }) => publicId), KEY_HASH, peppers[0].id, proofs, rows, Math.floor(rows / keys.length)],
  );
  return keys.map(({ text }) => text);
}

async function insertTokens(pool: Pool, userIds: readonly number[]): Promise<string[]> {
  const secrets = Array.from({ length: rotation }, generateTokenSecret);
  const { rows } = await pool.query<{ id: number }>(
    `INSERT INTO credentials (kind, workspace_id, user_id, name, scopes, token_hash, hint, expires_at)
     SELECT 'personal_access_token', 1, k.user_id, 'Bench', '{posts:read,posts:write}', k.hash, 'hint', now() + interval '1 year'
       FROM unnest($1::bytea[], $2::bigint[]) WITH ORDINALITY AS k(hash, user_id, n) ORDER BY k.n RETURNING id::int`,
    [secrets.map((secret) => sha256(secret)), userIds],
  );
  return rows.map(({ id }, index) => formatPersonalAccessToken(id, secrets[index] ?? ''));
}

async function insertClientTokens(pool: Pool, clientId: string, issuer: string): Promise<string[]> {
  const tokens = Array.from({ length: rotation }, () => `oct_${randomToken(43)}`);
  await pool.query(
    `INSERT INTO oauth_artifacts (id_hash, model, payload, client_id, scopes, audience, expires_at)
     SELECT hash, 'ClientCredentials', '{}', $2, '{posts:read,posts:write}', $3, now() + interval '1 day'
       FROM unnest($1::bytea[]) AS hash`,
    [tokens.map((token) => sha256(token)), clientId, issuer],
  );
  return tokens;
}

async function insertSessions(pool: Pool, userIds: readonly number[]): Promise<string[]> {
  const values = Array.from({ length: rotation }, randomSecretKey);
  await pool.query(
    `INSERT INTO sessions (id_hash, user_id, workspace_id, expires_at)
     SELECT k.hash, k.user_id, 1, now() + interval '30 days' FROM unnest($1::bytea[], $2::bigint[]) AS k(hash, user_id)`,
    [values.map((value) => sha256(value)), userIds],
  );
  return values;
}
