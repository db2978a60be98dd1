import type { Knex } from 'knex';

/**
 * Creates the protocol's short- and long-lived artifacts (tokens, codes, interactions, replay marks), each stored under
 * the SHA-256 of its value. The payload keeps the protocol's own numbers; columns are copies for lookups.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE oauth_artifacts (
      id bigint GENERATED ALWAYS AS IDENTITY,
      id_hash bytea PRIMARY KEY,
      model text NOT NULL,
      payload jsonb,
      sealed_payload text,
      client_id text REFERENCES oauth_clients ON DELETE CASCADE,
      user_id bigint REFERENCES users ON DELETE CASCADE,
      grant_id text REFERENCES oauth_grants ON DELETE CASCADE,
      uid text,
      scopes text[],
      audience text,
      expires_at timestamptz,
      consumed_at timestamptz,
      created_at timestamptz NOT NULL DEFAULT now()
    )`);
  await knex.raw('CREATE UNIQUE INDEX oauth_artifacts_uid ON oauth_artifacts (uid) WHERE uid IS NOT NULL');
  await knex.raw('CREATE INDEX oauth_artifacts_grant ON oauth_artifacts (grant_id) WHERE grant_id IS NOT NULL');
  await knex.raw('CREATE INDEX oauth_artifacts_client ON oauth_artifacts (client_id) WHERE client_id IS NOT NULL');
  await knex.raw('CREATE INDEX oauth_artifacts_user ON oauth_artifacts (user_id) WHERE user_id IS NOT NULL');
  await knex.raw('CREATE INDEX oauth_artifacts_expiry ON oauth_artifacts (expires_at)');
  await knex.raw('ALTER TABLE oauth_artifacts SET (autovacuum_vacuum_scale_factor = 0.05)');
}

/** Removes what `up` made. */
export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE oauth_artifacts');
}
