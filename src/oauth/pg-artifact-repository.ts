import type { Pool } from 'pg';
import { sha256 } from '../crypto/digest.ts';
import type { ArtifactPayload, ArtifactRepository } from './protocol-artifact.ts';

/** What the repository needs of a connection pool. */
export type Queries = Pick<Pool, 'query'>;

/*
 * The guard on the grant closes the race in which a token is written after its family was revoked: the row is inserted
 * only where the grant still stands.
 */
const SAVE = `
  INSERT INTO oauth_artifacts (id_hash, model, payload, client_id, user_id, grant_id, scopes, audience, expires_at)
  SELECT $1::bytea, $2::text, $3::jsonb, $4::text, $5::bigint, $6::text, $7::text[], $8::text, now() + $9::float8 * interval '1 second'
   WHERE $6::text IS NULL OR EXISTS (SELECT 1 FROM oauth_grants WHERE id = $6::text AND revoked_at IS NULL)
  ON CONFLICT (id_hash) DO UPDATE
    SET payload = EXCLUDED.payload, scopes = EXCLUDED.scopes, grant_id = EXCLUDED.grant_id, expires_at = EXCLUDED.expires_at
  RETURNING 1`;

const FIND = `
  SELECT payload, extract(epoch FROM consumed_at)::int AS consumed_at_seconds
    FROM oauth_artifacts WHERE id_hash = $1 AND model = $2`;

const CONSUME = `
  UPDATE oauth_artifacts SET consumed_at = now()
   WHERE id_hash = $1 AND model = $2 AND consumed_at IS NULL RETURNING 1`;

const REMEMBER = `
  INSERT INTO oauth_artifacts (id_hash, model, payload, expires_at)
  VALUES ($1, 'ReplayDetection', '{}', now() + $2::float8 * interval '1 second')
  ON CONFLICT (id_hash) DO NOTHING RETURNING 1`;

/** Keeps the protocol's artifacts in PostgreSQL; `translateError` turns a lost database into `DependencyDown`. */
export function pgArtifactRepository(
  queries: Queries,
  translateError: (error: unknown) => unknown,
): ArtifactRepository {
  async function run<Row extends object>(name: string, text: string, values: unknown[]): Promise<Row[]> {
    try {
      return (await queries.query<Row>({ name, text, values })).rows;
    } catch (error) {
      throw translateError(error);
    }
  }

  return {
    async save(model, id, payload, lifetimeSeconds) {
      const columns = columnsOf(payload);
      const rows = await run('artifact-save', SAVE, [
        sha256(id),
        model,
        JSON.stringify(payload),
        columns.clientId,
        columns.userId,
        columns.grantId,
        columns.scopes,
        columns.audience,
        lifetimeSeconds,
      ]);
      return rows.length > 0;
    },

    async find(model, id) {
      const [row] = await run<{ payload: ArtifactPayload; consumed_at_seconds: number | null }>('artifact-find', FIND, [
        sha256(id),
        model,
      ]);
      return row === undefined ? null : { payload: row.payload, consumedAtSeconds: row.consumed_at_seconds };
    },

    async consume(model, id) {
      return (await run('artifact-consume', CONSUME, [sha256(id), model])).length > 0;
    },

    async delete(model, id) {
      await run('artifact-delete', 'DELETE FROM oauth_artifacts WHERE id_hash = $1 AND model = $2', [
        sha256(id),
        model,
      ]);
    },

    async deleteByGrant(model, grantId) {
      const text = 'DELETE FROM oauth_artifacts WHERE grant_id = $1 AND model = $2';
      await run('artifact-delete-by-grant', text, [grantId, model]);
    },

    async remember(id, lifetimeSeconds) {
      return (await run('artifact-remember', REMEMBER, [sha256(id), lifetimeSeconds])).length > 0;
    },
  };
}

/** Copies of what lookups need; the payload itself stays as the provider wrote it, so that numbers stay numbers. */
function columnsOf(payload: ArtifactPayload): {
  clientId: string | null;
  userId: string | null;
  grantId: string | null;
  scopes: string[] | null;
  audience: string | null;
} {
  const text = (key: string): string | null => {
    const value = payload[key];
    return typeof value === 'string' ? value : null;
  };
  return {
    clientId: text('clientId'),
    userId: text('accountId'),
    grantId: text('grantId'),
    scopes: text('scope')?.split(' ') ?? null,
    audience: text('aud'),
  };
}
