import type { Knex } from 'knex';

/**
 * Creates personal access tokens and API keys: one life cycle, two kinds. A token is found by its id and proved by the
 * SHA-256 of its secret; a key is found by its public id and proved by a peppered HMAC that stands beside its bcrypt hash.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE credentials (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      kind text NOT NULL CHECK (kind IN ('personal_access_token', 'api_key')),
      workspace_id bigint NOT NULL REFERENCES workspaces ON DELETE CASCADE,
      user_id bigint REFERENCES users ON DELETE CASCADE,
      created_by bigint REFERENCES users ON DELETE SET NULL,
      name text NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
      scopes text[] NOT NULL,
      environment text CHECK (environment IN ('live', 'test')),
      rate_limit_tier text,
      public_id text UNIQUE,
      token_hash bytea,
      key_hash text,
      match_proof bytea,
      pepper_id text,
      hint text NOT NULL,
      bucket bigint,
      replaces bigint REFERENCES credentials ON DELETE SET NULL,
      replaced_by bigint REFERENCES credentials ON DELETE SET NULL,
      created_at timestamptz NOT NULL DEFAULT now(),
      expires_at timestamptz,
      revoked_at timestamptz,
      revoke_reason text,
      CHECK ((kind = 'personal_access_token') = (user_id IS NOT NULL AND token_hash IS NOT NULL)),
      CHECK ((kind = 'api_key') = (public_id IS NOT NULL AND key_hash IS NOT NULL AND environment IS NOT NULL))
    )`);
  await knex.raw('CREATE INDEX credentials_of_user ON credentials (user_id, id) WHERE user_id IS NOT NULL');
  await knex.raw('CREATE INDEX credentials_of_workspace ON credentials (workspace_id, kind, id)');
  await knex.raw(
    'CREATE INDEX credentials_expiry ON credentials (expires_at) WHERE expires_at IS NOT NULL AND revoked_at IS NULL',
  );
  await knex.raw('CREATE INDEX credentials_revoked ON credentials (revoked_at) WHERE revoked_at IS NOT NULL');
}

/** Removes what `up` made. */
export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE credentials');
}
