import type { Knex } from 'knex';
import type { Rotation } from './credential-repository.ts';

/**
 * What must hold of the row at the moment of its rotation. The loser of two rotations waits for the row, looks again, and
 * finds it replaced.
 */
export const rotationGuard = `
     AND c.replaced_by IS NULL AND c.revoked_at IS NULL AND (c.expires_at IS NULL OR c.expires_at > now())
     AND c.scopes = CAST(:scopes AS text[])
     AND NOT EXISTS (SELECT 1 FROM credentials p
                      WHERE p.id = c.replaces AND p.revoked_at IS NULL AND p.expires_at > now())`;

/*
 * Casts are spelled out, because knex takes `:name::type` for the name of a column.
 *
 * One statement: who dies between two would leave a key without its restrictions, or a grace without an heir. The row is
 * locked first, because an UPDATE can not return what it overwrote: the new key gets the end that the old one had.
 */
const ROTATE = `
  WITH was AS MATERIALIZED (
    SELECT c.* FROM credentials c WHERE c.id = :id AND c.kind = 'api_key' ${rotationGuard} FOR UPDATE),
  next AS MATERIALIZED (SELECT nextval(pg_get_serial_sequence('credentials', 'id')) AS id FROM was),
  old AS (
    UPDATE credentials c SET replaced_by = next.id, bucket = coalesce(c.bucket, c.id),
           end_before_rotation = c.expires_at,
           expires_at = least(c.expires_at, now() + make_interval(secs => CAST(:grace AS double precision)))
      FROM was, next WHERE c.id = was.id ${rotationGuard}
    RETURNING c.id, c.bucket, c.expires_at)
  INSERT INTO credentials (id, kind, workspace_id, created_by, name, scopes, environment, rate_limit_tier,
                           hint, public_id, key_hash, match_proof, pepper_id, bucket, replaces, expires_at)
  OVERRIDING SYSTEM VALUE
  SELECT next.id, was.kind, was.workspace_id, CAST(:createdBy AS bigint), was.name, was.scopes, was.environment, was.rate_limit_tier,
         CAST(:hint AS text), CAST(:publicId AS text), CAST(:keyHash AS text), CAST(:matchProof AS bytea), CAST(:pepperId AS text), old.bucket, old.id,
         CASE WHEN CAST(:keepsEnd AS boolean) THEN was.expires_at ELSE CAST(:expiresAt AS timestamptz) END
    FROM was, next, old
  RETURNING id, replaces, (SELECT old.expires_at FROM old) AS replaces_until`;

/** Replaces a key; null when the guard says no. */
export async function rotateRow(
  knex: Pick<Knex, 'raw'>,
  id: number,
  { scopes, graceSeconds, expiresAt, createdBy, secret }: Rotation,
): Promise<{ readonly id: number; readonly replaces: number; readonly until: Date } | null> {
  const { rows } = await knex.raw<{ rows: { id: number; replaces: number; replaces_until: Date }[] }>(ROTATE, {
    id,
    scopes: [...scopes],
    grace: graceSeconds,
    createdBy,
    hint: secret.hint,
    publicId: secret.publicId,
    keyHash: secret.keyHash,
    matchProof: secret.matchProof,
    pepperId: secret.pepperId,
    keepsEnd: expiresAt === undefined,
    expiresAt: expiresAt ?? null,
  });
  const [row] = rows;
  return row === undefined ? null : { id: row.id, replaces: row.replaces, until: row.replaces_until };
}
